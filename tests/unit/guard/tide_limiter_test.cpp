// What tide promises, on one simulated node: bursts are not refused, overload costs nothing but its excess, the
// important waits longest, what was begun is finished.
#include "engine/guard/tide_limiter.h"

#include <gtest/gtest.h>

#include "tests/unit/guard/limited_node.h"

namespace tidemark::guard {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Instant at(Nanos offset) {
  return Instant(std::chrono::hours(100)) + offset;
}

TEST(Tide, RefusesNobodyAtSeventyPercentForAnHour) {
  const struct {
    std::uint32_t workers;
    double cv;
  } cases[] = {{8, 0.5}, {8, 1}, {8, 2}, {2, 1}, {16, 1}};
  for (const auto& c : cases) {
    LimitedNode node{.workers = c.workers, .cv = c.cv, .mix = {0.2, 0.3, 0.4, 0.1}};
    node.stages = {{0.7 * node.capacity_rps(), 3600}};
    TideLimiter limiter({});
    const auto out = node.run(limiter);
    EXPECT_EQ(out.refusals(), 0U) << c.workers << " workers, cv " << c.cv << ", longest wait " << out.longest_wait_s;
  }
}

TEST(Tide, KeepsTheCapacityAtTwiceAndAtTenTimesTheLoad) {
  for (const double cv : {0.5, 1.0, 2.0}) {
    for (const double load : {1.1, 2.0, 10.0}) {
      LimitedNode node{.workers = 8, .cv = cv, .mix = {0.05, 0.05, 0.8, 0.1}};
      node.stages = {{load * node.capacity_rps(), 60}};
      TideLimiter limiter({});
      const auto out = node.run(limiter);
      EXPECT_GT(out.good_between(1, 60, node.bin_s), 0.95 * node.capacity_rps()) << "cv " << cv << ", load " << load;
    }
  }
}

TEST(Tide, AnswersAtTwiceTheLoadDoNotWaitLong) {
  LimitedNode node{.workers = 8, .mix = {0, 0, 1, 0}};
  node.stages = {{2 * node.capacity_rps(), 60}};
  TideLimiter limiter({});
  const auto out = node.run(limiter);
  EXPECT_LT(out.quantile_s(0.5), 0.045);
  EXPECT_LT(out.quantile_s(0.99), 0.100);
}

TEST(Tide, CorePassesAtTwiceTheLoadWhileShadowAndBrowseAreShed) {
  LimitedNode node{.workers = 8, .mix = {0.2, 0.1, 0.5, 0.2}};
  node.stages = {{2 * node.capacity_rps(), 120}};
  TideLimiter limiter({});
  const auto out = node.run(limiter);
  const auto share = [&out](int p) {
    return static_cast<double>(out.good[static_cast<std::size_t>(p)]) /
           static_cast<double>(out.arrived[static_cast<std::size_t>(p)]);
  };
  EXPECT_GE(share(0), 0.999);
  EXPECT_GE(share(1), 0.99);
  EXPECT_NEAR(share(2), 0.4, 0.05) << "what is left: (1 - 0.6) / 1.0";
  EXPECT_LT(share(3), 0.02);
}

TEST(Tide, AStepFromSeventyToAHundredAndFortyPercentCostsNothing) {
  std::vector<double> good(40, 0.0);
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    LimitedNode node{.workers = 8, .cv = 0.5, .mix = {0.1, 0.2, 0.6, 0.1}, .seed = seed};
    node.stages = {{0.7 * node.capacity_rps(), 5}, {1.4 * node.capacity_rps(), 5}};
    TideLimiter limiter({});
    const auto out = node.run(limiter);
    for (std::size_t i = 0; i < good.size(); ++i)
      good[i] += out.good_between(5 + 0.05 * i, 5.05 + 0.05 * i, 0.05) / 200;
  }
  for (std::size_t i = 4; i < good.size(); ++i) EXPECT_GT(good[i], 0.95 * 800) << "window " << i;
}

