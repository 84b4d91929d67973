// Every spawned coroutine has a parent: a TaskGroup counts its children, keeps the first exception, and is awaited to
// zero before its scope ends. Used from the io_context's own thread only.
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
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  // The child starts in a later turn of the io_context, never inside this call. The first one that ends with an
  // exception other than a cancellation cancels the others.
  void spawn(Task<void> child);
  // Emits terminal cancellation to every child.
  void cancel();
  // Waits until every child has ended; rethrows the first exception that was not a cancellation. Cancelling the one who
  // joins cancels the children, waits for them all the same, and then throws operation_aborted. One joiner at a time.
  Task<void> join();
  std::size_t size() const;
  // For owners whose io_context never runs again: the children left die with it, and the destructor accepts that.
  void abandon();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;  // shared with the children's completion handlers
};

}  // namespace tidemark::net
