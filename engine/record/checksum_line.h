// A line of checksums.ndjson: it vouches for `length` bytes of one file from `offset` on, and for itself, so that no
// byte of a run directory is trusted unseen. Thread-safe: values and pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tidemark::record {

struct ChecksumLine {
  std::string file;  // a name of run_files.h
  std::uint64_t offset = 0, length = 0;
  std::uint32_t crc32c = 0;
};

// {"file":"series.ndjson","offset":0,"length":812,"crc32c":"1f2e3d4c","self":"..."}, with its newline; "self" is the
// CRC-32C of the line without that field and without the newline.
std::string format_checksum_line(const ChecksumLine& line);
// Takes the line without its newline. nullopt unless it is, byte for byte, what format_checksum_line writes.
std::optional<ChecksumLine> parse_checksum_line(std::string_view text);

}  // namespace tidemark::record
