#include "engine/schedule/store_target.h"

#include <algorithm>
#include <optional>

#include "engine/schedule/template_functions.h"

namespace tidemark::schedule {
namespace {

using Engine = StoreTarget::Engine;

constexpr std::size_t kMostBytes = 1024;
constexpr std::size_t kMostUser = 128;     // of a user's name and of a password
constexpr std::size_t kMostDatabase = 64;  // MySQL's own limit
constexpr std::size_t kMostNumber = 5;     // digits of a port and of a Redis database
constexpr std::uint32_t kLastDatabase = 65535;
constexpr char kMark = '\x01';

constexpr const char* example(Engine engine) {
  switch (engine) {
    case Engine::redis:
      return "write it as redis://127.0.0.1:6379/0";
    case Engine::mysql:
      return "write it as mysql://user:password@127.0.0.1:3306/database";
    case Engine::kafka:
      return "write it as kafka://127.0.0.1:9092";
  }
  return "";
}

constexpr std::uint16_t usual_port(Engine engine) {
  return engine == Engine::redis ? 6379 : engine == Engine::mysql ? 3306 : 9092;
}

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// nullopt: "%" without two hexadecimal digits, or a NUL, which no C library would take.
std::optional<std::string> decoded(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      result.push_back(text[i]);
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hex_value(text[i + 1]), low = hex_value(text[i + 2]);
    if (high < 0 || low < 0 || high + low == 0) return std::nullopt;
    result.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return result;
}

std::optional<std::uint32_t> number(std::string_view digits) {
  if (digits.empty() || digits.size() > kMostNumber || !std::ranges::all_of(digits, is_digit)) return std::nullopt;
  std::uint32_t value = 0;
  for (const char digit : digits) value = value * 10 + static_cast<std::uint32_t>(digit - '0');
  return value;
}

std::optional<Engine> engine_of(std::string_view scheme) {
  for (const Engine engine : {Engine::redis, Engine::mysql, Engine::kafka}) {
    if (scheme == engine_name(engine)) return engine;
  }
  return std::nullopt;
}

class Reader {
 public:
  explicit Reader(std::string_view url) : url_(url) {}

  Result<StoreTarget> read() {
    if (url_.size() > kMostBytes) return wrong("longer than 1,024 bytes");
    if (!std::ranges::all_of(url_, [](char c) { return c > ' ' && c < 0x7f; }))
      return wrong("holds a blank or a character that must be percent-encoded");
    const std::size_t scheme_end = url_.find("://");
    const auto engine = scheme_end == std::string_view::npos ? std::nullopt : engine_of(url_.substr(0, scheme_end));
    if (!engine) return wrong("must begin with redis://, mysql:// or kafka:// (TLS to a store is not supported)");
    target_.engine = *engine;
    target_.port = usual_port(*engine);
    std::string_view rest = url_.substr(scheme_end + 3);
    if (rest.find_first_of("?#") != std::string_view::npos)
      return wrong("takes neither options (?) nor a fragment (#)");
    const std::size_t at = rest.rfind('@');
    if (at != std::string_view::npos) {
      if (auto read = read_user(rest.substr(0, at)); !read) return tl::make_unexpected(std::move(read.error()));
      rest.remove_prefix(at + 1);
    }
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    if (auto read = read_host(rest.substr(0, slash)); !read) return tl::make_unexpected(std::move(read.error()));
    if (auto read = read_database(rest.substr(slash)); !read) return tl::make_unexpected(std::move(read.error()));
    if (target_.engine == Engine::mysql && target_.user.empty()) return wrong("no user in front of the host");
    return std::move(target_);
  }

 private:
  tl::unexpected<Error> wrong(std::string what) const {
    return fail(ExitCode::usage, "target", std::move(what), example(target_.engine));
  }

  Result<void> read_user(std::string_view text) {
    if (target_.engine == Engine::kafka) return wrong("user and password: SASL is not supported");
    const std::size_t colon = text.find(':');
    auto user = decoded(text.substr(0, colon));
    auto password = decoded(colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1));
    if (!user || !password) return wrong("user or password: % without two hexadecimal digits");
    if (user->size() > kMostUser || password->size() > kMostUser) return wrong("user or password above 128 bytes");
    target_.user = std::move(*user);
    target_.password = std::move(*password);
    if (target_.engine == Engine::redis && target_.password.empty())
      return wrong("a user without a password (redis://:PASSWORD@HOST for the default user)");
    return {};
  }

