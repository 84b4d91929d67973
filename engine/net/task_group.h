// Every spawned coroutine has a parent: a TaskGroup counts its children, keeps the first exception, and is awaited to zero before
// its scope ends. Used from the io_context's own thread only.
#pragma once

#include <cstddef>
#include <exception>
#include <functional>
#include <memory>

#include "engine/net/asio.h"

namespace tidemark::net {

class TaskGroup {
 public:
  explicit TaskGroup(asio::io_context& io);
  ~TaskGroup();  // asserts that no child is left

  void spawn(Task<void> child);
  // Emits terminal cancellation to every child.
  void cancel();
  // Waits until every child has ended; rethrows the first exception that was not a cancellation.
  Task<void> join();
  std::size_t size() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;  // shared with the children's completion handlers
};

}  // namespace tidemark::net
