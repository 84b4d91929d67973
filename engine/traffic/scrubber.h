// Takes credentials out of requests and answers before they are written anywhere: header fields, query parameters, form
// and JSON fields that are known to hold them, JSON Web Tokens and "user:password@" wherever they stand. What is taken
// out leaves "[scrubbed]", so that a reader sees that there was something. Errs on the side of taking too much. Pure:
// thread-safe.
#pragma once

#include <string>
#include <string_view>

namespace tidemark::traffic {

inline constexpr std::string_view kScrubbed = "[scrubbed]";

// Is this the name of a header field, parameter or JSON member whose value is a credential? Compared without case, "-"
// and "_" ("X-Api-Key", "apiKey" and "api_key" are one).
bool is_secret_name(std::string_view name);

// "name: value" lines, ended by LF or CRLF; the first line of a request with its target too.
std::string scrub_header(std::string_view lines);

// A path or URL with its query.
std::string scrub_target(std::string_view target);

// A body of any kind: JSON, forms and plain text are looked through.
std::string scrub_body(std::string_view body);

}  // namespace tidemark::traffic
