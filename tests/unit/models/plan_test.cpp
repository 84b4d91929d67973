#include "models/capacity/plan.h"

#include <gtest/gtest.h>

#include <cmath>

#include <nlohmann/json.hpp>

#include "models/capacity/queueing.h"
#include "tests/unit/models/small_model.h"

namespace tidemark::capacity {
namespace {

using tidemark::testing::small_model;

TEST(ParseSlo, ReadsQuantileLimitAndUnit) {
  EXPECT_EQ(parse_slo("p99=86ms")->limit_us, 86'000);
  EXPECT_EQ(parse_slo("p99=86ms")->quantile, 0.99);
  EXPECT_EQ(parse_slo("p99.9=0.5s")->limit_us, 500'000);
  EXPECT_EQ(parse_slo("p99.9=0.5s")->quantile, 0.999);
  EXPECT_EQ(parse_slo("p50=250us")->limit_us, 250);
}

TEST(ParseSlo, SaysWhatIsWrong) {
  const struct {
    const char *text, *what;
  } rows[] = {{"86ms", "has no \"=\""},
              {"p98=86ms", "the quantile is none of p50, p90, p95, p99, p99.9"},
              {"p99=fast", "the limit is not a number"},
              {"p99=86", "the limit's unit is none of us, ms, s"},
              {"p99=86m", "the limit's unit is none of us, ms, s"},
              {"p99=0ms", "the limit is not between 0 and an hour"},
              {"p99=-1ms", "the limit is not between 0 and an hour"},
              {"p99=2e9s", "the limit is not between 0 and an hour"},
              {"p99=nans", "the limit is not between 0 and an hour"}};
  for (const auto& row : rows) {
    const auto slo = parse_slo(row.text);
    ASSERT_FALSE(slo) << row.text;
    EXPECT_EQ(slo.error().code, ExitCode::usage);
    EXPECT_EQ(slo.error().what, row.what) << row.text;
  }
}

TEST(Predict, AddsTheWaitToTheBase) {
  const auto idle = predict(small_model(), {.rate = 1}, {{"work", 3}});
  ASSERT_TRUE(idle) << idle.error().message();
  EXPECT_NEAR(idle->front().quantile_us.value, 57'500, 400);
  const auto busy = predict(small_model(), {.rate = 480}, {{"work", 3}});
  ASSERT_TRUE(busy);
  // At 80 % of four slots: the mean wait of M/M/4 by Erlang, times (1 + cv^2) / 2, moves the middle.
  const double wait = 1e6 * variability(0.6) * mean_wait_s({4, 160, 0.02});
  EXPECT_NEAR(busy->front().p50_us - idle->front().p50_us, wait, 0.3 * wait);
  EXPECT_GT(busy->front().quantile_us.value, idle->front().quantile_us.value + wait);
  EXPECT_LT(busy->front().quantile_us.low, busy->front().quantile_us.value);
  EXPECT_GT(busy->front().quantile_us.high, busy->front().quantile_us.value);
}

TEST(Predict, RefusesAnOverloadedService) {
  const auto predicted = predict(small_model(), {.rate = 480}, {{"work", 2}});
  ASSERT_FALSE(predicted);
  EXPECT_EQ(predicted.error().code, ExitCode::undecided);
  EXPECT_EQ(predicted.error().what, "work would be 120 % busy with 2 node(s): its queue would grow without end");
}

TEST(MakePlan, TakesTheLeastNodesThatHold) {
  for (const double rate : {100.0, 300.0, 480.0, 700.0}) {
    const auto plan = make_plan(small_model(), {.rate = rate});
    ASSERT_TRUE(plan) << plan.error().message();
    const auto& work = plan->services.at("work");
    EXPECT_TRUE(plan->predicted.front().holds);
    EXPECT_LE(plan->predicted.front().quantile_us.value, 86'000);
    EXPECT_GE(work.nodes, work.nodes_before_headroom);
    EXPECT_EQ(plan->bottleneck, "work");
    EXPECT_NEAR(work.requests_per_second, rate, 1e-9);
    if (work.nodes_before_headroom == 1) continue;
    ASSERT_EQ(plan->predicted_less.size(), 1U);
    EXPECT_FALSE(plan->predicted_less.front().holds);
  }
}

TEST(MakePlan, NeverPlansLessForMore) {
  std::uint32_t before = 1;
  for (double rate = 50; rate < 1500; rate *= 2) {
    const auto plan = make_plan(small_model(), {.rate = rate});
    ASSERT_TRUE(plan);
    EXPECT_GE(plan->services.at("work").nodes_before_headroom, before);
    before = plan->services.at("work").nodes_before_headroom;
  }
  EXPECT_GE(before, 5U);
}

TEST(MakePlan, GivesItsReasonInPlainWords) {
  const auto plan = make_plan(small_model(), {.rate = 480});
  ASSERT_TRUE(plan);
  const auto& reason = plan->services.at("work").reason;
  EXPECT_NE(reason.find(" nodes, each "), std::string::npos) << reason;
  EXPECT_NE(reason.find("% busy at 480 requests/s; with "), std::string::npos) << reason;
  EXPECT_NE(plan->services.at("store").reason.find("it owns state"), std::string::npos);
}

TEST(MakePlan, RefusesAnSloBelowTheBase) {
  const auto plan = make_plan(small_model(), {.rate = 10, .slo = {0.99, 40'000}});
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, ExitCode::undecided);
  EXPECT_NE(plan.error().what.find("p99 of view is 57."), std::string::npos) << plan.error().what;
  EXPECT_NE(plan.error().what.find("no node removes that"), std::string::npos);
}

TEST(MakePlan, NamesTheStoreThatDoesNotScaleOut) {
  const auto plan = make_plan(small_model(), {.rate = 4100});
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, ExitCode::undecided);
  EXPECT_NE(plan.error().what.find("store would be 10"), std::string::npos) << plan.error().what;
  EXPECT_NE(plan.error().what.find("more nodes of it are not an option"), std::string::npos);
}

TEST(MakePlan, NamesTheStoreWhoseWaitNoNodeRemoves) {
  auto model = small_model();
  model.services["store"] = tidemark::testing::service_with_pool("store", 1, 0.010);
  model.services["store"].scales_out = false;
  model.demand["view"]["store"].busy_s = model.services["store"].hold_s;
  const auto plan = make_plan(model, {.rate = 90, .slo = {0.99, 70'000}});
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, ExitCode::undecided);
  EXPECT_NE(plan.error().what.find("is store's, which does not scale out"), std::string::npos) << plan.error().what;
}

TEST(MakePlan, RefusesRequestsThatMeanNothing) {
  for (const double rate : {0.0, -1.0, std::nan(""), 1e12})
    EXPECT_EQ(make_plan(small_model(), {.rate = rate}).error().code, ExitCode::usage);
  EXPECT_EQ(make_plan(small_model(), {.rate = 1, .headroom = -0.1}).error().code, ExitCode::usage);
  EXPECT_EQ(make_plan(small_model(), {.rate = 1, .slo = {1, 1000}}).error().code, ExitCode::usage);
  const auto unknown = make_plan(small_model(), {.rate = 1, .mix = {{"buy", 1}}});
  EXPECT_EQ(unknown.error().message(), "mix: the model does not know a flow \"buy\" (it knows: view)");
  EXPECT_EQ(make_plan(small_model(), {.rate = 1, .mix = {{"view", 0}}}).error().code, ExitCode::usage);
  EXPECT_EQ(make_plan(small_model(), {.rate = 1, .mix = {{"view", -1}}}).error().code, ExitCode::usage);
}

TEST(MakePlan, LimitsTheEdgeAtWhatThePlannedNodesHold) {
  const auto plan = make_plan(small_model(), {.rate = 480});
  ASSERT_TRUE(plan);
  const auto& edge = plan->limits.at("edge");
  EXPECT_GE(edge.rate, 480 * 1.2 * 0.995);
  EXPECT_DOUBLE_EQ(edge.burst, edge.rate * 0.1);
  const std::map<std::string, std::uint32_t> nodes = {{"work", plan->services.at("work").nodes},
                                                      {"edge", plan->services.at("edge").nodes}};
  const auto at_limit = predict(small_model(), {.rate = edge.rate}, nodes);
  ASSERT_TRUE(at_limit);
  EXPECT_TRUE(at_limit->front().holds);
  const auto past = predict(small_model(), {.rate = edge.rate * 1.03}, nodes);
  EXPECT_TRUE(!past || !past->front().holds);
  const auto little = make_plan(small_model(), {.rate = 5, .headroom = 0});
  ASSERT_TRUE(little);
  EXPECT_DOUBLE_EQ(little->limits.at("edge").burst, std::max(10.0, 0.1 * little->limits.at("edge").rate));
}

TEST(MakePlan, FlagsWhatItExtrapolates) {
  const auto plan = make_plan(small_model(), {.rate = 1200});
  ASSERT_TRUE(plan);
  std::string all;
  for (const auto& note : plan->notes) all += note + "\n";
  EXPECT_NE(all.find("nodes are planned, at most 3 were measured"), std::string::npos) << all;
  EXPECT_NE(all.find("1440 flows/s are planned for, at most 300 were measured"), std::string::npos) << all;
}

TEST(MakePlan, MakesRoomForCallersThatHoldTheirSlots) {
  // An edge with few slots: its hold grows with the wait at `work`, so it needs more than its own work suggests.
  auto model = small_model();
  model.services["edge"].workers = 8;
  const auto plan = make_plan(model, {.rate = 600});
  ASSERT_TRUE(plan) << plan.error().message();
  const double own = 600 * 0.022 / 8;
  EXPECT_GE(plan->services.at("edge").nodes_before_headroom, std::ceil(own));
  EXPECT_GT(plan->services.at("edge").busy_share * plan->services.at("edge").nodes_before_headroom, own * 1.02);
}

TEST(MakePlan, IsTheSameForTheSameModel) {
  const auto a = make_plan(small_model(), {.rate = 700}), b = make_plan(small_model(), {.rate = 700});
  EXPECT_EQ(to_json(*a).dump(), to_json(*b).dump());
}

}  // namespace
}  // namespace tidemark::capacity
