// What ${function(...)} holes evaluate to. Pure but for the random stream and the time it is given; total: arguments
// that cannot be used give some text, never an error, since the parser has checked what it could. One owner of the
// random stream.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "engine/core/random.h"
#include "engine/schedule/template.h"

namespace tidemark::schedule {

struct CallContext {
  Random& random;
  std::int64_t epoch_ns = 0;  // the wall clock, for now()
};

// `arguments` are call.arguments with every hole filled. Not for Function::env and Function::lua, which need what a run
// has: "" for them.
std::string call_function(const Call& call, std::span<const std::string> arguments, const CallContext& context);

std::string uuid4(Random& random);
// RFC 3339 in UTC with milliseconds, rounded down: "2026-11-25T09:30:00.125Z".
std::string iso_time(std::int64_t epoch_ns);
std::string hmac_sha256(std::string_view key, std::string_view text);  // 32 bytes
std::string to_hex(std::string_view bytes);
std::string to_base64url(std::string_view bytes);
std::string url_encoded(std::string_view text);

}  // namespace tidemark::schedule
