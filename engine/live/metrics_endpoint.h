// Serves the latest second of a run as GET /metrics while it lasts, on a thread and io_context of its own: a scraper
// that is slow, or never reads, costs the run nothing. set() belongs to a feed's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "engine/core/error.h"
#include "engine/core/progress.h"

namespace tidemark::live {

class MetricsEndpoint {
 public:
  // "127.0.0.1:9100"; port 0 picks one. Only loopback addresses: what a load test does is nobody else's business. Exit
  // 2 for a text that is none, 4 when the port is taken.
  static Result<std::unique_ptr<MetricsEndpoint>> listen(const std::string& address);
  ~MetricsEndpoint();

  std::uint16_t port() const;
  void set(const Progress& progress, std::uint64_t dropped);

 private:
  struct Impl;
  explicit MetricsEndpoint(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tidemark::live
