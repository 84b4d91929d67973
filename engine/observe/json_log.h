// JSON lines, one object a line, written by a thread of its own behind a bounded queue: logging never waits for a disk,
// and what does not fit is counted. Thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/error.h"

namespace tidemark::observe {

class JsonLog {
 public:
  // Appends to `file`. Exit 4 when it cannot be opened.
  static Result<std::unique_ptr<JsonLog>> open(const std::filesystem::path& file, std::string service,
                                               std::string node);
  ~JsonLog();  // writes what is queued

  // {"time": ISO 8601 UTC with milliseconds, "level", "service", "node", "trace_id" (if any), "message", fields of
  // `context`}
  void write(const std::string& level, const std::string& trace_id, const std::string& message,
             const std::vector<std::pair<std::string, std::string>>& context = {});
  std::uint64_t dropped() const;  // lines lost to a full queue

 private:
  struct Impl;
  explicit JsonLog(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tidemark::observe
