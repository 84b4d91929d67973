#include "engine/traffic/scrubber.h"

#include <algorithm>
#include <array>

#include "engine/net/ascii.h"

namespace tidemark::traffic {
namespace {

// Without "-" and "_", in lower case. A name is secret when it is one of these ...
constexpr std::array<std::string_view, 16> kNames = {
    "authorization", "cookie",    "setcookie", "code", "pin",         "otp", "sid",       "sessionid",
    "samlresponse",  "signature", "jwt",       "auth", "credentials", "pwd", "phpsessid", "key"};
// ... or holds one of these.
constexpr std::array<std::string_view, 13> kParts = {"password", "passwd",        "passphrase", "secret", "token",
                                                     "apikey",   "accesskey",     "privatekey", "bearer", "proxyauth",
                                                     "csrf",     "authorization", "cardnumber"};

std::string folded(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c != '-' && c != '_') out.push_back(net::to_lower(c));
  }
  return out;
}

bool is_base64url(char c) {
  return net::is_digit(c) || (net::to_lower(c) >= 'a' && net::to_lower(c) <= 'z') || c == '-' || c == '_';
}

// The length of a JSON Web Token at the front of `text`: three parts, the first of which begins like {" in Base64.
std::size_t token_length(std::string_view text) {
  if (!text.starts_with("eyJ")) return 0;
  std::size_t at = 0;
  int dots = 0;
  for (; at < text.size() && (is_base64url(text[at]) || (text[at] == '.' && dots < 2)); ++at) {
    dots += text[at] == '.' ? 1 : 0;
  }
  return dots == 2 && at > 20 ? at : 0;
}

// The length of "user:password" in front of an "@", at the front of `text` (behind "//").
std::size_t userinfo_length(std::string_view text) {
  constexpr std::size_t kLongest = 256;
  for (std::size_t at = 0; at < std::min(text.size(), kLongest); ++at) {
    if (text[at] == '@') return at;
    if (text[at] <= ' ' || text[at] == '/' || text[at] == '"' || text[at] == '?' || text[at] == '#') return 0;
  }
  return 0;
}

// Tokens and user information, wherever they stand.
std::string scrub_anywhere(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const bool fresh = at == 0 || !is_base64url(text[at - 1]);
    if (const std::size_t token = fresh ? token_length(text.substr(at)) : 0; token != 0) {
      out += kScrubbed;
      at += token;
      continue;
    }
    if (text.substr(at).starts_with("//")) {
      out += "//";
      at += 2;
      if (const std::size_t user = userinfo_length(text.substr(at)); user != 0) {
        out += kScrubbed;
        at += user;
      }
      continue;
    }
    out.push_back(text[at++]);
  }
  return out;
}

std::string decoded_name(std::string_view name) {
  std::string out;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const bool escape = name[i] == '%' && i + 2 < name.size() + 0 && net::hex_digit(name[i + 1]) >= 0 &&
                        net::hex_digit(name[i + 2]) >= 0;
    out.push_back(escape ? static_cast<char>(net::hex_digit(name[i + 1]) * 16 + net::hex_digit(name[i + 2])) : name[i]);
    if (escape) i += 2;
  }
  return out;
}

// "a=1&password=2": the values of secret names.
std::string scrub_pairs(std::string_view pairs) {
  std::string out;
  while (true) {
    const std::size_t end = std::min(pairs.find_first_of("&;"), pairs.size());
    const std::string_view pair = pairs.substr(0, end);
    const std::size_t equals = pair.find('=');
    if (equals != std::string_view::npos && is_secret_name(decoded_name(pair.substr(0, equals)))) {
      out.append(pair.substr(0, equals + 1)).append(kScrubbed);
    } else {
      out.append(pair);
    }
    if (end == pairs.size()) return out;
    out.push_back(pairs[end]);
    pairs.remove_prefix(end + 1);
  }
}

// Where the JSON string that begins at `at` (a quote) ends: behind its closing quote, or the end of the text.
std::size_t string_end(std::string_view text, std::size_t at) {
  for (++at; at < text.size(); ++at) {
    if (text[at] == '\\')
      ++at;
    else if (text[at] == '"')
      return at + 1;
  }
  return text.size();
}

