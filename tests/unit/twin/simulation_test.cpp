#include "models/twin/simulation.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "models/capacity/queueing.h"
#include "tests/unit/twin/twin_systems.h"

namespace tidemark::twin {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::unique_ptr<Simulation> simulate(const System& system, SimulationOptions options = {}) {
  auto made = Simulation::create(system, std::move(options));
  EXPECT_TRUE(made) << made.error().message();
  return std::move(*made);
}

// Counts who had to wait, and lets everybody in.
class Witness : public guard::Limiter {
 public:
  struct Seen {
    std::uint64_t admitted = 0, waited = 0, finished = 0, dropped = 0;
    double wait_s = 0;
  };
  explicit Witness(Seen& seen) : seen_(seen) {}
  guard::Admission admit(Instant now, guard::Ask) override {
    ++seen_.admitted;
    return {.start = now};
  }
  void started(Instant, Nanos queued) override {
    seen_.waited += queued.count() > 0;
    seen_.wait_s += to_seconds(queued);
  }
  void finished(Instant, const guard::Finish& finish) override {
    ++seen_.finished;
    seen_.dropped += finish.dropped;
  }
  Kind kind() const override { return Kind::level; }
  double limit() const override { return 1; }

 private:
  Seen& seen_;
};

// Sixty servers relax so slowly that a percent takes 200 million arrivals (scripts/prove twin makes them).
struct ErlangCase {
  std::uint32_t servers;
  double load, probability, tolerance, flows;
};

class Erlang : public testing::TestWithParam<ErlangCase> {};

TEST_P(Erlang, WaitsAreThoseOfTheFormula) {
  const auto [servers, load, probability, tolerance, flows] = GetParam();
  EXPECT_NEAR(capacity::erlang_c(servers, load), probability, 1e-6);
  const double service_s = 0.01, rate = load / service_s;
  Witness::Seen seen;
  auto simulation = simulate(single(exponential(service_s), servers),
                             {.seed = 11, .window = {}, .limiter = [&seen](const NodeName&, std::uint64_t) {
                                return std::make_unique<Witness>(seen);
                              }});
  const auto arrivals = arrivals_for(single({}, 1), {{rate, from_seconds(flows / rate)}}, 5);
  simulation->start(*arrivals);
  simulation->run_until(from_seconds(flows / rate));
  const double waited = static_cast<double>(seen.waited) / static_cast<double>(seen.admitted);
  const double wait_s = seen.wait_s / static_cast<double>(seen.admitted);
  EXPECT_NEAR(waited, probability, tolerance * probability);
  EXPECT_NEAR(wait_s, probability * service_s / (servers - load),
              tolerance * probability * service_s / (servers - load));
  // The same from the node's own integrals: Little's law.
  const auto mark = simulation->watermark(0);
  EXPECT_NEAR(mark.wait_seconds / static_cast<double>(mark.arrived), wait_s, 1e-4 * wait_s + 1e-9);
  EXPECT_NEAR(mark.busy_seconds / static_cast<double>(mark.arrived), service_s, 0.002 * service_s);
}
INSTANTIATE_TEST_SUITE_P(Vectors, Erlang,
                         testing::Values(ErlangCase{1, 0.5, 0.5, 0.01, 4e6}, ErlangCase{2, 1, 1.0 / 3, 0.01, 4e6},
                                         ErlangCase{10, 8, 0.409180, 0.01, 10e6},
                                         ErlangCase{60, 50, 0.117302, 0.05, 4e6}),
                         [](const auto& info) { return fmt::format("{}servers", info.param.servers); });

TEST(Simulation, AChainTakesTheSumOfItsHops) {
  auto services =
      std::vector<Service>{one_operation("a", constant(0.001), 100), one_operation("b", constant(0.002), 100),
                           one_operation("c", constant(0.004), 100)};
  const System system = chain(services);
  auto simulation = simulate(system);
  const auto arrivals = arrivals_for(system, {{100, seconds(10)}}, 1, true);
  simulation->start(*arrivals);
  simulation->run_until(seconds(11));
  const auto& results = simulation->results();
  EXPECT_EQ(results.flows.planned, 1000U);
  EXPECT_EQ(results.flows.completed, 1000U);
  EXPECT_TRUE(simulation->idle());
  EXPECT_EQ(results.steps[0].response.min(), 7000);
  EXPECT_NEAR(results.steps[0].response.mean(), 7000, 4);
  // Workers are held while calling: a for 7 ms, b for 6, c for 4.
  for (std::size_t node = 0; node < 3; ++node) {
    const double hold_s = node == 0 ? 0.007 : node == 1 ? 0.006 : 0.004;
    EXPECT_NEAR(simulation->watermark(node).busy_seconds, 1000 * hold_s, 1e-6);
  }
}

TEST(Simulation, AnAsynchronousServerHoldsItsWorkerForItsOwnWorkOnly) {
  auto services =
      std::vector<Service>{one_operation("a", constant(0.001), 100), one_operation("b", constant(0.002), 100)};
  services[0].operations[0].hold_worker = false;
  const System system = chain(services);
  auto simulation = simulate(system);
  const auto arrivals = arrivals_for(system, {{100, seconds(1)}}, 1, true);
  simulation->start(*arrivals);
  simulation->run_until(seconds(2));
  EXPECT_NEAR(simulation->watermark(0).busy_seconds, 100 * 0.001, 1e-9);
  EXPECT_NEAR(simulation->results().steps[0].response.mean(), 3000, 2);
}

TEST(Simulation, CallsOfOneGroupRunAtOnceAndGroupsInTurn) {
  System system;
  system.services = {one_operation("a", constant(0.001), 100), one_operation("b", constant(0.002), 100),
                     one_operation("c", constant(0.005), 100)};
  system.services[0].operations[0].then = {
      {{{.service = "b", .operation = "do", .times = 3}, {.service = "c", .operation = "do"}}},
      {{{.service = "b", .operation = "do"}}}};
  system.flows.push_back(flow_to("a"));
  auto simulation = simulate(system);
  const auto arrivals = arrivals_for(system, {{10, seconds(1)}}, 1, true);
  simulation->start(*arrivals);
  simulation->run_until(seconds(2));
  EXPECT_NEAR(simulation->results().steps[0].response.mean(), 1000 + 5000 + 2000, 4);
  EXPECT_EQ(simulation->watermark(1).arrived, 40U);
  EXPECT_EQ(simulation->watermark(2).arrived, 10U);
}

TEST(Simulation, APartOfACallIsMadeByChance) {
  System system = chain({one_operation("a", constant(0.001), 1000), one_operation("b", constant(0.001), 1000)});
  system.services[0].operations[0].then[0].calls[0].times = 1.3;
  auto simulation = simulate(system);
  const auto arrivals = arrivals_for(system, {{1000, seconds(100)}});
  simulation->start(*arrivals);
  simulation->run_until(seconds(101));
  const auto calls = static_cast<double>(simulation->watermark(1).arrived);
  EXPECT_NEAR(calls / static_cast<double>(simulation->watermark(0).arrived), 1.3, 0.006);
}

std::string fingerprint(std::uint64_t seed) {
  System system = chain({one_operation("a", lognormal(0.001, 0.5), 20), one_operation("b", lognormal(0.002, 0.8), 8),
                         one_operation("c", lognormal(0.004, 1.5), 10)});
  system.services[1].nodes = 3;
  system.timeout = milliseconds(60);
  system.services[2].queue_limit = 20;
  system.edges.push_back({.delay = std::chrono::microseconds(100), .delay_cv = 0.5});
  system.services[1].guard.retry = guard::RetrySettings{.first = milliseconds(2), .most = milliseconds(4)};
  system.services[2].guard.limiter = guard::default_limiter("tide");
  system.services[1].guard.breaker = guard::default_breaker("sequential");
  auto simulation = simulate(system, {.seed = seed});
  const auto arrivals = arrivals_for(system, {{2000, seconds(3)}, {3500, seconds(3)}}, seed);
  simulation->start(*arrivals);
  simulation->run_until(seconds(7));
  const auto& results = simulation->results();
  std::string text = results.steps[0].response.encode();
  for (const auto& window : results.windows)
    text += fmt::format("{} {} {} {};", window.started[1], window.ok[1], window.refused[1], window.failed[1]);
  for (std::size_t i = 0; i < simulation->nodes(); ++i) {
    const auto mark = simulation->watermark(i);
    text += fmt::format("{} {} {} {};", mark.arrived, mark.completed, mark.busy_seconds, mark.wait_seconds);
  }
  return text + fmt::format("{} {}", results.events, results.retries);
}

TEST(Simulation, EqualSeedsGiveEqualBytesAndOthersDoNot) {
  EXPECT_EQ(fingerprint(1), fingerprint(1));
  EXPECT_NE(fingerprint(1), fingerprint(2));
}

TEST(Simulation, BooksBalanceUnderOverloadWithTimeOutsAndRetries) {
  System system = chain({one_operation("a", lognormal(0.001, 0.5), 64), one_operation("b", lognormal(0.010, 1), 10)});
  system.timeout = milliseconds(50);
  system.services[1].queue_limit = 30;
  system.edges.push_back({.from = "a", .to = "b", .timeout = milliseconds(20)});
  system.services[0].guard.retry = guard::RetrySettings{.first = milliseconds(5), .most = milliseconds(10)};
  auto simulation = simulate(system);
  const auto arrivals = arrivals_for(system, {{1500, seconds(5)}});
  simulation->start(*arrivals);
  for (int i = 1; i <= 50; ++i) {
    simulation->run_until(milliseconds(100 * i));
    const auto& results = simulation->results();
    ASSERT_TRUE(results.flows.balances());
    ASSERT_TRUE(results.steps[0].requests.balances());
  }
  simulation->run_until(seconds(6));
  const auto& results = simulation->results();
  EXPECT_TRUE(simulation->idle());
  EXPECT_EQ(results.flows.in_flight, 0U);
  EXPECT_GT(results.steps[0].requests.timed_out + results.steps[0].requests.failed, 1000U);
  EXPECT_GT(results.retries, 50U);
  EXPECT_LE(results.steps[0].response.max(), 51'000) << "nobody waits longer than the time-out";
  // Whatever was given up was cleaned up.
  for (std::size_t node = 0; node < 2; ++node) {
    const auto mark = simulation->watermark(node);
    EXPECT_EQ(mark.in_use, 0U);
    EXPECT_EQ(mark.queued, 0U);
    EXPECT_EQ(mark.arrived, mark.completed + mark.failed + mark.refused) << mark.node;
  }
}

TEST(Simulation, ATimeOutEndsTheStepExactlyThen) {
  System system = single(constant(1.0), 1);
  system.timeout = milliseconds(100);
  auto simulation = simulate(system);
  const auto arrivals = arrivals_for(system, {{20, seconds(1)}}, 1, true);
  simulation->start(*arrivals);
  simulation->run_until(seconds(3));
  const auto& results = simulation->results();
  EXPECT_EQ(results.steps[0].requests.timed_out, 20U);
  EXPECT_NEAR(static_cast<double>(results.steps[0].response.min()), 100'000, 64) << "the histogram's width there";
  EXPECT_NEAR(static_cast<double>(results.steps[0].response.max()), 100'000, 64);
}

TEST(Simulation, WithoutDeadlinesCalleesWorkForNobody) {
  System system = single(constant(0.1), 1);
  system.timeout = milliseconds(150);
  for (const bool deadlines : {true, false}) {
    system.deadlines = deadlines;
    auto simulation = simulate(system);
    const auto arrivals = arrivals_for(system, {{20, seconds(2)}}, 1, true);
    simulation->start(*arrivals);
    simulation->run_until(seconds(20));
    const auto mark = simulation->watermark(0);
    EXPECT_EQ(mark.completed + mark.failed, 40U);
    if (deadlines) {
      EXPECT_NEAR(static_cast<double>(mark.completed), 21, 2) << "10/s while somebody waits, then nothing";
    } else {
      EXPECT_EQ(mark.completed, 40U);
    }
  }
}

// Lets in a fixed number of requests at once; refuses shadow first is not its business.
class AtMost : public guard::Limiter {
 public:
  explicit AtMost(std::uint32_t most) : most_(most) {}
  guard::Admission admit(Instant now, guard::Ask ask) override {
    using Verdict = guard::Admission::Verdict;
    if (inside_ >= most_ && ask.priority != guard::Priority::core) return {.verdict = Verdict::refused};
    ++inside_;
    return {.start = now};
  }
  void finished(Instant, const guard::Finish&) override { --inside_; }
  Kind kind() const override { return Kind::concurrency; }
  double limit() const override { return most_; }

 private:
  std::uint32_t most_, inside_ = 0;
};

TEST(Simulation, ALimiterIsAskedForEachRequestAndToldItsEnd) {
  System system = single(constant(0.01), 10);
  system.flows = {flow_to("a", "browse"), flow_to("a", "buy")};
  system.flows[0].priority = guard::Priority::browse;
  system.flows[1].priority = guard::Priority::core;
  system.flows[0].weight = 9;
  auto simulation =
      simulate(system, {.limiter = [](const NodeName&, std::uint64_t) { return std::make_unique<AtMost>(10); }});
  const auto arrivals = arrivals_for(system, {{2000, seconds(10)}});
  simulation->start(*arrivals);
  simulation->run_until(seconds(10));
  const auto& results = simulation->results();
  const auto& browse = results.priorities[static_cast<std::size_t>(guard::Priority::browse)];
  const auto& core = results.priorities[static_cast<std::size_t>(guard::Priority::core)];
  EXPECT_EQ(core.refused, 0U);
  // Ten workers, 10 ms each; a freed one waits 0.5 ms for the next arrival.
  EXPECT_NEAR(static_cast<double>(browse.ok + core.ok), 9500, 400);
  EXPECT_EQ(simulation->watermark(0).refused, browse.refused);
  EXPECT_EQ(simulation->limit(0), 10);
  double refused = 0;
  for (const auto& window : results.windows) refused += window.refused[2];
  EXPECT_EQ(refused, static_cast<double>(browse.refused));
  EXPECT_EQ(results.windows.size(), 200U);
}

TEST(Simulation, ASharedStoreDoesNotScaleOut) {
  // 1 ms of each request is done one at a time: no number of nodes carries more than 1000/s.
  for (const std::uint32_t nodes : {4U, 8U}) {
    System system = single(constant(0.002), 16);
    system.services[0].nodes = nodes;
    system.services[0].serial_share = 0.5;
    system.services[0].queue_limit = 10;
    auto simulation = simulate(system);
    const auto arrivals = arrivals_for(system, {{2000, seconds(10)}});
    simulation->start(*arrivals);
    simulation->run_until(seconds(10));
    EXPECT_NEAR(static_cast<double>(simulation->watermark(0).completed) * nodes, 10'000, 800);
  }
}

TEST(Simulation, ASlowNodeServesLessAndAQuotaIsHeld) {
  System system = single(constant(0.010), 4);
  system.services[0].nodes = 2;
  system.services[0].slow_nodes[2] = 3;
  auto simulation = simulate(system);
  const auto arrivals = arrivals_for(system, {{100, seconds(10)}});
  simulation->start(*arrivals);
  simulation->run_until(seconds(11));
  const auto fast = simulation->watermark(0), slow = simulation->watermark(1);
  EXPECT_NEAR(fast.busy_seconds / static_cast<double>(fast.completed), 0.010, 1e-6);
  EXPECT_NEAR(slow.busy_seconds / static_cast<double>(slow.completed), 0.030, 1e-6);

  System quota = single(constant(0.010), 32);
  quota.services[0].operations[0].cpu_share = 1;
  quota.services[0].cpu_quota = 0.5;  // 10 ms of CPU each: 50/s
  quota.services[0].queue_limit = 5;
  auto limited = simulate(quota);
  const auto load = arrivals_for(quota, {{200, seconds(20)}});
  limited->start(*load);
  limited->run_until(seconds(20));
  EXPECT_NEAR(static_cast<double>(limited->watermark(0).completed), 20 * 50, 20);
}

// TTL caches under Poisson requests have the closed form hit = rate x ttl / (1 + rate x ttl), key by key.
TEST(Simulation, TheHitRateOfACacheFollowsTheLoad) {
  System system = chain({one_operation("a", constant(0), 100'000), one_operation("store", constant(0), 100'000)});
  system.keys = {.count = 1000};
  system.services[0].caches.push_back({.name = "items", .ttl = seconds(1)});
  system.services[0].operations[0].cache = "items";
  system.services[0].operations[0].then[0].calls[0].on_miss = true;
  for (const double rate : {200.0, 5000.0}) {
    auto simulation = simulate(system);
    const auto arrivals = arrivals_for(system, {{rate, seconds(60)}});
    simulation->start(*arrivals);
    simulation->run_until(seconds(60));
    const auto mark = simulation->watermark(0);
    const double hits = mark.extra.at("items_hits"), all = hits + mark.extra.at("items_misses");
    const double per_key = rate / 1000;
    EXPECT_NEAR(hits / all, per_key / (1 + per_key), 0.02) << rate;
    EXPECT_EQ(static_cast<double>(simulation->watermark(1).arrived), mark.extra.at("items_misses"));
  }
}

TEST(Simulation, AHotKeyHeatsItsShard) {
  System system = single(constant(0.001), 100);
  system.services[0].nodes = 4;
  system.services[0].balance = Balance::by_key;
  system.keys = {.count = 10'000, .hot = 1, .hot_share = 0.4};
  auto simulation = simulate(system);
  const auto arrivals = arrivals_for(system, {{1000, seconds(20)}});
  simulation->start(*arrivals);
  simulation->run_until(seconds(21));
  std::vector<double> shares;
  for (std::size_t n = 0; n < 4; ++n) shares.push_back(static_cast<double>(simulation->watermark(n).arrived) / 20'000);
  std::ranges::sort(shares);
  EXPECT_NEAR(shares[3], 0.55, 0.03);
  EXPECT_NEAR(shares[0], 0.15, 0.03);
}

TEST(Simulation, ABulkheadRefusesWhatIsAboveIt) {
  System system = chain({one_operation("a", constant(0), 1000), one_operation("b", constant(0.1), 1000)});
  system.edges.push_back({.from = "a", .to = "b", .at_once = 5});
  auto simulation = simulate(system);
  const auto arrivals = arrivals_for(system, {{100, seconds(10)}});
  simulation->start(*arrivals);
  simulation->run_until(seconds(11));
  EXPECT_NEAR(static_cast<double>(simulation->results().steps[0].requests.ok), 436, 40) << "Erlang B(5, 10) = 0.564";
  EXPECT_EQ(simulation->watermark(1).in_use_max, 5U);
}

TEST(Simulation, APoolMayLetWaitForAWhileOnly) {
  System system = single(constant(0.1), 1);
  system.services[0].guard.pool =
      guard::PoolSettings{.policy = guard::PoolSettings::Policy::block, .wait = milliseconds(150)};
  auto simulation = simulate(system);
  const auto arrivals = arrivals_for(system, {{20, seconds(5)}}, 1, true);
  simulation->start(*arrivals);
  simulation->run_until(seconds(6));
  const auto& results = simulation->results();
  EXPECT_NEAR(static_cast<double>(results.steps[0].requests.ok), 51, 2);
  EXPECT_EQ(results.answers[static_cast<std::size_t>(Answer::queue_full)], 100 - results.steps[0].requests.ok);
  EXPECT_LE(results.priorities[1].response.max(), 250'500);
}

TEST(Simulation, ABulkheadKeepsSlotsForThoseThatOwnThem) {
  System system = single(constant(0.1), 10);
  system.flows = {flow_to("a", "browse"), flow_to("a", "buy")};
  system.flows[0].priority = guard::Priority::browse;
  system.flows[1].priority = guard::Priority::core;
  system.flows[0].weight = 30;
  system.services[0].guard.bulkhead = guard::BulkheadSettings{.slots = 10};
  auto simulation = simulate(system);
  const auto arrivals = arrivals_for(system, {{400, seconds(10)}});
  simulation->start(*arrivals);
  simulation->run_until(seconds(11));
  const auto& results = simulation->results();
  EXPECT_LE(results.priorities[0].refused, 3U) << "core owns five slots and needs 1.3";
  EXPECT_NEAR(static_cast<double>(results.priorities[2].ok), 400, 25) << "browse owns one, and nobody owns three";
}

// What a caller sees of such an operation is its wait; its worker is taken for the work all the same.
TEST(Simulation, AnOperationMayAnswerBeforeItsWork) {
  System system = chain({one_operation("a", constant(0.001), 1000), one_operation("b", constant(0.010), 1)});
  system.services[1].operations[0].answer_first = true;
  auto simulation = simulate(system);
  const auto arrivals = arrivals_for(system, {{80, seconds(10)}}, 1, true);
  simulation->start(*arrivals);
  simulation->run_until(seconds(11));
  EXPECT_NEAR(simulation->results().steps[0].response.mean(), 1000, 1) << "nobody waits at 80 a second";
  EXPECT_NEAR(simulation->watermark(1).busy_seconds, 8, 0.02);
  EXPECT_EQ(simulation->watermark(1).completed, 800U);
}

TEST(Simulation, ABreakerStopsCallsToABrokenServiceAndLetsThemBackIn) {
  System system = chain({one_operation("a", constant(0.001), 1000), one_operation("b", constant(0.001), 1000)});
  system.services[0].guard.breaker = guard::default_breaker("sequential");
  system.faults = {{.kind = Fault::Kind::errors, .at = seconds(10), .until = seconds(20), .service = "b", .share = 1}};
  auto simulation = simulate(system);
  const auto arrivals = arrivals_for(system, {{100, seconds(40)}});
  simulation->start(*arrivals);
  simulation->run_until(seconds(20));
  const auto stopped = simulation->results().answers[static_cast<std::size_t>(Answer::open_circuit)];
  EXPECT_GT(stopped, 800U) << "open within a second of the outage";
  EXPECT_GE(simulation->results().trips, 1U);
  simulation->run_until(seconds(22));
  simulation->reset_results();
  simulation->run_until(seconds(40));
  EXPECT_EQ(simulation->results().steps[0].requests.failed, 0U);
}

TEST(Simulation, FaultsComeAndGo) {
  System system = chain({one_operation("a", constant(0.001), 1000), one_operation("b", constant(0.001), 1000)});
  system.services[1].nodes = 2;
  system.timeout = seconds(30);
  system.faults = {
      {.kind = Fault::Kind::errors, .at = seconds(10), .until = seconds(20), .service = "b", .share = 0.25},
      {.kind = Fault::Kind::slow, .at = seconds(30), .until = seconds(40), .service = "b", .factor = 10},
      {.kind = Fault::Kind::kill,
       .at = seconds(50),
       .until = seconds(60),
       .service = "b",
       .node = 1,
       .noticed = seconds(2)},
      {.kind = Fault::Kind::stall, .at = seconds(70), .until = seconds(75), .service = "b"}};
  auto simulation = simulate(system);
  const auto arrivals = arrivals_for(system, {{1000, seconds(80)}}, 1, true);
  simulation->start(*arrivals);
  auto between = [&](int from, int to) -> const Results& {
    simulation->run_until(seconds(from));
    simulation->reset_results();
    simulation->run_until(seconds(to));
    return simulation->results();
  };
  EXPECT_EQ(between(0, 9).answers[0], 9000U - 2);
  EXPECT_NEAR(static_cast<double>(between(10, 20).answers[1]), 2500, 200);
  EXPECT_NEAR(between(31, 39).steps[0].response.mean(), 11'000, 20);
  const auto killed = between(50, 60);
  EXPECT_NEAR(static_cast<double>(killed.answers[static_cast<std::size_t>(Answer::unreachable)]), 1000, 120)
      << "half of what comes until it is noticed";
  const auto stalled = between(70, 80);
  EXPECT_GE(stalled.steps[0].response.max(), 4'990'000);
  EXPECT_NEAR(static_cast<double>(stalled.answers[0]), 10'000, 10) << "late, but answered";
}

TEST(Simulation, ARegionFailsOverToTheOthers) {
  System system = chain({one_operation("a", constant(0.001), 1000), one_operation("b", constant(0.001), 1000)});
  system.regions = {{.name = "eu", .weight = 1}, {.name = "us", .weight = 3, .delay = milliseconds(40)}};
  system.services[1].region = "eu";
  system.faults = {
      {.kind = Fault::Kind::region, .at = seconds(10), .until = seconds(20), .region = "us", .noticed = seconds(1)}};
  auto simulation = simulate(system);
  const auto arrivals = arrivals_for(system, {{1000, seconds(30)}});
  simulation->start(*arrivals);
  simulation->run_until(seconds(10));
  const auto before = simulation->results();
  EXPECT_EQ(before.answers[0], before.steps[0].requests.ok);
  EXPECT_NEAR(before.steps[0].response.mean(), 2000 + 0.75 * 80'000, 1000) << "us calls b in eu, there and back";
  simulation->reset_results();
  simulation->run_until(seconds(20));
  const auto failing = simulation->results();
  EXPECT_NEAR(static_cast<double>(failing.answers[static_cast<std::size_t>(Answer::unreachable)]), 750, 120);
  EXPECT_NEAR(static_cast<double>(failing.answers[0]), 9250, 300);
}

}  // namespace
}  // namespace tidemark::twin
