// What the worker does with an origin that has a channel, against one that answers as told and opens no socket.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "engine/drive/worker.h"

namespace tidemark::drive {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

struct Seen {
  std::vector<std::vector<std::string>> words;
  std::vector<std::string> traces;
  std::uint32_t cancelled = 0, refused = 0, at_once_most = 0;
};

// Takes up to `streams` at once; what `answer` decides happens when the worker flushes.
class ToldChannel : public Channel {
 public:
  enum class Act { answer, fail, silence };
  ToldChannel(Owner& owner, Seen& seen, std::uint32_t streams, std::function<Act(std::uint64_t)> act)
      : owner_(owner), seen_(seen), streams_(streams), act_(std::move(act)) {}

  bool submit(std::uint32_t exchange, const Rendered& request) override {
    if (under_way_.size() >= streams_) {
      ++seen_.refused;
      return false;
    }
    seen_.words.push_back(request.words);
    for (const auto& field : request.fields)
      if (field.name == "traceparent") seen_.traces.push_back(field.value);
    under_way_.push_back(exchange);
    seen_.at_once_most = std::max(seen_.at_once_most, static_cast<std::uint32_t>(under_way_.size()));
    fresh_.push_back(exchange);
    return true;
  }
  void cancel(std::uint32_t exchange) override {
    ++seen_.cancelled;
    forget(exchange);
  }
  void flush() override {
    for (const std::uint32_t exchange : std::exchange(fresh_, {})) {
      owner_.on_sent(exchange);
      const Act act = act_(count_++);
      if (act == Act::silence) continue;
      forget(exchange);
      if (act == Act::answer) {
        owner_.on_answer(exchange, {.status = 0, .header_lines = {}, .body = R"({"n": 7})"});
      } else {
        owner_.on_failure(exchange, "told to fail", false);
      }
      owner_.on_room();
    }
  }
  void on_event(std::uint32_t, bool, bool) override {}
  std::int64_t next_timer() const override { return fresh_.empty() ? INT64_MAX : 0; }
  std::uint32_t open_connections() const override { return 1; }

 private:
  void forget(std::uint32_t exchange) { std::erase(under_way_, exchange); }
  Owner& owner_;
  Seen& seen_;
  std::uint32_t streams_;
  std::function<Act(std::uint64_t)> act_;
  std::vector<std::uint32_t> under_way_, fresh_;
  std::uint64_t count_ = 0;
};

schedule::Template text(const std::string& literal, const std::string& variable = "") {
  if (variable.empty()) return schedule::Template::of(literal);
  return {.pieces = {{.literal = literal}, {.variable = variable}}};
}

class WorkerChannels : public ::testing::Test {
 protected:
  WorkerChannels() {
    schedule::Step step;
    step.name = "get-key";
    step.protocol = schedule::Protocol::redis;
    step.store = schedule::StoreCall{.target = schedule::Template::of("redis://127.0.0.1:1"),

                                     .words = {text("GET"), text("key-", "flow_id")},
                                     .headers = {}};
    scenario_.flows.push_back({.name = "keys", .weight = 1, .steps = {step}});
    scenario_.timeout = 30ms;
    scenario_.load.model = schedule::Load::Model::closed;
    scenario_.load.connections = 8;
  }

  void run(Nanos duration, std::uint32_t streams, std::function<ToldChannel::Act(std::uint64_t)> act) {
    const traffic::TagSigner signer(std::string(16, 'k'));
    auto plan = RequestPlan::compile({.scenario = scenario_, .signer = &signer, .run_id = std::string(16, 'a')});
    ASSERT_TRUE(plan) << plan.error().message();
    auto loop = EventLoop::create();
    ASSERT_TRUE(loop);
    Mailbox mailbox(plan->series.size(), 3, false);
    WorkerOptions options;
    options.scenario = &scenario_;
    options.duration = duration;
    options.connections = scenario_.load.connections;
    options.most_waiting = 1000;
    options.run_id = std::string(16, 'a');
    options.start = Clock::now();
    options.make_channel = [&](const ChannelContext& context) {
      return std::make_unique<ToldChannel>(context.owner, seen_, streams, act);
    };
    Worker worker(std::move(options), std::move(*plan), std::move(*loop), mailbox);
    worker.run();
    requests_ = worker.requests();
    flows_ = worker.flows();
    auto last = mailbox.take();
    for (errors_ = last->errors; !last->last; last = mailbox.take(), errors_.merge(last->errors)) continue;
  }

  schedule::Scenario scenario_;
  Seen seen_;
  RequestBook requests_;
  FlowBook flows_;
  std::map<std::string, std::uint64_t, std::less<>> errors_;
};

TEST_F(WorkerChannels, GetsTheFilledWordsAndATraceOfItsOwn) {
  run(20ms, 8, [](std::uint64_t) { return ToldChannel::Act::answer; });
  EXPECT_TRUE(requests_.balances());
  EXPECT_GT(requests_.ok, 8U);
  EXPECT_EQ(requests_.ok, requests_.started);
  EXPECT_THAT(seen_.words.front(), ElementsAre("GET", "key-0"));
  ASSERT_GT(seen_.traces.size(), 2U);
  EXPECT_EQ(seen_.traces[0].size(), 55U);
  EXPECT_NE(seen_.traces[0], seen_.traces[1]);
}

TEST_F(WorkerChannels, WaitsWhileThereIsNoRoomAndComesBack) {
  run(20ms, 3, [](std::uint64_t) { return ToldChannel::Act::answer; });
  EXPECT_EQ(seen_.at_once_most, 3U);
  EXPECT_GT(seen_.refused, 0U);
  EXPECT_GT(requests_.ok, 8U);
  EXPECT_TRUE(requests_.balances() && flows_.balances());
}

TEST_F(WorkerChannels, AFailureIsCountedByItsReason) {
  run(20ms, 8,
      [](std::uint64_t number) { return number % 2 == 0 ? ToldChannel::Act::fail : ToldChannel::Act::answer; });
  EXPECT_GT(requests_.failed, 0U);
  EXPECT_TRUE(requests_.balances() && flows_.balances());
  EXPECT_TRUE(errors_.contains("told to fail"));
}

TEST_F(WorkerChannels, TimeOutCancelsTheExchangeInTheChannel) {
  run(40ms, 8, [](std::uint64_t) { return ToldChannel::Act::silence; });
  EXPECT_EQ(requests_.timed_out, seen_.cancelled);
  EXPECT_GE(requests_.timed_out, 8U);
  EXPECT_TRUE(errors_.contains("timed out"));
}

}  // namespace
}  // namespace tidemark::drive
