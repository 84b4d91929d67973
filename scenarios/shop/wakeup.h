// How one coroutine tells others on the same thread to look again. wait() may return without cause, and a notify() that
// nobody waits for is lost: check the condition in a loop around wait().
#pragma once

#include "engine/net/asio.h"

namespace tidemark::shop {

class Wakeup {
 public:
  explicit Wakeup(net::asio::io_context& io) : timer_(io.get_executor(), Instant::max()) {}

  void notify() { timer_.cancel(); }
  net::Task<void> wait() { co_await timer_.async_wait(net::as_values); }

 private:
  net::Timer timer_;  // never expires
};

}  // namespace tidemark::shop