TEST(Tide, DoesNotDriftInTwentyMinutesOfOverload) {
  LimitedNode node{.workers = 8, .mix = {0, 0, 1, 0}};
  node.stages = {{1.5 * node.capacity_rps(), 1200}};
  TideLimiter limiter({});
  const auto out = node.run(limiter);
  EXPECT_GT(out.good_between(1100, 1200, node.bin_s), 0.97 * node.capacity_rps());
  EXPECT_LT(out.quantile_s(0.99), 0.100);
}

TEST(Tide, FinishesWhatItBegan) {
  for (const bool told : {true, false}) {
    LimitedNode node{.workers = 8, .mix = {0, 0, 1, 0}, .calls = 3, .tell_under_way = told};
    node.stages = {{2 * node.capacity_rps(), 60}};
    TideLimiter limiter({});
    const auto out = node.run(limiter);
    EXPECT_GT(out.good_between(1, 60, node.bin_s), (told ? 0.97 : 0.8) * node.capacity_rps()) << told;
    if (told) EXPECT_EQ(out.half_done, 0U);
  }
}

TEST(Tide, FollowsAServiceThatTurnsSlow) {
  LimitedNode node{.workers = 8, .mix = {0.2, 0, 0.8, 0}};
  node.stages = {{800, 30}};
  TideLimiter limiter({});
  const auto out = node.run(limiter, [](double now_s) { return now_s < 10 ? 0.005 : 0.05; });
  EXPECT_GT(out.good_between(12, 30, node.bin_s), 0.95 * 160);
  EXPECT_NEAR(limiter.drain_rps(), 160, 40);
}

TEST(Tide, IsCalmAgainSoonAfterTheOverload) {
  LimitedNode node{.workers = 8, .mix = {0, 0, 1, 0}};
  const double capacity = node.capacity_rps();
  node.stages = {{2 * capacity, 5}, {0.7 * capacity, 5}};
  TideLimiter limiter({});
  const auto out = node.run(limiter);
  EXPECT_FALSE(limiter.alarmed());
  EXPECT_NEAR(out.good_between(6, 10, node.bin_s), 0.7 * capacity, 0.05 * capacity);
}

TEST(Tide, RanksWhatIsBegunThenPriorityThenCohort) {
  TideLimiter limiter({});
  for (int i = 0; i < 400; ++i) {
    const Ask ask{.priority = static_cast<Priority>(i % 4), .cohort = static_cast<std::uint8_t>(i % 128)};
    limiter.admit(at(milliseconds(i)), ask);
  }
  double last = -1;
  for (const Priority priority : {Priority::core, Priority::normal, Priority::browse, Priority::shadow}) {
    for (int cohort = 0; cohort < 128; ++cohort) {
      const double rank = limiter.rank({.priority = priority, .cohort = static_cast<std::uint8_t>(cohort)});
      EXPECT_GT(rank, last);
      last = rank;
    }
  }
  EXPECT_LT(last, 1);
  EXPECT_NEAR(limiter.rank({.priority = Priority::browse}), 0.5, 0.01) << "half of what arrives is more important";
  EXPECT_EQ(limiter.rank({.priority = Priority::shadow, .under_way = true}), 0);
}

TEST(Tide, CountsWhatWaitsThroughEveryWayARequestCanEnd) {
  TideLimiter limiter({});
  for (int i = 0; i < 4; ++i) limiter.admit(at(Nanos{}), {});
  EXPECT_EQ(limiter.queued(), 4U);
  limiter.started(at(milliseconds(1)), Nanos{});
  limiter.started(at(milliseconds(1)), milliseconds(1));
  limiter.abandoned(at(milliseconds(2)));
  EXPECT_EQ(limiter.queued(), 1U);
  EXPECT_EQ(limiter.drain_rps(), 0) << "no answer yet";
  limiter.finished(at(milliseconds(11)), {.latency = milliseconds(11), .queued = milliseconds(1)});
  EXPECT_DOUBLE_EQ(limiter.drain_rps(), 200) << "two workers, 10 ms";
  limiter.finished(at(milliseconds(31)), {.latency = milliseconds(30), .dropped = true});
  EXPECT_DOUBLE_EQ(limiter.drain_rps(), 100) << "what came too late has held a worker, too: 20 ms on average";
  EXPECT_EQ(limiter.queued(), 1U);
}

}  // namespace
}  // namespace tidemark::guard
