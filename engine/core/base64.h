// Base64 (RFC 4648, section 4, with padding), strict: one text for one string of bytes. Thread-safe: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tidemark {

std::string base64_encode(std::string_view bytes);
// nullopt for any character outside the alphabet, wrong padding, or set bits past the last byte.
std::optional<std::string> base64_decode(std::string_view text);

}  // namespace tidemark
