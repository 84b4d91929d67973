// How requests without a bound share a node's one core, as threads would: each that computes takes a turn of half a
// millisecond, one after the other, and between two turns the loop does whatever else is due (accepts, reads, answers).
// The node's own thread.
#pragma once

#include <algorithm>
#include <boost/asio/post.hpp>
#include <deque>
#include <utility>

#include "engine/net/asio.h"
#include "scenarios/shop/service_time.h"

namespace tidemark::shop {

class CoreTurns {
 public:
  explicit CoreTurns(net::asio::io_context& io) : io_(io) {}

  // Returns once `time` of computing has been done in turns.
  net::Task<void> compute(Nanos time) {
    if (time <= Nanos{0}) co_return;
    Place place{*this, time, net::Timer(io_.get_executor(), Instant::max())};
    waiting_.push_back(&place);
    if (!std::exchange(turning_, true)) post();
    while (place.left > Nanos{0}) co_await place.done.async_wait(net::as_values);
  }

 private:
  static constexpr std::chrono::microseconds kTurn{500};
  struct Place {  // on the frame of the coroutine that computes
    CoreTurns& turns;
    Nanos left;
    net::Timer done;
    ~Place() { std::erase(turns.waiting_, this); }
  };

  void post() {
    net::asio::post(io_.get_executor(), [this] { take(); });
  }
  void take() {
    if (waiting_.empty()) {
      turning_ = false;
      return;
    }
    Place* place = waiting_.front();
    waiting_.pop_front();
    const Nanos turn = std::min<Nanos>(place->left, kTurn);
    compute_for(turn);
    place->left -= turn;
    if (place->left > Nanos{0}) {
      waiting_.push_back(place);
    } else {
      place->done.cancel();
    }
    post();
  }

  net::asio::io_context& io_;
  std::deque<Place*> waiting_;
  bool turning_ = false;
};

}  // namespace tidemark::shop
