// A file that only grows. Bytes are collected in memory and written whole by flush(), so that a killed writer leaves
// whole batches behind, but for the one it was in. Not thread-safe: RunWriter's lock covers it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "engine/core/error.h"
#include "engine/record/checksum_line.h"

namespace tidemark::record {

// As write(2), errno included; tests hand in one that fails.
using WriteFunction = std::function<ssize_t(int descriptor, const char* bytes, std::size_t length)>;

class AppendFile {
 public:
  // Creates the file; refuses one that exists.
  static Result<AppendFile> create(const std::filesystem::path& dir, std::string_view name, WriteFunction write);
  AppendFile(AppendFile&& other) noexcept;
  AppendFile& operator=(AppendFile&&) = delete;
  ~AppendFile();

  void append(std::string_view bytes) { pending_ += bytes; }
  bool has_pending() const { return !pending_.empty(); }
  // Writes what was appended since the last flush and returns its checksum line. After an Error (exit 5, with path and
  // bytes) the end of the file is unknown: nothing more may be written to it.
  Result<ChecksumLine> flush();
  Result<void> sync();

 private:
  AppendFile(std::filesystem::path path, int descriptor, WriteFunction write);
  Error io_error(const std::string& action, int number) const;

  std::filesystem::path path_;
  int descriptor_;
  WriteFunction write_;
  std::string pending_;
  std::uint64_t written_ = 0;
};

}  // namespace tidemark::record
