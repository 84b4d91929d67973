#include "engine/record/crc32c.h"

#include <nmmintrin.h>  // SSE4.2, part of the baseline x86-64-v3

#include <cstring>

namespace tidemark::record {

std::uint32_t crc32c(std::string_view bytes) {
  std::uint64_t crc = 0xffffffff;
  while (bytes.size() >= sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), sizeof word);
    crc = _mm_crc32_u64(crc, word);
    bytes.remove_prefix(sizeof word);
  }
  auto narrow = static_cast<std::uint32_t>(crc);
  for (const char byte : bytes) narrow = _mm_crc32_u8(narrow, static_cast<unsigned char>(byte));
  return ~narrow;
}

}  // namespace tidemark::record