  Result<void> read_host(std::string_view authority) {
    std::string_view port;
    if (authority.starts_with('[')) {
      const std::size_t close = authority.find(']');
      if (close == std::string_view::npos) return wrong("no ] behind the address");
      target_.host = authority.substr(1, close - 1);
      port = authority.substr(close + 1);
    } else {
      const std::size_t colon = std::min(authority.find(':'), authority.size());
      target_.host = authority.substr(0, colon);
      port = authority.substr(colon);
    }
    if (target_.host.empty()) return wrong("no host");
    if (target_.host.find_first_of("[],%@") != std::string::npos)
      return wrong("host: one name or address (Kafka's other brokers are found by themselves)");
    if (port.empty()) return {};
    const auto value = port.front() == ':' ? number(port.substr(1)) : std::nullopt;
    if (!value || *value == 0 || *value > 65535) return wrong("port is not in 1..65535");
    target_.port = static_cast<std::uint16_t>(*value);
    return {};
  }

  Result<void> read_database(std::string_view path) {
    if (!path.empty()) path.remove_prefix(1);
    if (target_.engine == Engine::kafka) {
      if (path.empty()) return {};
      return wrong("takes no path: the topic belongs to the step");
    }
    if (target_.engine == Engine::redis) {
      const auto value = number(path);
      if (!path.empty() && (!value || *value > kLastDatabase)) return wrong("the database is a number");
      if (value.value_or(0) != 0) target_.database = std::to_string(*value);
      return {};
    }
    auto name = decoded(path);
    if (!name || name->empty() || name->size() > kMostDatabase || !std::ranges::all_of(*name, [](unsigned char c) {
          return is_digit(static_cast<char>(c)) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
                 c == '$' || c == '-' || c >= 0x80;
        })) {
      return wrong("needs a database: 1 to 64 letters, digits, _, $ and -");
    }
    target_.database = std::move(*name);
    return {};
  }

  std::string_view url_;
  StoreTarget target_;
};

}  // namespace

Result<StoreTarget> parse_store_target(std::string_view url) {
  return Reader(url).read();
}

std::string_view password_in(std::string_view url) {
  const std::size_t at = url.rfind('@');
  const std::size_t scheme_end = url.find("://");
  if (at == std::string_view::npos || scheme_end > at) return {};
  const std::string_view user = url.substr(scheme_end + 3, at - scheme_end - 3);
  const std::size_t colon = user.find(':');
  return colon == std::string_view::npos ? std::string_view() : user.substr(colon + 1);
}

std::string without_password(std::string_view url) {
  const std::size_t at = url.rfind('@');
  if (at != std::string_view::npos && url.find("://") > at) return "***" + std::string(url.substr(at));
  const std::string_view password = password_in(url);
  if (password.empty()) return std::string(url);
  return std::string(url.substr(0, at - password.size())) + "***" + std::string(url.substr(at));
}

Result<std::string> filled_target(const Template& target, const SecretLookup& lookup) {
  std::string url;
  for (const Template::Piece& piece : target.pieces) {
    url += piece.literal;
    if (piece.call.empty() || piece.call.front().function != Call::Function::env) continue;
    const auto value = lookup(piece.call.front().name);
    if (!value) {
      return fail(ExitCode::usage, "target", "${env:" + piece.call.front().name + "} is not set in the environment",
                  "export it before the run");
    }
    url += url_encoded(*value);
  }
  return url;
}

std::string stored_target(const Template& target) {
  if (target.constant()) return source_of(Template::of(without_password(target.text())));
  // Secrets stand as one control character, which no target holds.
  std::string marked;
  for (const Template::Piece& piece : target.pieces)
    marked += piece.is_literal() ? piece.literal : std::string(1, kMark);
  const bool secret = password_in(marked) == std::string_view(&kMark, 1);
  std::string stored;
  std::size_t piece = 0;
  for (const char c : secret ? marked : without_password(marked)) {
    if (c != kMark) {
      stored.append(c == '$' ? 2 : 1, c);
      continue;
    }
    while (target.pieces[piece].is_literal()) ++piece;
    stored += source_of(Template{{target.pieces[piece++]}});
  }
  return stored;
}

std::string_view engine_name(Engine engine) {
  return engine == Engine::redis ? "redis" : engine == Engine::mysql ? "mysql" : "kafka";
}

}  // namespace tidemark::schedule
