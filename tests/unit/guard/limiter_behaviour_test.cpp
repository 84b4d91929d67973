// One published behaviour of each rival, reproduced: a rival that does not show its known defect is not that rival.
#include <gtest/gtest.h>

#include <memory>

#include "engine/guard/concurrency_limiter.h"
#include "engine/guard/dagor_limiter.h"
#include "engine/guard/envoy_gradient_limiter.h"
#include "engine/guard/limiter_settings.h"
#include "engine/guard/sentinel_system_limiter.h"
#include "tests/unit/guard/limited_node.h"

namespace tidemark::guard {
namespace {

using std::chrono::seconds;

std::unique_ptr<Limiter> published(std::string_view kind) {
  return make_limiter(*default_limiter(kind), 1);
}

// Envoy's documentation: "noticeable increase in request 503s ... is expected". 20 ms, 50 requests, pinned to 3: 150 a
// second for a third of a second.
TEST(EnvoyBehaviour, TheMinRttPinCapsAHealthyService) {
  const LimitedNode node{.stages = {{500, 70}}, .workers = 100, .service_s = 0.02, .cv = 0};
  EnvoyGradientLimiter limiter({.jitter = 0}, 1);
  const auto out = node.run(limiter);
  double pinned_s = 0, good = 0;
  for (std::size_t i = 20 * 50; i < out.bins.size(); ++i) {
    if (out.bins[i].limit > 3) continue;
    pinned_s += node.bin_s;
    good += static_cast<double>(out.bins[i].good);
  }
  EXPECT_GE(pinned_s, 0.3) << "once in the minute";
  EXPECT_LE(pinned_s, 0.5) << "in whole windows of 50 ms, and what was in flight goes first";
  EXPECT_NEAR(good / pinned_s, 150, 40);
  EXPECT_GT(out.refusals(), 100U) << "of a service that uses a tenth of its workers";
}

// envoyproxy/envoy#11579: the baseline that is measured under load holds the load's queue.
TEST(EnvoyBehaviour, TheBaselineClimbsUnderLoad) {
  const EnvoyGradientSettings settings{.min_concurrency = 20, .jitter = 0, .min_rtt_interval = seconds(5)};
  LimitedNode node{.stages = {{400, 30}}, .workers = 8, .cv = 0};
  EnvoyGradientLimiter calm(settings, 1);
  node.run(calm);
  EXPECT_NEAR(calm.min_rtt_s(), 0.010, 0.001);
  node.stages = {{400, 5}, {1600, 25}};
  EnvoyGradientLimiter loaded(settings, 1);
  node.run(loaded);
  EXPECT_GT(loaded.min_rtt_s(), 0.020) << "twenty in flight on eight workers";
}

// envoyproxy/envoy#38338: a degradation that lasts becomes the new baseline.
TEST(EnvoyBehaviour, ASustainedDegradationBecomesTheBaseline) {
  EnvoyGradientLimiter limiter({.jitter = 0, .min_rtt_interval = seconds(10)}, 1);
  const LimitedNode node{.stages = {{400, 40}}, .workers = 100, .cv = 0};
  node.run(limiter, [](double now_s) { return now_s < 5 ? 0.01 : 0.1; });
  EXPECT_NEAR(limiter.min_rtt_s(), 0.1, 0.01);
}

// Netflix/concurrency-limits#165: the smallest time is measured anew while a queue stands, so it holds the queue.
TEST(VegasBehaviour, TheFloorDriftsUpWithAStandingQueue) {
  const LimitedNode node{.stages = {{1000, 60}}, .workers = 1, .cv = 0, .timeout_s = 1e9};
  auto limiter = published("vegas");
  const auto out = node.run(*limiter);
  EXPECT_GT(out.bins[20 * 59].limit, 30) << "one worker would do with two in flight";
  EXPECT_GT(out.bins[20 * 59].limit, 2 * out.bins[20 * 5].limit);
}

// Netflix/concurrency-limits#134: "the limit will gradually increase indefinitely" under mild overload.
TEST(Gradient2Behaviour, CreepsUpUnderMildOverload) {
  const LimitedNode node{.stages = {{880, 60}}, .workers = 8, .cv = 0, .timeout_s = 1e9};
  auto limiter = published("gradient2");
  const auto out = node.run(*limiter);
  EXPECT_EQ(out.bins[20 * 59].limit, 200) << "its maximum, with eight workers";
}

// alibaba/Sentinel#3212: the floor is the smallest time of the last second. The load average crosses its threshold when
// a queue has stood for longer than that, so the rule takes the queue for the service and keeps it.
TEST(SentinelSystemBehaviour, TheFloorIsOneSecondOldAndKeepsTheQueue) {
  const LimitedNode node{.stages = {{1200, 20}}, .workers = 8, .cv = 0, .timeout_s = 1e9};
  const Instant start(std::chrono::hours(1));
  SentinelSystemLimiter limiter({.load = 1}, [start](Instant now) { return now - start < seconds(3) ? 0.0 : 2.0; });
  const auto out = node.run(limiter);
  EXPECT_GT(out.refusals(), 1000U);
  EXPECT_GT(out.bins[20 * 19].limit, 100) << "in flight, where eight workers would do with a dozen";
  EXPECT_GT(out.quantile_s(0.5), 0.5) << "a service of 10 ms";
}

// A limit in flight that nothing but a five-second answer can lower grows to its maximum.
TEST(AimdBehaviour, WithoutDropsItGrowsToItsMaximum) {
  const LimitedNode node{.stages = {{1200, 20}}, .workers = 8, .timeout_s = 1e9};
  auto limiter = published("aimd");
  EXPECT_EQ(node.run(*limiter).bins[20 * 19].limit, 200);
}

// Netflix' own warning of v1: the probe gives away most of the limit.
TEST(GradientBehaviour, TheProbeCutsAHealthyServiceDown) {
  const LimitedNode node{.stages = {{4000, 20}}, .workers = 100, .cv = 0};
  auto limiter = published("gradient");
  const auto out = node.run(*limiter);
  double lowest = 1000;
  for (std::size_t i = 20; i < 20 * 20; ++i) lowest = std::min(lowest, out.bins[i].limit);
  EXPECT_LT(lowest, 40) << "forty are in flight at 4,000 a second x 10 ms";
}

// DAGOR's reason to be: a request of several calls is worth nothing unless each is admitted.
TEST(DagorBehaviour, SecondCallsOfAdmittedRequestsAreAdmitted) {
  const LimitedNode node{.stages = {{800, 60}}, .workers = 8, .mix = {0, 0, 1, 0}, .calls = 2};
  auto dagor = published("dagor");
  const auto consistent = node.run(*dagor);
  auto fixed = make_limiter({.rule = FixedSettings{.max = 24}}, 1);
  const auto random = node.run(*fixed);
  const double share = static_cast<double>(consistent.half_done) / static_cast<double>(consistent.good[2]);
  const double random_share = static_cast<double>(random.half_done) / static_cast<double>(random.good[2]);
  EXPECT_LT(share, 0.15);
  EXPECT_GT(random_share, 0.5) << "half of the second calls are refused where each call is decided alone";
}

TEST(NoLimitBehaviour, TheQueueGrowsUntilNothingIsInTime) {
  const LimitedNode node{.stages = {{1600, 10}}, .workers = 8};
  auto limiter = published("none");
  const auto out = node.run(*limiter);
  EXPECT_LT(out.good_between(5, 10, node.bin_s), 0.01 * node.capacity_rps());
}

}  // namespace
}  // namespace tidemark::guard
