// Where a store listens, written as a URL: redis://[user:password@]host[:port][/number],
// mysql://user[:password@]host[:port]/database, kafka://host[:port]. Only syntax: whether load may be sent there is for
// engine/traffic/target_guard.h, which sees the resolved address. User, password and database may be percent-encoded.
// No message repeats what stands before the @. Thread-safe: plain values, pure functions.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "engine/core/error.h"
#include "engine/schedule/template.h"

namespace tidemark::schedule {

struct StoreTarget {
  enum class Engine : std::uint8_t { redis, mysql, kafka } engine = Engine::redis;
  std::string host;  // as written, without brackets
  std::uint16_t port = 6379;
  std::string user, password;  // decoded
  std::string database;        // mysql: its name; redis: its number in decimal, "" for 0; kafka: ""

  bool operator==(const StoreTarget&) const = default;
};

// Exit 2, saying which part is wrong, with advice.
Result<StoreTarget> parse_store_target(std::string_view url);

// The same URL with the password replaced by "***": what may be shown and stored. It parses again. Anything before an
// "@" that is not understood is replaced whole.
std::string without_password(std::string_view url);

// A scenario's target with its secrets put in, percent-encoded. Holes that are no ${env:NAME} are left out: the parser
// refuses them. Exit 2 naming a variable that is not set.
using SecretLookup = std::function<std::optional<std::string>(const std::string& name)>;
Result<std::string> filled_target(const Template& target, const SecretLookup& lookup);
// As a scenario writes it, ready to be stored: a password that is written out is "***", one from ${env:NAME} stays.
std::string stored_target(const Template& target);

// The password as it stands in the URL, encoded; "" for none.
std::string_view password_in(std::string_view url);

// "redis", "mysql" or "kafka": the scheme, and the key of the step.
std::string_view engine_name(StoreTarget::Engine engine);

}  // namespace tidemark::schedule
