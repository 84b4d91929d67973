// model.json, plan.json, limits.json and verification.json: what is written is read back, and what is wrong is named.
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "models/capacity/plan.h"
#include "tests/unit/models/small_model.h"

namespace tidemark::capacity {
namespace {

using nlohmann::json;
using tidemark::testing::small_model;

Plan small_plan() {
  return make_plan(small_model(), {.rate = 480}).value();
}

Verification small_verification() {
  Verification verification{
      .run_id = "r", .nodes = {{"work", 3}}, .rate = 480, .achieved_rate = 479.5, .one_less = true};
  verification.steps.push_back({"view", HUGE_VAL, {90'000, 80'000, HUGE_VAL}, 0, "undecided"});
  verification.verdict = "undecided";
  verification.notes = {"n"};
  return verification;
}

TEST(ModelFile, IsReadBackAsWritten) {
  const json written = to_json(small_model());
  const auto read = parse_model(json::parse(written.dump()), "model.json");
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(to_json(*read).dump(), written.dump());
  EXPECT_EQ(read->steps.front().base, small_model().steps.front().base);
}

TEST(PlanFile, IsReadBackAsWritten) {
  auto plan = small_plan();
  plan.predicted_less.front().quantile_us = {HUGE_VAL, HUGE_VAL, HUGE_VAL};  // a queue without end
  const json written = to_json(plan);
  EXPECT_TRUE(written["predicted_less"][0]["quantile_us"]["value"].is_null());
  const auto read = parse_plan(json::parse(written.dump()), "plan.json");
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(to_json(*read).dump(), written.dump());
  EXPECT_TRUE(std::isinf(read->predicted_less.front().quantile_us.value));
}

TEST(VerificationFile, IsReadBackAsWritten) {
  const json written = to_json(small_verification());
  const auto read = parse_verification(json::parse(written.dump()), "verification.json");
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(to_json(*read).dump(), written.dump());
}

TEST(LimitsFile, HoldsRateAndBurstPerService) {
  const json limits = limits_json(small_plan());
  EXPECT_EQ(limits["schema"], "tidemark.limits/1");
  EXPECT_GT(limits["limits"]["edge"]["rate"].get<double>(), 480);
  EXPECT_GE(limits["limits"]["edge"]["burst"].get<double>(), 10);
}

struct Damage {
  const char* pointer;
  json value;  // null: the field is removed
  const char* message;
};

template <class Parse>
void expect_refused(const json& good, const Damage& damage, Parse parse) {
  json bad = good;
  const json::json_pointer pointer(damage.pointer);
  if (damage.value.is_null()) {
    bad.at(pointer.parent_pointer()).erase(pointer.back());
  } else {
    bad[pointer] = damage.value;
  }
  const auto read = parse(bad, "file.json");
  ASSERT_FALSE(read) << damage.pointer;
  EXPECT_EQ(read.error().code, ExitCode::usage) << damage.pointer;
  EXPECT_NE(read.error().message().find(damage.message), std::string::npos) << read.error().message();
}

TEST(ModelFile, NamesTheFieldThatIsWrong) {
  const json good = to_json(small_model());
  const Damage rows[] = {
      {"/schema", nullptr, "file.json: schema is missing"},
      {"/schema", "tidemark.plan/1", "schema is tidemark.plan/1"},
      {"/run_ids", 3, "run_ids"},
      {"/services/work/workers", "four", "services.work.workers"},
      {"/services/work/workers", 2'000'000, "services.work.workers is above 1000000"},
      {"/services/work/hold_s/value", "x", "services.work.hold_s.value"},
      {"/services/work/hold_s/value", -1, "services.work.hold_s"},
      {"/services/work/hold_cv", -1, "services.work.hold_cv"},
      {"/services/work/chosen", "guess", "services.work.chosen"},
      {"/services/work/fits/0/law", nullptr, "services.work.fits[0].law"},
      {"/services/work/points/0/nodes", -1, "services.work.points[0].nodes"},
      {"/services/edge/hold_waits/ghost", 1, "services.edge.hold_waits.ghost is no service of the model"},
      {"/demand/view/work/visits", nullptr, "view.work.visits"},
      {"/demand/view/work/visits", 1e9, "demand.view.work.visits is not between 0 and 1000"},
      {"/demand/view/ghost", good["demand"]["view"]["work"], "demand.view.ghost is no service of the model"},
      {"/demand/view", 1, "view"},
      {"/demand", nullptr, "demand is not an object"},
      {"/steps/0/path/ghost", 1, "steps.view.path.ghost is no service of the model"},
      {"/steps/0/base", "!!", "steps[0].base"},
      {"/steps/0/base", nullptr, "steps[0].base"},
      {"/notes", nullptr, "notes"}};
  for (const auto& row : rows) expect_refused(good, row, parse_model);
}

TEST(PlanFile, NamesTheFieldThatIsWrong) {
  const json good = to_json(small_plan());
  const Damage rows[] = {{"/rate", nullptr, "rate is missing"},
                         {"/rate", 0, "rate is not above 0"},
                         {"/slo/quantile", 1, "slo.quantile is not between 0 and 1"},
                         {"/slo/limit_us", -5, "slo.limit_us"},
                         {"/services/work/nodes", 0, "services.work.nodes is 0"},
                         {"/services/work/nodes_before_headroom", 0, "nodes_before_headroom is 0"},
                         {"/services/work/reason", 3, "services.work.reason"},
                         {"/bottleneck", "ghost", "bottleneck is no service of the plan"},
                         {"/predicted/0/holds", "yes", "predicted[0].holds"},
                         {"/limits/edge/rate", "fast", "limits.edge.rate"}};
  for (const auto& row : rows) expect_refused(good, row, parse_plan);
}

TEST(VerificationFile, NamesTheFieldThatIsWrong) {
  const json good = to_json(small_verification());
  const Damage rows[] = {{"/verdict", "perhaps", "verdict is none of"},
                         {"/steps/0/slo", "maybe", "steps[0].slo is none of"},
                         {"/nodes/work", -1, "nodes"},
                         {"/nodes/work", 5'000'000'000, "nodes.work is not a count"},
                         {"/achieved_rate", nullptr, "achieved_rate is missing"}};
  for (const auto& row : rows) expect_refused(good, row, parse_verification);
}

}  // namespace
}  // namespace tidemark::capacity
