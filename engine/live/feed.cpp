#include "engine/live/feed.h"

#include <sys/resource.h>

#include <chrono>
#include <utility>

namespace tidemark::live {
namespace {

constexpr auto kLastChance = std::chrono::seconds(1);
constexpr int kNice = 5;  // behind the generator where they share a core

}  // namespace

void Feed::add(std::size_t depth, Deliver deliver) {
  auto consumer = std::make_unique<Consumer>();
  consumer->depth = depth;
  consumer->deliver = std::move(deliver);
  consumers_.push_back(std::move(consumer));
  Consumer& added = *consumers_.back();
  added.thread = std::thread([&added] { consume(added); });
}

void Feed::publish(const Progress& progress) {
  if (consumers_.empty()) return;
  const auto shared = std::make_shared<const Progress>(progress);
  for (const auto& consumer : consumers_) {
    const std::lock_guard lock(consumer->mutex);
    if (consumer->waiting.size() >= consumer->depth) {
      consumer->waiting.pop_front();
      ++consumer->dropped;
    }
    consumer->waiting.push_back(shared);
    consumer->changed.notify_all();
  }
}

void Feed::consume(Consumer& consumer) {
  setpriority(PRIO_PROCESS, 0, kNice);  // on Linux: this thread
  std::unique_lock lock(consumer.mutex);
  for (;;) {
    consumer.changed.wait(lock, [&consumer] { return consumer.closing || !consumer.waiting.empty(); });
    if (consumer.waiting.empty() || consumer.give_up.load()) return;
    const auto progress = std::move(consumer.waiting.front());
    consumer.waiting.pop_front();
    const std::uint64_t dropped = consumer.dropped;
    consumer.busy = true;
    lock.unlock();
    consumer.deliver(*progress, dropped, consumer.give_up);
    lock.lock();
    consumer.busy = false;
    consumer.changed.notify_all();
  }
}

void Feed::stop() {
  const auto until = std::chrono::steady_clock::now() + kLastChance;
  for (const auto& consumer : consumers_) {
    if (!consumer->thread.joinable()) continue;
    {
      std::unique_lock lock(consumer->mutex);
      consumer->closing = true;
      consumer->changed.notify_all();
      consumer->changed.wait_until(lock, until, [&consumer] { return consumer->waiting.empty() && !consumer->busy; });
      consumer->dropped += consumer->waiting.size();
      consumer->waiting.clear();
      consumer->give_up.store(true);
    }
    consumer->thread.join();
  }
}

std::uint64_t Feed::dropped(std::size_t index) const {
  const std::lock_guard lock(consumers_[index]->mutex);
  return consumers_[index]->dropped;
}

}  // namespace tidemark::live
