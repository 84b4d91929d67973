// Hands the seconds of a run to those who show them, each on a thread of its own behind a short queue, so that none of
// them can hold up the run: a consumer that falls behind loses its oldest waiting second, which is counted. What is
// cumulative in a Progress stays right whatever was lost.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "engine/core/progress.h"

namespace tidemark::live {

class Feed {
 public:
  // Called on the consumer's thread, one second at a time; `dropped` is how many it has lost so far. May wait for its
  // reader, but looks at `give_up` at least every 50 ms and then returns.
  using Deliver = std::function<void(const Progress&, std::uint64_t dropped, const std::atomic<bool>& give_up)>;

  Feed() = default;
  ~Feed() { stop(); }
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;

  // Before the first publish(). `depth` >= 1: seconds that may wait.
  void add(std::size_t depth, Deliver deliver);
  // Never waits for a consumer. One thread at a time.
  void publish(const Progress& progress);
  // Gives every consumer one second to take what waits, then makes it give up; joins. Idempotent.
  void stop();
  // Seconds that consumer `index` (in the order of add) has lost. Any thread.
  std::uint64_t dropped(std::size_t index) const;

 private:
  struct Consumer {
    std::size_t depth = 1;
    Deliver deliver;
    std::deque<std::shared_ptr<const Progress>> waiting;  // shared with the other consumers' queues
    bool busy = false, closing = false;
    std::uint64_t dropped = 0;
    mutable std::mutex mutex;  // guards the above
    std::condition_variable changed;
    std::atomic<bool> give_up{false};
    std::thread thread;
  };
  static void consume(Consumer& consumer);

  std::vector<std::unique_ptr<Consumer>> consumers_;
};

}  // namespace tidemark::live
