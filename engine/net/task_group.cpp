#include "engine/net/task_group.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>
#include <cassert>
#include <list>
#include <utility>

namespace tidemark::net {
namespace {

bool is_cancellation(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const boost::system::system_error& failure) {
    return failure.code() == asio::error::operation_aborted;
  } catch (...) {
    return false;
  }
}

// Begins in a turn of its own: spawn() never runs the child inside the caller. It also keeps co_spawn's own closing
// post away, which would throw out of the io_context for a child that was cancelled before it first suspended.
Task<void> start_later(Task<void> child) {
  co_await asio::post(co_await asio::this_coro::executor, asio::deferred);
  co_await std::move(child);
}

}  // namespace

struct TaskGroup::Impl {
  using Signals = std::list<std::shared_ptr<asio::cancellation_signal>>;

  explicit Impl(asio::io_context& context) : io(context), empty(context.get_executor(), Instant::max()) {}

  void cancel() {
    const Signals targets = signals;  // a child may end, or spawn another, while signals are emitted
    for (const auto& signal : targets) signal->emit(asio::cancellation_type::terminal);
  }

  void ended(Signals::iterator child, const std::exception_ptr& error) {
    // The slot is still in use further down the stack: the signal goes with the completion handler, which shares it.
    signals.erase(child);
    if (error && !is_cancellation(error) && !first_error) {
      first_error = error;
      cancel();
    }
    if (signals.empty()) empty.cancel();
  }

  asio::io_context& io;
  Timer empty;      // never expires; cancelled when the last child ends
  Signals signals;  // one a child; shared with its completion handler
  std::exception_ptr first_error;
  bool abandoned = false;
};

TaskGroup::TaskGroup(asio::io_context& io) : impl_(std::make_shared<Impl>(io)) {}

TaskGroup::~TaskGroup() {
  assert((impl_->signals.empty() || impl_->abandoned) && "a TaskGroup ended before its children");
}

void TaskGroup::spawn(Task<void> child) {
  const auto signal = std::make_shared<asio::cancellation_signal>();
  const auto place = impl_->signals.insert(impl_->signals.end(), signal);
  asio::co_spawn(
      impl_->io, start_later(std::move(child)),
      asio::bind_cancellation_slot(signal->slot(), [impl = impl_, signal, place](const std::exception_ptr& error) {
        impl->ended(place, error);
      }));
}

void TaskGroup::cancel() {
  impl_->cancel();
}

std::size_t TaskGroup::size() const {
  return impl_->signals.size();
}

void TaskGroup::abandon() {
  impl_->abandoned = true;
}

namespace {

template <class Impl>
Task<void> join_children(std::shared_ptr<Impl> impl) {
  const bool threw = co_await asio::this_coro::throw_if_cancelled();
  co_await asio::this_coro::throw_if_cancelled(false);
  bool cancelled = false;
  while (true) {
    if (!cancelled && (co_await asio::this_coro::cancellation_state).cancelled() != asio::cancellation_type::none) {
      // The children end first; the cancellation is thrown afterwards. Until then the waiting itself cannot be
      // cancelled.
      cancelled = true;
      co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
      impl->cancel();
    }
    if (impl->signals.empty()) break;
    co_await impl->empty.async_wait(as_values);
  }
  co_await asio::this_coro::throw_if_cancelled(threw);
  if (cancelled) co_await asio::this_coro::reset_cancellation_state(asio::enable_terminal_cancellation());
  if (const auto error = std::exchange(impl->first_error, nullptr)) std::rethrow_exception(error);
  if (cancelled) throw boost::system::system_error(asio::error::operation_aborted, "join");
}

}  // namespace

Task<void> TaskGroup::join() {
  return join_children(impl_);
}

}  // namespace tidemark::net
