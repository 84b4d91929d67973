#include "engine/drive/event_loop.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace tidemark::drive {

Result<EventLoop> EventLoop::create() {
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) return fail(ExitCode::environment, "epoll", std::strerror(errno), "raise the limit on open files");
  EventLoop loop(epoll);
  epoll_event event{};
  const timespec no_wait{};
  if (epoll_pwait2(epoll, &event, 1, &no_wait, nullptr) < 0) {
    return fail(ExitCode::environment, "epoll_pwait2", std::strerror(errno), "run on Linux 5.11 or newer");
  }
  return loop;
}

EventLoop::~EventLoop() {
  if (epoll_ >= 0) close(epoll_);
}

bool EventLoop::add(int fd, std::uint64_t tag, bool for_writing) {
  epoll_event event{};
  event.events = for_writing ? EPOLLOUT : EPOLLIN;
  event.data.u64 = tag;
  return epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) == 0;
}

bool EventLoop::modify(int fd, std::uint64_t tag, bool for_reading, bool for_writing) {
  epoll_event event{};
  event.events = (for_reading ? static_cast<std::uint32_t>(EPOLLIN) : 0U) |
                 (for_writing ? static_cast<std::uint32_t>(EPOLLOUT) : 0U);
  event.data.u64 = tag;
  return epoll_ctl(epoll_, EPOLL_CTL_MOD, fd, &event) == 0;
}

std::span<const EventLoop::Event> EventLoop::wait(Nanos limit) {
  const auto nanos = std::max<Nanos::rep>(limit.count(), 0);
  const timespec timeout{.tv_sec = nanos / 1'000'000'000, .tv_nsec = nanos % 1'000'000'000};
  const int ready = epoll_pwait2(epoll_, raw_.data(), kBatch, &timeout, nullptr);
  const auto count = static_cast<std::size_t>(std::max(ready, 0));  // EINTR: nothing happened yet
  for (std::size_t i = 0; i < count; ++i) {
    const bool broken = (raw_[i].events & (EPOLLERR | EPOLLHUP)) != 0;
    events_[i] = {.tag = raw_[i].data.u64,
                  .readable = broken || (raw_[i].events & EPOLLIN) != 0,
                  .writable = broken || (raw_[i].events & EPOLLOUT) != 0};
  }
  return {events_.data(), count};
}

}  // namespace tidemark::drive
