// Runs one coroutine on an io_context until it has ended, and rethrows what it threw. A test that hangs is ended by the
// limit.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <chrono>

#include "engine/net/asio.h"

namespace tidemark::net {

inline void run_task(asio::io_context& io, Task<void> task, std::chrono::seconds limit = std::chrono::seconds(30)) {
  bool ended = false;
  std::exception_ptr failure;
  asio::co_spawn(io, std::move(task), [&](const std::exception_ptr& error) {
    ended = true;
    failure = error;
  });
  const Instant deadline = Clock::now() + limit;
  io.restart();
  while (!ended && io.run_one_until(deadline) > 0) {
  }
  ASSERT_TRUE(ended) << "the coroutine did not end in time";
  if (failure) std::rethrow_exception(failure);
}

}  // namespace tidemark::net
