// The grammar of loads: the ways to write one, what they mean, what is refused, and that the resolved form means the
// same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "engine/schedule/scenario.h"

namespace tidemark::schedule {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;

const std::string kFlows =
    "\nflows: [{name: a, steps: [{get: /a}]}, {name: b, steps: [{get: /b}]}, {name: c, steps: [{get: /c}]}]";

Scenario parsed(const std::string& load) {
  auto scenario = parse_scenario(load + kFlows, "s.yaml", {}, "dir");
  EXPECT_TRUE(scenario) << scenario.error().message();
  return scenario ? *scenario : Scenario{};
}

std::string problem_of(const std::string& load) {
  const auto scenario = parse_scenario(load + kFlows, "s.yaml", {}, "dir");
  return scenario ? "" : scenario.error().what;
}

std::vector<std::string> lines_of(const Load& load) {
  std::vector<std::string> lines;
  for (const Stage& stage : load.stages) {
    lines.push_back(std::to_string(static_cast<int>(stage.from.per_second())) + ">" +
                    std::to_string(static_cast<int>(stage.to.per_second())) + " " +
                    std::to_string(stage.duration / milliseconds(1)));
  }
  return lines;
}

TEST(Load, StepsAreStages) {
  EXPECT_THAT(lines_of(parsed("load: {steps: {from: 100, to: 300, by: 100, every: 10s}}").load),
              ElementsAre("100>100 10000", "200>200 10000", "300>300 10000"));
  EXPECT_THAT(lines_of(parsed("load: {steps: {from: 30, to: 5, by: 10, every: 1s}}").load),
              ElementsAre("30>30 1000", "20>20 1000", "10>10 1000"))
      << "downwards, and never past the end";
  EXPECT_EQ(parsed("load: {steps: {from: 0, to: 0.3, by: 0.1, every: 1s}}").load.stages.size(), 4U)
      << "0.3 / 0.1 is below 3 in binary";
}

TEST(Load, ASpikeIsFiveStagesAtMost) {
  EXPECT_THAT(lines_of(parsed("load: {spike: {base: 100, factor: 5, before: 10s, rise: 2s, hold: 5s, fall: 1s, after: "
                              "20s}}")
                           .load),
              ElementsAre("100>100 10000", "100>500 2000", "500>500 5000", "500>100 1000", "100>100 20000"));
  EXPECT_THAT(lines_of(parsed("load: {spike: {base: 10, factor: 3, hold: 1s}}").load), ElementsAre("30>30 1000"));
}

TEST(Load, CurvesOfTheirOwn) {
  const Load sine =
      parsed("load: {arrivals: even, sine: {mean: 100, amplitude: 80, period: 24h, phase: 6h, duration: 48h}}").load;
  EXPECT_EQ(sine.sine->phase, std::chrono::hours(6));
  EXPECT_EQ(sine.length(), std::chrono::hours(48));
  const Load bursts = parsed("load: {bursts: {size: 50, every: 2s, duration: 11s}}").load;
  EXPECT_EQ(bursts.bursts->size, 50U);
  EXPECT_EQ(bursts.length(), seconds(11));
  for (const std::string load : {"load: {offsets: o.txt}", "load: {offsets: {file: o.txt}}"}) {
    const Load offsets = parsed(load).load;
    EXPECT_EQ(offsets.offsets->file, "dir/o.txt");
    EXPECT_EQ(offsets.offsets->speed, 1);
  }
}

TEST(Load, ClosedLoadsHaveUsers) {
  const Load plain = parsed("load: {model: closed, users: 30, duration: 20s, think: 1s, pacing: 3s, grace: 2s}").load;
  ASSERT_EQ(plain.user_stages().size(), 1U);
  EXPECT_EQ(plain.user_stages()[0].to, 30U);
  EXPECT_EQ(plain.connections, 0U) << "as many as it takes";
  EXPECT_EQ(plain.think.low, seconds(1));
  EXPECT_EQ(plain.pacing, seconds(3));
  EXPECT_EQ(plain.grace, seconds(2));
  EXPECT_EQ(plain.length(), seconds(20));
  const Load stages =
      parsed("load: {model: closed, stages: [{from: 0, to: 100, duration: 10s}, {users: 100, duration: 5s}]}").load;
  EXPECT_EQ(stages.users[0].to, 100U);
  EXPECT_EQ(stages.users[1].from, 100U);
  EXPECT_EQ(stages.length(), seconds(15));
  EXPECT_EQ(parsed("load: {model: closed, connections: 7, duration: 2s}").load.user_stages()[0].from, 7U)
      << "as scenarios have always written it";
}

TEST(Load, SeveralLoadsRunAtOnce) {
  const Scenario s = parsed(
      "loads:\n  - {rate: 100, duration: 10s, flows: [a, b]}\n  - {model: closed, users: 5, duration: 20s, flows: "
      "[c]}");
  ASSERT_EQ(s.loads().size(), 2U);
  EXPECT_THAT(s.loads()[0]->flows, ElementsAre("a", "b"));
  EXPECT_EQ(s.loads()[1]->model, Load::Model::closed);
  EXPECT_EQ(s.duration(), seconds(20));
  EXPECT_TRUE(s.loads()[1]->starts(s.flows[2]));
  EXPECT_FALSE(s.loads()[1]->starts(s.flows[0]));
}

TEST(Load, TheResolvedLoadIsTheLoad) {
  for (const std::string load :
       {"load: {steps: {from: 1, to: 3, by: 1, every: 1s}}", "load: {spike: {base: 1, factor: 2, rise: 1s}}",
        "load: {sine: {mean: 1, amplitude: 0.5, period: 1h, phase: 90s, duration: 2h}}",
        "load: {bursts: {size: 5, every: 1500us, duration: 1s}, flows: [b], grace: 0}",
        "load: {offsets: {file: o.txt, speed: 2.5}}", "load: {model: closed, users: 3, duration: 1s, think: 5ms}",
        "load: {model: closed, users: 3, duration: 1s, think: {exponential: 2s}}",
        "load: {model: closed, stages: [{from: 3, to: 0, duration: 1s}], pacing: 1s, connections: 2}",
        "loads: [{rate: 1, duration: 1s}, {model: closed, users: 3, duration: 1s}]"}) {
    const auto once = to_json(parsed(load));
    const auto twice = parse_scenario(once.dump(), "resolved", {});
    ASSERT_TRUE(twice) << twice.error().message();
    EXPECT_EQ(once, to_json(*twice)) << load;
  }
}

TEST(Load, ProblemsNameTheirPlace) {
  struct Case {
    std::string load, problem;
  };
  const std::vector<Case> cases = {
      {"load: {steps: {from: 1, to: 2, every: 1s}}", "s.yaml:1: load.steps.by: is missing"},
      {"load: {steps: {from: 1, to: 9000, by: 1, every: 1s}}",
       "s.yaml:1: load.steps: are 8999 steps, at most 1000 are allowed"},
      {"load: {spike: {base: 1, factor: 2}}", "s.yaml:1: load.spike: lasts no time: give 'rise', 'hold' or 'fall'"},
      {"load: {spike: {base: 1e6, factor: 20, hold: 1s}}",
       "s.yaml:1: load.spike.factor: makes a peak of 2e+07, at most 10000000 is allowed"},
      {"load: {sine: {mean: 1, amplitude: 2, period: 1s, duration: 1s}}",
       "s.yaml:1: load.sine.amplitude: must not be above 'mean': a rate is never negative"},
      {"load: {sine: {mean: 1, amplitude: 1, period: 1s, phase: 1s, duration: 1s}}",
       "s.yaml:1: load.sine.phase: must be shorter than 'period'"},
      {"load: {bursts: {size: 10000000, every: 1ms, duration: 700h}}", "s.yaml:1: load.bursts: plan too many arrivals"},
      {"load: {arrivals: even, bursts: {size: 1, every: 1s, duration: 1s}}",
       "s.yaml:1: load.arrivals: 'bursts' say themselves when flows arrive"},
      {"load: {rate: 1, duration: 1s, users: 3}", "s.yaml:1: load.users: belongs to a closed load: 'model: closed'"},
      {"load: {model: closed, users: 3, stages: [{users: 1, duration: 1s}]}",
       "s.yaml:1: load.users: stands in each of the stages"},
      {"load: {model: closed, stages: [{users: 1, to: 2, duration: 1s}]}",
       "s.yaml:1: load.stages[0]: needs either 'users', or 'from' and 'to'"},
      {"load: {rate: 1, duration: 1s, flows: [d]}", "s.yaml:1: load.flows: no flow is called 'd'"},
      {"load: {rate: 1, duration: 1s, flows: []}",
       "s.yaml:1: load.flows: needs at least one flow; without the key it is all of them"},
      {"loads: []", "s.yaml:1: loads: needs at least one load"},
      {"load: {rate: 1, duration: 1s}\nloads: [{rate: 1, duration: 1s}]",
       "s.yaml:2: loads: stands instead of 'load', not beside it"},
      {"loads: [{rate: 1, duration: 1s}, {replay: x.log}]",
       "s.yaml:1: loads[1].replay: a log brings its own flows and runs alone; 'offsets' may run beside others"},
      {"loads: [{rate: 1, duration: 1s}, {rat: 1, duration: 1s}]",
       "s.yaml:1: loads[1].rat: unknown key (did you mean 'rate'?)"},
  };
  for (const Case& c : cases) EXPECT_THAT(problem_of(c.load), testing::HasSubstr(c.problem)) << c.load;
}

}  // namespace
}  // namespace tidemark::schedule
