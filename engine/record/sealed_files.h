// What the checksums of a run directory cover: reading a file through this yields its bytes up to the first that is not
// vouched for, and says what was wrong. Not thread-safe: one owner.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/error.h"
#include "engine/record/checksum_line.h"

namespace tidemark::record {

class SealedFiles {
 public:
  // Reads checksums.ndjson. Fails (exit 5) when there is none.
  static Result<SealedFiles> open(const std::filesystem::path& dir);

  // Hands each batch of the file that its checksum confirms to `sink`, in order, with the batch's offset, until the
  // first that it does not or until the sink answers false. A batch is read whole: no longer than the file.
  void read(std::string_view name, const std::function<bool(std::string_view bytes, std::uint64_t offset)>& sink);
  // Whether any checksum speaks of the file.
  bool knows(std::string_view name) const { return batches_.contains(name); }
  // A file written once: its bytes, or "" when it is absent, not vouched for, or longer than vouched for.
  std::string read_document(std::string_view name);
  // As read(), line by line without the newline, with "FILE:LINE" for messages. A sink's Error is kept as damage.
  void read_lines(std::string_view name,
                  const std::function<Result<void>(std::string_view line, const std::string& place)>& sink);

  // "series.ndjson: 41 bytes from offset 1200 fail their checksum", ... in the order in which they were met.
  const std::vector<std::string>& damage() const { return damage_; }
  void report(std::string problem) { damage_.push_back(std::move(problem)); }

 private:
  explicit SealedFiles(std::filesystem::path dir) : dir_(std::move(dir)) {}
  void index(std::string_view text);

  std::filesystem::path dir_;
  std::map<std::string, std::vector<ChecksumLine>, std::less<>> batches_;  // by file, without a gap
  std::vector<std::string> damage_;
};

}  // namespace tidemark::record
