// Nobody who looks at a run can hold it up: stuck consumers, full pipes, readers that left.
#include "engine/live/feed.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <future>
#include <string>

#include "engine/live/fd_writer.h"
#include "engine/live/stream_lines.h"
#include "tests/unit/live/sample_progress.h"

#include <nlohmann/json.hpp>

namespace tidemark::live {
namespace {

using test::sample_progress;

Progress second(double t_s) {
  Progress progress = sample_progress();
  progress.t_s = t_s;
  return progress;
}

TEST(Feed, EveryConsumerSeesEverySecondInOrder) {
  std::vector<double> first, other;
  Feed feed;
  feed.add(100, [&](const Progress& progress, std::uint64_t, const auto&) { first.push_back(progress.t_s); });
  feed.add(100, [&](const Progress& progress, std::uint64_t, const auto&) { other.push_back(progress.t_s); });
  for (int i = 1; i <= 50; ++i) feed.publish(second(i));
  feed.stop();
  ASSERT_EQ(first.size(), 50U);
  for (std::size_t i = 0; i < 50; ++i) EXPECT_EQ(first[i], static_cast<double>(i + 1));
  EXPECT_EQ(first, other);
  EXPECT_EQ(feed.dropped(0), 0U);
}

TEST(Feed, AStuckConsumerLosesItsOldestSecondsAndHoldsUpNobody) {
  std::promise<void> entered;
  std::atomic<int> healthy{0};
  Feed feed;
  feed.add(4, [&, told = false](const Progress&, std::uint64_t, const std::atomic<bool>& give_up) mutable {
    if (!std::exchange(told, true)) entered.set_value();
    while (!give_up.load()) std::this_thread::yield();
  });
  feed.add(100, [&](const Progress&, std::uint64_t, const auto&) { ++healthy; });
  feed.publish(second(0));
  entered.get_future().wait();
  for (int i = 1; i <= 10; ++i) feed.publish(second(i));  // one is stuck with the consumer, four wait, six are lost
  EXPECT_EQ(feed.dropped(0), 6U);
  feed.stop();
  EXPECT_EQ(feed.dropped(0), 10U);  // and the four that were never taken
  EXPECT_EQ(healthy, 11);
}

TEST(Feed, TheConsumerIsToldHowManyItLost) {
  std::promise<void> entered, release;
  std::vector<std::pair<double, std::uint64_t>> seen;
  Feed feed;
  feed.add(2, [&](const Progress& progress, std::uint64_t dropped, const auto&) {
    seen.emplace_back(progress.t_s, dropped);
    if (seen.size() > 1) return;
    entered.set_value();
    release.get_future().wait();
  });
  feed.publish(second(0));
  entered.get_future().wait();
  for (int i = 1; i <= 5; ++i) feed.publish(second(i));
  release.set_value();
  feed.stop();
  EXPECT_EQ(seen, (std::vector<std::pair<double, std::uint64_t>>{{0, 0}, {4, 3}, {5, 3}}));
}

class Pipe {
 public:
  Pipe() { EXPECT_EQ(pipe(ends_.data()), 0); }
  ~Pipe() {
    close_reader();
    close(ends_[1]);
  }
  int writer() const { return ends_[1]; }
  std::string read_some() {
    std::array<char, 65536> buffer{};
    const ssize_t count = ::read(ends_[0], buffer.data(), buffer.size());
    return {buffer.data(), count > 0 ? static_cast<std::size_t>(count) : 0};
  }
  void close_reader() {
    if (ends_[0] >= 0) close(ends_[0]);
    ends_[0] = -1;
  }

 private:
  std::array<int, 2> ends_{-1, -1};
};

TEST(FdWriter, APipeThatNobodyReadsIsGivenUpAndKeepsItsFlags) {
  Pipe pipe;
  const int flags = fcntl(pipe.writer(), F_GETFL);
  FdWriter writer(pipe.writer());
  const std::atomic<bool> give_up{true};
  EXPECT_FALSE(writer.write(std::string(1 << 20, 'x'), give_up));
  EXPECT_TRUE(writer.closed());
  EXPECT_FALSE(writer.write("no line follows on half of another", give_up));
  EXPECT_EQ(fcntl(pipe.writer(), F_GETFL), flags);  // another process may share it
}

TEST(FdWriter, ASlowReaderGetsEverything) {
  Pipe pipe;
  const std::string text(300'000, 'y');
  auto written = std::async(std::launch::async, [&] {
    FdWriter writer(pipe.writer());
    const std::atomic<bool> patient{false};
    return writer.write(text, patient);
  });
  std::string read;
  while (read.size() < text.size()) read += pipe.read_some();
  EXPECT_TRUE(written.get());
  EXPECT_EQ(read, text);
}

TEST(FdWriter, AReaderThatLeftClosesIt) {
  std::signal(SIGPIPE, SIG_IGN);
  Pipe pipe;
  FdWriter writer(pipe.writer());
  pipe.close_reader();
  const std::atomic<bool> patient{false};
  EXPECT_FALSE(writer.write("line\n", patient));
  EXPECT_TRUE(writer.closed());
}

TEST(FdWriter, ASocketWorksToo) {
  std::array<int, 2> ends{};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
  FdWriter writer(ends[0]);
  const std::atomic<bool> give_up{true};
  EXPECT_TRUE(writer.write("line\n", give_up));
  EXPECT_FALSE(writer.write(std::string(1 << 22, 'x'), give_up));
  close(ends[0]);
  close(ends[1]);
}

TEST(StreamLines, ASecondHasTheFieldsOfSeriesAndTheTotals) {
  const std::string line = stream_line(sample_progress(), 7);
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  const auto json = nlohmann::json::parse(line);
  EXPECT_EQ(json["type"], "second");
  EXPECT_EQ(json["run_id"], "00112233445566aa");
  EXPECT_EQ(json["t_s"], 36.0);  // the second's start, as in series.ndjson
  EXPECT_EQ(json["step"], "");
  EXPECT_EQ(json["requests"]["ok"], 170);
  EXPECT_EQ(json["flows"]["planned"], 171);
  EXPECT_EQ(json["response_us"]["p99"], 80250.0);
  EXPECT_EQ(json["service_us"]["p50"], 32000.0);
  EXPECT_EQ(json["lag_us"]["p50"], 60.0);
  EXPECT_EQ(json["steps"][1]["step"], "buy");
  EXPECT_EQ(json["steps"][1]["requests"]["ok"], 25);
  EXPECT_EQ(json["total"]["requests"]["ok"], 1700);
  EXPECT_EQ(json["total"]["flows"]["completed"], 6319);
  EXPECT_EQ(json["total"]["errors"]["status 500"], 2);
  EXPECT_EQ(json["generator"]["late_sends"], 1);
  EXPECT_EQ(json["nodes"][1]["node"], "product-1");
  EXPECT_EQ(json["dropped_lines"], 7);
}

TEST(StreamLines, TextThatIsNotUtf8IsReplaced) {
  Progress progress = sample_progress();
  progress.errors = {{"\xff\xfe", 1}};
  EXPECT_NO_THROW((void)nlohmann::json::parse(stream_line(progress, 0)));
}

}  // namespace
}  // namespace tidemark::live
