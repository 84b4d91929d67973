// CRC-32C (Castagnoli; RFC 3720, appendix B.4): notices every error burst of up to 32 bits. Thread-safe: a pure
// function.
#pragma once

#include <cstdint>
#include <string_view>

namespace tidemark::record {

std::uint32_t crc32c(std::string_view bytes);

}  // namespace tidemark::record
