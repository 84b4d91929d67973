#include "models/twin/system_file.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "tests/unit/twin/twin_systems.h"

namespace tidemark::twin {
namespace {

constexpr const char* kFull = R"(
schema: tidemark.twin/1
name: full
timeout: 2s
deadlines: false
users: 77
keys: {count: 500, skew: 0.9, hot: 2, hot_share: 0.25}
regions:
  eu: {weight: 2, delay: 40ms}
  us: {}
services:
  edge:
    nodes: 2
    workers: 64
    queue_limit: 100
    balance: least_of_two
    slow_nodes: {2: 1.5}
    guard: {limiter: {kind: vegas, max: 50}, breaker: {}, retry: {attempts: 2}, pool: {policy: block, wait: 200ms}}
    caches:
      items: {ttl: 10s, capacity: 100, per_node: true}
    autoscaler: {rule: kpa, min: 2, max: 9, start_up: 5s}
    operations:
      look:
        time: {mixture: [{weight: 9, mean: 1ms, cv: 0.5}, {weight: 1, mean: 50ms}]}
        cpu_share: 0.5
        cache: items
        calls:
          - store.get
          - [{to: store.get, times: 2.5, optional: true}, store.get.slow]
          - {to: store.get, on_miss: true}
  store:
    region: eu
    cpu_quota: 0.5
    serial_share: 0.25
    crosstalk: 0.01
    operations:
      get: {time: {mean: 2ms, cv: 0.6}, idempotent: false, hold_worker: false}
      get.slow: {time: {exponential: 3ms}}
edges:
  - {delay: 50us, delay_cv: 0.2}
  - {from: edge, to: store, timeout: 100ms, at_once: 20}
flows:
  browse: {weight: 3, priority: browse, steps: [{call: edge.look, think: 1s}, {name: again, call: edge.look}]}
faults:
  - {kind: slow, at: 10s, until: 20s, service: store, factor: 3}
  - {kind: region, at: 30s, region: us}
)";

TEST(SystemFile, EveryFieldIsRead) {
  const auto system = parse_system(kFull, "full.yaml");
  ASSERT_TRUE(system) << system.error().message();
  EXPECT_EQ(system->name, "full");
  EXPECT_EQ(system->timeout, std::chrono::seconds(2));
  EXPECT_FALSE(system->deadlines);
  EXPECT_EQ(system->users, 77U);
  EXPECT_EQ(system->keys.hot, 2U);
  ASSERT_EQ(system->regions.size(), 2U);
  EXPECT_EQ(system->regions[0].weight, 2);
  ASSERT_EQ(system->services.size(), 2U);
  const Service& edge = system->services[0];
  EXPECT_EQ(edge.nodes, 2U);
  EXPECT_EQ(edge.balance, Balance::least_of_two);
  EXPECT_EQ(edge.slow_nodes.at(2), 1.5);
  EXPECT_EQ(edge.guard.limiter->kind(), "vegas");
  EXPECT_TRUE(edge.guard.breaker);
  EXPECT_EQ(edge.guard.retry->attempts, 2U);
  EXPECT_EQ(edge.guard.pool->wait, std::chrono::milliseconds(200));
  EXPECT_TRUE(edge.caches[0].per_node);
  EXPECT_EQ(edge.autoscaler->rule, Autoscaler::Rule::kpa);
  EXPECT_EQ(edge.autoscaler->tick, std::chrono::seconds(2)) << "the rule's own default";
  const Operation& look = edge.operations[0];
  EXPECT_NEAR(mean_s(look.time), 0.0059, 1e-12);
  ASSERT_EQ(look.then.size(), 3U);
  EXPECT_EQ(look.then[1].calls[0].times, 2.5);
  EXPECT_TRUE(look.then[1].calls[0].optional);
  EXPECT_EQ(look.then[1].calls[1].operation, "get.slow");
  EXPECT_TRUE(look.then[2].calls[0].on_miss);
  const Service& store = system->services[1];
  EXPECT_EQ(store.region, "eu");
  EXPECT_EQ(store.serial_share, 0.25);
  EXPECT_FALSE(store.operations[0].idempotent);
  EXPECT_FALSE(store.operations[0].hold_worker);
  EXPECT_EQ(store.operations[1].time.kind, ServiceTime::Kind::exponential);
  EXPECT_EQ(system->edges[1].at_once, 20U);
  EXPECT_EQ(system->flows[0].steps[0].name, "look");
  EXPECT_EQ(system->flows[0].steps[1].name, "again");
  EXPECT_EQ(system->flows[0].priority, guard::Priority::browse);
  EXPECT_EQ(system->faults[1].kind, Fault::Kind::region);
}

struct Slip {
  const char* name;
  const char* from;  // of the full file
  const char* to;
  const char* says;
};

class Malformed : public testing::TestWithParam<Slip> {};

TEST_P(Malformed, IsRefusedWithItsPlace) {
  std::string text = kFull;
  const std::size_t at = text.find(GetParam().from);
  ASSERT_NE(at, std::string::npos);
  text.replace(at, std::string(GetParam().from).size(), GetParam().to);
  const auto system = parse_system(text, "full.yaml");
  ASSERT_FALSE(system);
  EXPECT_EQ(system.error().code, ExitCode::usage);
  EXPECT_NE(system.error().message().find("full.yaml"), std::string::npos) << system.error().message();
  EXPECT_NE(system.error().message().find(GetParam().says), std::string::npos) << system.error().message();
}

INSTANTIATE_TEST_SUITE_P(
    Files, Malformed,
    testing::Values(Slip{"schema", "tidemark.twin/1", "tidemark.twin/2", "schema: must be tidemark.twin/1"},
                    Slip{"word", "queue_limit", "queue_limt",
                         ":15: services.edge.queue_limt: unknown key (did you mean 'queue_limit'?)"},
                    Slip{"number", "workers: 64", "workers: many", "services.edge.workers"},
                    Slip{"duration", "timeout: 2s", "timeout: 2", "timeout"},
                    Slip{"balance", "least_of_two", "least_of_tow", "did you mean 'least_of_two'"},
                    Slip{"guard", "kind: vegas", "kind: vagas", "services.edge.guard.limiter"},
                    Slip{"guard field", "max: 50", "mox: 50", "mox"},
                    Slip{"two times", "{mean: 2ms, cv: 0.6}", "{mean: 2ms, constant: 1ms}", "must have one of"},
                    Slip{"lonely cv", "{exponential: 3ms}", "{exponential: 3ms, cv: 1}", "goes with mean alone"},
                    Slip{"histogram", "{exponential: 3ms}", "{histogram: HISTxyz}", "get.slow.time.histogram"},
                    Slip{"target", "call: edge.look, think", "call: edge, think", "must be SERVICE.OPERATION"},
                    Slip{"unknown service", "call: edge.look, think", "call: egde.look, think",
                         "there is no service 'egde'"},
                    Slip{"unknown cache", "cache: items", "cache: item", "there is no cache 'item'"},
                    Slip{"negative", "delay: 50us", "delay: -50us", "edges[0].delay"},
                    Slip{"fault kind", "kind: slow", "kind: slwo", "did you mean 'slow'"},
                    Slip{"fault order", "until: 20s", "until: 5s", "must end after it begins"},
                    Slip{"region", "region: us", "region: asia", "there is no region 'asia'"},
                    Slip{"no node", "slow_nodes: {2: 1.5}", "slow_nodes: {3: 1.5}", "there is no node 3"},
                    Slip{"a list", "eu: {weight: 2, delay: 40ms}", "eu: [2]", ":9: regions.eu"},
                    Slip{"yaml", "users: 77", "users: [77", "full.yaml:"}),
    [](const auto& info) {
      std::string name = info.param.name;
      for (char& c : name) c = c == ' ' ? '_' : c;
      return name;
    });

TEST(SystemFile, AllProblemsAreToldAtOnce) {
  const auto system = parse_system(
      "schema: tidemark.twin/1\nusers: 0\nservices: {a: {nodes: 0, operations: {}}}\nflws: {}\n", "f.yaml");
  ASSERT_FALSE(system);
  const std::string text = system.error().message();
  for (const char* part : {"f.yaml:2: users", "f.yaml:3: services.a.nodes",
                           "f.yaml:4: flws: unknown key (did you mean 'flows'?)", "flows: is missing"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  }
}

TEST(SystemFile, TheLibrarysShopRunsUnderItsSale) {
  const auto system = load_system(std::string(TIDEMARK_SOURCE_DIR) + "/scenarios/library/shop.twin.yaml");
  ASSERT_TRUE(system) << system.error().message();
  const auto scenario = schedule::load_scenario(std::string(TIDEMARK_SOURCE_DIR) + "/scenarios/library/sale.yaml",
                                                {{"rate", "100"}, {"duration", "20s"}});
  ASSERT_TRUE(scenario) << scenario.error().message();
  std::vector<std::string> notes;
  const auto mapped = with_scenario(*system, *scenario, notes);
  ASSERT_TRUE(mapped) << mapped.error().message();
  EXPECT_EQ(mapped->flows.size(), 2U);
  EXPECT_EQ(mapped->flows[1].priority, guard::Priority::core);
  EXPECT_EQ(notes, std::vector<std::string>{"thresholds are not judged"});
  auto simulation = std::move(*Simulation::create(*mapped, {}));
  auto arrivals = schedule::make_arrivals(*scenario, 1).value();
  simulation->start(*arrivals);
  simulation->run_until(std::chrono::seconds(30));
  EXPECT_EQ(simulation->results().flows.aborted, 0U);
  EXPECT_NEAR(static_cast<double>(simulation->results().flows.completed), 2000, 200);
}

TEST(SystemFile, AStepThatTheSystemDoesNotKnowIsNamedWithTheNearestOne) {
  const auto system = parse_system(kFull, "full.yaml");
  ASSERT_TRUE(system);
  schedule::Scenario scenario;
  scenario.flows.push_back({.name = "f", .steps = {{.name = "agian"}}});
  scenario.load.stages.push_back({Rate::per_second(1), Rate::per_second(1), std::chrono::seconds(1)});
  std::vector<std::string> notes;
  const auto mapped = with_scenario(*system, scenario, notes);
  ASSERT_FALSE(mapped);
  EXPECT_NE(mapped.error().message().find("no step 'agian' (did you mean 'again'?)"), std::string::npos);
}

TEST(SystemFile, BlocksAreUnrolled) {
  const auto system = parse_system(kFull, "full.yaml");
  schedule::Scenario scenario;
  schedule::Flow flow{.name = "f", .steps = {{.name = "look"}, {.name = "again"}, {.name = "look"}}};
  flow.blocks = {{.first = 0, .end = 2, .repeat = 2}, {.first = 1, .end = 2, .repeat = 3}};
  scenario.flows.push_back(flow);
  scenario.load.stages.push_back({Rate::per_second(1), Rate::per_second(1), std::chrono::seconds(1)});
  std::vector<std::string> notes;
  const auto mapped = with_scenario(*system, scenario, notes);
  ASSERT_TRUE(mapped) << mapped.error().message();
  std::string names;
  for (const auto& step : mapped->flows[0].steps) names += step.name[0];
  EXPECT_EQ(names, "laaalaaal");
}

}  // namespace
}  // namespace tidemark::twin
