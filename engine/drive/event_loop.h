// epoll and its nanosecond wait, and nothing else: the generator's reactor. Why not Asio here: the budget is a bare
// epoll loop plus 15 %, and a reactor with completion handlers costs more than that per request (docs/decisions.md has
// the numbers). Level-triggered, so that one read per answer suffices. Used by the one thread that owns it.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <ctime>
#include <span>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/units.h"

namespace tidemark::drive {

class EventLoop {
 public:
  // Events handed out by one wait: small, so that due sends are looked at between batches.
  static constexpr int kBatch = 64;
  struct Event {
    std::uint64_t tag = 0;
    bool readable = false, writable = false;  // an error or hang-up shows as both
  };

  // Exit 4 when the kernel refuses, or lacks epoll_pwait2 (Linux before 5.11).
  static Result<EventLoop> create();
  ~EventLoop();
  EventLoop(EventLoop&& other) noexcept : epoll_(std::exchange(other.epoll_, -1)) {}
  EventLoop& operator=(EventLoop&&) = delete;

  // False: the kernel refused (descriptors or memory exhausted). Closing `fd` removes it.
  bool add(int fd, std::uint64_t tag, bool for_writing);
  bool modify(int fd, std::uint64_t tag, bool for_reading, bool for_writing);

  // Waits until something is ready or `limit` has passed (<= 0: only looks). The events are valid until the next call.
  std::span<const Event> wait(Nanos limit);

 private:
  explicit EventLoop(int epoll) : epoll_(epoll) {}
  int epoll_;
  std::array<epoll_event, kBatch> raw_{};
  std::array<Event, kBatch> events_{};
};

}  // namespace tidemark::drive