// Where the JSON value that begins at `at` ends, whatever it is and however it is cut.
std::size_t value_end(std::string_view text, std::size_t at) {
  int depth = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (c == '"') {
      at = string_end(text, at);
    } else {
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') {
        if (depth == 0) return at;
        --depth;
      } else if (depth == 0 && (c == ',' || c <= ' ')) {
        return at;
      }
      ++at;
    }
    if (depth == 0 && (text[at - 1] == '"' || text[at - 1] == '}' || text[at - 1] == ']')) return at;
  }
  return at;
}

std::size_t skip_blanks(std::string_view text, std::size_t at) {
  while (at < text.size() && (text[at] == ' ' || text[at] == '\t' || text[at] == '\r' || text[at] == '\n')) ++at;
  return at;
}

// By hand and not by a parser, since a body may be cut or not quite JSON. Names written with escapes are taken as
// secret.
std::string scrub_json(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] != '"') {
      out.push_back(text[at++]);
      continue;
    }
    const std::size_t end = string_end(text, at);
    const std::string_view name = text.substr(at, end - at);
    out.append(name);
    at = end;
    const std::size_t colon = skip_blanks(text, at);
    if (colon >= text.size() || text[colon] != ':') continue;
    const std::size_t value = skip_blanks(text, colon + 1);
    out.append(text.substr(at, value - at));
    at = value;
    if (name.size() > 2 &&
        (is_secret_name(name.substr(1, name.size() - 2)) || name.find('\\') != std::string_view::npos)) {
      at = std::max(value_end(text, value), value);
      out.append("\"").append(kScrubbed).append("\"");
    }
  }
  return out;
}

bool looks_like_form(std::string_view body) {
  const std::size_t equals = body.find('=');
  return equals != std::string_view::npos &&
         body.substr(0, equals).find_first_of(" \t\r\n<>{\"") == std::string_view::npos;
}

}  // namespace

bool is_secret_name(std::string_view name) {
  const std::string plain = folded(name);
  return std::find(kNames.begin(), kNames.end(), plain) != kNames.end() ||
         std::any_of(kParts.begin(), kParts.end(),
                     [&](std::string_view part) { return plain.find(part) != std::string::npos; });
}

std::string scrub_target(std::string_view target) {
  const std::size_t query = target.find('?');
  if (query == std::string_view::npos) return scrub_anywhere(target);
  return scrub_anywhere(std::string(target.substr(0, query + 1)) + scrub_pairs(target.substr(query + 1)));
}

std::string scrub_header(std::string_view lines) {
  std::string out;
  for (bool first = true; !lines.empty(); first = false) {
    const std::size_t end = std::min(lines.find('\n'), lines.size() - 1) + 1;
    std::string_view line = lines.substr(0, end);
    lines.remove_prefix(end);
    const std::size_t text_end = line.find_last_not_of("\r\n") + 1;
    const std::string_view tail = line.substr(text_end);
    line = line.substr(0, text_end);
    const std::size_t colon = line.find(':');
    const std::string_view name = line.substr(0, colon);
    if (first && name.find(' ') != std::string_view::npos) {  // "GET /path HTTP/1.1"
      const std::size_t begin = line.find(' ') + 1;
      const std::size_t stop = std::max(begin, std::min(line.rfind(' '), line.size()));
      out.append(line.substr(0, begin))
          .append(scrub_target(line.substr(begin, stop - begin)))
          .append(line.substr(stop));
    } else if (colon == std::string_view::npos) {
      out.append(scrub_anywhere(line));
    } else if (is_secret_name(name)) {
      out.append(name).append(": ").append(kScrubbed);
    } else if (net::equal_ignoring_case(name, "x-shadow")) {  // the last part is a signature
      out.append(line.substr(0, std::min(line.rfind(';'), line.size())));
      if (line.find(';') != std::string_view::npos) out.append(";").append(kScrubbed);
    } else {
      out.append(name).append(":").append(scrub_target(line.substr(colon + 1)));
    }
    out.append(tail);
  }
  return out;
}

std::string scrub_body(std::string_view body) {
  if (looks_like_form(body)) return scrub_anywhere(scrub_pairs(body));
  return scrub_anywhere(scrub_json(body));
}

}  // namespace tidemark::traffic
