#include "engine/net/task_group.h"

#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>
#include <stdexcept>

#include "tests/unit/net/run_task.h"

namespace tidemark::net {
namespace {

struct Log {
  int started = 0, ended = 0, cancelled = 0;
};

// Waits until cancelled; or, with turns >= 0, for so many turns of the io_context.
Task<void> child(asio::io_context* io, Log* log, int turns) {
  ++log->started;
  if (turns < 0) {
    Timer timer(io->get_executor(), Instant::max());
    const auto [error] = co_await timer.async_wait(as_values);
    if (error) ++log->cancelled;
  }
  for (int i = 0; i < turns; ++i) co_await asio::post(io->get_executor(), asio::deferred);
  ++log->ended;
}

Task<void> throwing(asio::io_context* io, std::string what) {
  co_await asio::post(io->get_executor(), asio::deferred);
  throw std::runtime_error(what);
}

Task<void> throwing_at_once(std::string what) {
  throw std::runtime_error(what);
  co_return;
}

Task<void> join_many(asio::io_context* io, Log* log) {
  TaskGroup group(*io);
  for (int i = 0; i < 100; ++i) group.spawn(child(io, log, i % 7));
  EXPECT_EQ(group.size(), 100U);
  EXPECT_EQ(log->started, 0);  // never inside spawn
  co_await group.join();
  EXPECT_EQ(group.size(), 0U);
  co_await group.join();  // of an empty group
}

TEST(TaskGroup, JoinsToZero) {
  asio::io_context io(1);
  Log log;
  run_task(io, join_many(&io, &log));
  EXPECT_EQ(log.ended, 100);
}

Task<void> cancel_all(asio::io_context* io, Log* log) {
  TaskGroup group(*io);
  for (int i = 0; i < 10; ++i) group.spawn(child(io, log, -1));
  while (log->started < 10) co_await asio::post(io->get_executor(), asio::deferred);
  group.cancel();
  co_await group.join();  // cancellation is no exception
}

TEST(TaskGroup, CancelsEveryChild) {
  asio::io_context io(1);
  Log log;
  run_task(io, cancel_all(&io, &log));
  EXPECT_EQ(log.cancelled, 10);
  EXPECT_EQ(log.ended, 10);
}

Task<void> cancel_before_start(asio::io_context* io, Log* log) {
  TaskGroup group(*io);
  group.spawn(child(io, log, -1));
  group.cancel();
  co_await group.join();
}

TEST(TaskGroup, CancelsAChildThatHasNotStarted) {
  asio::io_context io(1);
  Log log;
  run_task(io, cancel_before_start(&io, &log));
  EXPECT_EQ(log.started, 0);
}

Task<void> join_expecting(TaskGroup* group, std::string what) {
  std::string thrown;
  try {
    co_await group->join();
  } catch (const std::runtime_error& error) {
    thrown = error.what();
  }
  EXPECT_EQ(thrown, what);
}

Task<void> first_exception(asio::io_context* io, Log* log) {
  TaskGroup group(*io);
  group.spawn(child(io, log, -1));
  group.spawn(throwing(io, "first"));
  group.spawn(throwing(io, "second"));
  co_await join_expecting(&group, "first");
  co_await group.join();  // the exception was handed out once
  group.spawn(throwing_at_once("at once"));
  co_await join_expecting(&group, "at once");
}

TEST(TaskGroup, KeepsTheFirstExceptionAndCancelsTheRest) {
  asio::io_context io(1);
  Log log;
  run_task(io, first_exception(&io, &log));
  EXPECT_EQ(log.cancelled, 1);
}

Task<void> cancels_its_own_group(TaskGroup* group) {
  group->cancel();
  co_return;
}

Task<void> cancel_from_inside(asio::io_context* io, Log* log) {
  TaskGroup group(*io);
  group.spawn(child(io, log, -1));
  group.spawn(cancels_its_own_group(&group));
  co_await group.join();
}

TEST(TaskGroup, MayBeCancelledByAChild) {
  asio::io_context io(1);
  Log log;
  run_task(io, cancel_from_inside(&io, &log));
  EXPECT_EQ(log.ended, 1);
}

Task<void> spawns_more(asio::io_context* io, TaskGroup* group, Log* log) {
  co_await asio::post(io->get_executor(), asio::deferred);
  group->spawn(child(io, log, 3));
}

Task<void> spawn_from_inside(asio::io_context* io, Log* log) {
  TaskGroup group(*io);
  group.spawn(spawns_more(io, &group, log));
  co_await group.join();
}

TEST(TaskGroup, JoinsChildrenThatChildrenSpawned) {
  asio::io_context io(1);
  Log log;
  run_task(io, spawn_from_inside(&io, &log));
  EXPECT_EQ(log.ended, 1);
}

Task<void> joiner(asio::io_context* io, Log* log) {
  TaskGroup group(*io);
  group.spawn(child(io, log, -1));
  co_await group.join();
  ADD_FAILURE() << "join returned although it was cancelled";
}

// Cancelling whoever joins must not leave a child behind that outlives the scope.
TEST(TaskGroup, ACancelledJoinerTakesItsChildrenAlong) {
  asio::io_context io(1);
  Log log;
  asio::cancellation_signal signal;
  bool aborted = false;
  asio::co_spawn(io, joiner(&io, &log),
                 asio::bind_cancellation_slot(signal.slot(), [&](const std::exception_ptr& error) {
                   try {
                     if (error) std::rethrow_exception(error);
                   } catch (const boost::system::system_error& failure) {
                     aborted = failure.code() == asio::error::operation_aborted;
                   }
                 }));
  while (log.started == 0 && io.run_one() > 0) {
  }
  signal.emit(asio::cancellation_type::terminal);
  io.run();
  EXPECT_EQ(log.cancelled, 1);
  EXPECT_TRUE(aborted);
}

}  // namespace
}  // namespace tidemark::net
