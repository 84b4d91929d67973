// Flows of several steps: captures, checks, think time, weights, the tag and the trace.
#include <algorithm>
#include <set>

#include "engine/core/trace_id.h"
#include "run_fixture.h"

namespace tidemark::test {
namespace {

using namespace std::chrono_literals;
using schedule::Step;

class RunFlows : public RunTest {
 protected:
  drive::RunOptions flows(const std::string& url, std::vector<schedule::Flow> flows, double rate, Nanos duration) {
    auto options = even(url, rate, duration);
    options.scenario.flows = std::move(flows);
    return options;
  }
};

Step step(const std::string& name, schedule::Template url) {
  Step made;
  made.name = name;
  made.url = std::move(url);
  return made;
}

TEST_F(RunFlows, WhatOneStepCapturesTheNextOneSends) {
  std::mutex mutex;
  std::multiset<std::string> paid;
  std::uint64_t next = 0;
  ScriptedServer server([&](const ServedRequest& request) {
    const std::lock_guard lock(mutex);
    if (request.target.starts_with("/order"))
      return Reply::ok(R"({"order":{"id":"o-)" + std::to_string(next++) + R"("}})");
    paid.insert(request.target + " " + request.body);
    return Reply::ok(R"({"state":"paid"})");
  });
  Step order = step("order", {{{"/order?flow=", "flow_id"}}});
  order.method = "POST";
  order.captures = {{.variable = "order", .json_pointer = "/order/id"}};
  Step pay = step("pay", {{{"/pay/", "order"}}});
  pay.method = "POST";
  pay.body = {{{"{\"order\":\"", "order"}, {"\"}", ""}}};
  pay.checks = {{.kind = schedule::Check::Kind::json_equals, .pointer = "/state", .text = "\"paid\""}};
  const auto options = flows(server.url(), {{"buy", 1, {order, pay}}}, 100, 1s);
  const auto summary = drive::run(options);
  ASSERT_TRUE(summary) << summary.error().message();
  EXPECT_EQ(summary->flows.completed, 100u);
  EXPECT_EQ(summary->requests.ok, 200u);
  EXPECT_EQ(summary->by_step.at("order").requests.ok, 100u);
  EXPECT_EQ(summary->by_step.at("pay").requests.ok, 100u);
  EXPECT_DOUBLE_EQ(summary->offered_rate, 200);
  ASSERT_EQ(paid.size(), 100u);
  EXPECT_EQ(*paid.begin(), "/pay/o-0 {\"order\":\"o-0\"}");
  EXPECT_EQ(std::set<std::string>(paid.begin(), paid.end()).size(), 100u);
  expect_sound(*summary, options.out_dir);
}

TEST_F(RunFlows, AFailedCheckEndsTheFlow) {
  ScriptedServer server([](const ServedRequest&) { return Reply::ok(R"({"state":"open"})"); });
  Step first = step("first", {{{"/1", ""}}});
  first.checks = {{.kind = schedule::Check::Kind::json_equals, .pointer = "/state", .text = "\"closed\""}};
  const auto options = flows(server.url(), {{"f", 1, {first, step("second", {{{"/2", ""}}})}}}, 50, 1s);
  const auto summary = drive::run(options);
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->flows.aborted, 50u);
  EXPECT_EQ(summary->requests.failed, 50u);
  EXPECT_EQ(summary->by_step.at("second").requests.started, 0u);
  EXPECT_EQ(summary->errors.at("check json /state"), 50u);
  expect_sound(*summary, options.out_dir);
}

TEST_F(RunFlows, ThinkTimeIsNeitherResponseNorLag) {
  ScriptedServer server([](const ServedRequest&) { return Reply::ok(); });
  Step first = step("first", {{{"/1", ""}}});
  first.think = {.kind = schedule::ThinkTime::Kind::constant, .low = 400ms};
  const auto options = flows(server.url(), {{"f", 1, {first, step("second", {{{"/2", ""}}})}}}, 20, 1s);
  const auto summary = drive::run(options);
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->flows.completed, 20u);
  EXPECT_LT(summary->clocks.response_us.p50, 300'000);
  EXPECT_GE(summary->duration_s, 1.3) << "the last flow's think time is waited for";
  expect_sound(*summary, options.out_dir);
}

TEST_F(RunFlows, WeightsShareTheArrivals) {
  ScriptedServer server([](const ServedRequest&) { return Reply::ok(); });
  auto options =
      flows(server.url(),
            {{"often", 3, {step("often", {{{"/o", ""}}})}}, {"seldom", 1, {step("seldom", {{{"/s", ""}}})}}}, 1000, 1s);
  const auto summary = drive::run(options);
  ASSERT_TRUE(summary);
  EXPECT_NEAR(static_cast<double>(summary->by_step.at("seldom").requests.ok), 250, 60);
  auto users = closed(server.url(), 4, 500ms);
  users.scenario.flows = options.scenario.flows;
  const auto closed_summary = drive::run(users);
  ASSERT_TRUE(closed_summary);
  const auto total = static_cast<double>(closed_summary->requests.ok);
  EXPECT_NEAR(static_cast<double>(closed_summary->by_step.at("seldom").requests.ok) / total, 0.25, 0.1);
}

TEST_F(RunFlows, EveryTaggedRequestCarriesTheFlowsTagAndTrace) {
  std::mutex mutex;
  std::vector<ServedRequest> seen;
  ScriptedServer server([&](const ServedRequest& request) {
    const std::lock_guard lock(mutex);
    seen.push_back(request);
    return Reply::ok();
  });
  auto options =
      flows(server.url(), {{"Browse", 1, {step("one", {{{"/1/", "flow_id"}}}), step("two", {{{"/2", ""}}})}}}, 50, 1s);
  options.signer = traffic::TagSigner("0123456789abcdef");
  options.run_id = "00000000000000aa";
  const auto summary = drive::run(options);
  ASSERT_TRUE(summary);
  std::map<std::string, int> traces;
  std::set<std::string> spans;
  std::set<std::uint64_t> remainders;
  for (const auto& request : seen) {
    const auto tag = traffic::parse_tag(request.headers.at("x-shadow"));
    ASSERT_TRUE(tag);
    EXPECT_EQ(tag->run, "00000000000000aa");
    EXPECT_EQ(tag->flow, "browse");
    EXPECT_TRUE(options.signer->genuine(*tag));
    const auto trace = TraceContext::parse(request.headers.at("traceparent"));
    ASSERT_TRUE(trace && trace->valid());
    ++traces[trace->trace_id()];
    spans.insert(trace->span_id());
    remainders.insert(trace->trace_low % 4);
  }
  EXPECT_EQ(remainders.size(), 4u) << "nodes keep the traces whose remainder is 0: there must be such";
  EXPECT_EQ(traces.size(), 50u);
  for (const auto& [trace, requests] : traces) EXPECT_EQ(requests, 2) << trace;
  EXPECT_EQ(spans.size(), 100u);
}

TEST_F(RunFlows, WithoutASignerThereIsNoTag) {
  std::atomic<int> tagged{0};
  ScriptedServer server([&](const ServedRequest& request) {
    tagged += static_cast<int>(request.headers.count("x-shadow") + request.headers.count("traceparent"));
    return Reply::ok();
  });
  ASSERT_TRUE(drive::run(even(server.url(), 50, 500ms)));
  EXPECT_EQ(tagged, 0);
}

TEST_F(RunFlows, EqualSeedsSendEqualRequests) {
  const auto targets_of = [this](std::uint64_t seed) {
    std::mutex mutex;
    std::vector<std::string> targets;
    ScriptedServer server([&](const ServedRequest& request) {
      const std::lock_guard lock(mutex);
      targets.push_back(request.target);
      return Reply::ok();
    });
    auto options =
        flows(server.url(), {{"f", 1, {step("get", {{{"/", "item"}}})}}, {"g", 2, {step("got", {{{"/g", "item"}}})}}},
              200, 500ms);
    options.scenario.variables = {{"item", schedule::Variable::Kind::random, 1, 1'000'000, {}}};
    options.seed = seed;
    EXPECT_TRUE(drive::run(options));
    std::sort(targets.begin(), targets.end());  // two connections may overtake each other
    return targets;
  };
  const auto first = targets_of(7);
  EXPECT_EQ(first.size(), 100u);
  EXPECT_EQ(first, targets_of(7));
  EXPECT_NE(first, targets_of(8));
}

}  // namespace
}  // namespace tidemark::test
