#include "engine/drive/request_plan.h"

#include <gtest/gtest.h>

#include <set>

#include "engine/core/trace_id.h"
#include "engine/drive/answer_checks.h"
#include "engine/drive/response_framing.h"

namespace tidemark::drive {
namespace {

using schedule::Capture;
using schedule::Check;
using schedule::Scenario;
using schedule::Step;
using schedule::Template;

Template text(const std::string& literal) {
  return {{{literal, ""}}};
}

Step step(const std::string& name, Template url) {
  Step made;
  made.name = name;
  made.url = std::move(url);
  return made;
}

Scenario scenario_of(std::vector<Step> steps) {
  Scenario scenario;
  scenario.target = "http://127.0.0.1:8080";
  scenario.flows.push_back({"flow", 1, std::move(steps)});
  return scenario;
}

Result<RequestPlan> compile(const Scenario& scenario, const traffic::TagSigner* signer = nullptr) {
  return RequestPlan::compile({.scenario = scenario, .signer = signer, .run_id = "0123456789abcdef"});
}

TEST(RequestPlan, RendersConstantRequestsBeforehand) {
  const Scenario scenario = scenario_of({step("home", text("/home?x=1"))});
  const auto plan = compile(scenario);
  ASSERT_TRUE(plan) << plan.error().message();
  const auto& home = plan->flows[0].steps[0];
  EXPECT_TRUE(home.constant);
  EXPECT_EQ(home.bytes, "GET /home?x=1 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n");
  EXPECT_EQ(home.trace_at, 0u);
  EXPECT_FALSE(plan->flows[0].uses_state);
  EXPECT_EQ(plan->series, std::vector<std::string>{"home"});
}

TEST(RequestPlan, SendsBodiesWithTheirLength) {
  Step post = step("post", text("/orders"));
  post.method = "POST";
  post.headers = {{"Content-Type", text("application/json")}};
  post.body = text("{\"n\":1}");
  Step empty = step("empty", text("/empty"));
  empty.method = "PUT";
  const Scenario scenario = scenario_of({post, empty});
  const auto plan = compile(scenario);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->flows[0].steps[0].bytes,
            "POST /orders HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nContent-Type: application/json\r\nContent-Length: "
            "7\r\n\r\n{\"n\":1}");
  EXPECT_EQ(plan->flows[0].steps[1].bytes, "PUT /empty HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nContent-Length: 0\r\n\r\n");
}

TEST(RequestPlan, TagsAndTracesOnlyWithASigner) {
  Scenario scenario = scenario_of({step("home", text("/"))});
  scenario.flows[0].name = "Browse & Buy";
  const traffic::TagSigner signer("0123456789abcdef");
  const auto plan = compile(scenario, &signer);
  ASSERT_TRUE(plan);
  const auto& home = plan->flows[0].steps[0];
  const std::string tag = signer.sign("0123456789abcdef", "browse___buy").header_value();
  EXPECT_NE(home.bytes.find("\r\nx-shadow: " + tag + "\r\ntraceparent: 00-"), std::string::npos) << home.bytes;
  std::string bytes = home.bytes;
  write_hex16(0x0123456789abcdef, bytes.data() + home.trace_at);
  write_hex16(7, bytes.data() + home.trace_at + 16);
  write_hex16(9, bytes.data() + home.trace_at + 33);
  const std::size_t value = bytes.find("traceparent: ") + 13;
  const auto context = TraceContext::parse(bytes.substr(value, bytes.find("\r\n", value) - value));
  ASSERT_TRUE(context);
  EXPECT_EQ(context->trace_id(), "0123456789abcdef0000000000000007");
  EXPECT_EQ(context->span_id(), "0000000000000009");
}

TEST(RequestPlan, FillsHolesFromVariablesAndKeepsThemInTheirField) {
  Step get = step("get", Template{{{"/items/", "item"}, {"?f=", "flow_id"}, {"", ""}}});
  get.headers = {{"X-Item", Template{{{"", "item"}}}}};
  get.body = Template{{{"b ", "item"}}};
  Scenario scenario = scenario_of({get});
  scenario.variables = {{"item", schedule::Variable::Kind::constant, 0, 0, {"a b\r\nX: 1"}}};
  const auto plan = compile(scenario);
  ASSERT_TRUE(plan) << plan.error().message();
  std::vector<std::string> values;
  Random random(1, "v");
  draw_values(*plan, scenario, 42, "run", random, values);
  std::string bytes;
  EXPECT_EQ(render_request(plan->flows[0].steps[0], values, nullptr, bytes), 0u);
  EXPECT_EQ(bytes,
            "GET /items/a%20b%0D%0AX:%201?f=42 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nX-Item: a b  X: 1\r\n"
            "Content-Length: 11\r\n\r\nb a b\r\nX: 1");
}

TEST(RequestPlan, DrawsVariablesWithinTheirRanges) {
  using Kind = schedule::Variable::Kind;
  Scenario scenario = scenario_of({step("get", Template{{{"/", "n"}}})});
  scenario.variables = {
      {"n", Kind::random, -1, 1, {}}, {"s", Kind::sequence, 100, 0, {}}, {"c", Kind::choice, 0, 0, {"x", "y"}}};
  const auto plan = compile(scenario);
  ASSERT_TRUE(plan);
  Random random(1, "v");
  std::set<std::string> numbers, choices;
  for (std::uint64_t flow = 0; flow < 200; ++flow) {
    std::vector<std::string> values;
    draw_values(*plan, scenario, flow, "run", random, values);
    numbers.insert(values[2]);
    EXPECT_EQ(values[3], std::to_string(100 + flow));
    choices.insert(values[4]);
  }
  EXPECT_EQ(numbers, (std::set<std::string>{"-1", "0", "1"}));
  EXPECT_EQ(choices, (std::set<std::string>{"x", "y"}));
}

TEST(RequestPlan, ResolvesEachOriginOnceAndRefusesOthersThanLoopback) {
  Scenario scenario =
      scenario_of({step("a", text("/a")), step("b", text("http://127.0.0.1:9090/b")), step("c", text("/c"))});
  const auto plan = compile(scenario);
  ASSERT_TRUE(plan) << plan.error().message();
  ASSERT_EQ(plan->origins.size(), 2u);
  EXPECT_EQ(plan->flows[0].steps[1].origin, 1u);
  EXPECT_EQ(plan->flows[0].steps[1].bytes, "GET /b HTTP/1.1\r\nHost: 127.0.0.1:9090\r\n\r\n");
  scenario.flows[0].steps[1].url = text("http://192.0.2.1/b");
  const auto refused = compile(scenario);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ExitCode::refused_target);
}

TEST(RequestPlan, NamesWhatCannotBeSent) {
  const auto code_and_text = [](const Scenario& scenario) {
    const auto plan = compile(scenario);
    return plan ? std::string("accepted")
                : std::to_string(static_cast<int>(plan.error().code)) + " " + plan.error().message();
  };
  EXPECT_EQ(code_and_text(scenario_of({step("get", Template{{{"/", "itme"}}})})),
            "2 flow.get: unknown variable ${itme} (declare it under variables, capture it, or give -e itme=VALUE)");
  EXPECT_EQ(code_and_text(scenario_of({step("get", Template{{{"http://", "run_id"}}})})),
            "2 flow.get: the host must not hold a variable (put the variable into the path)");
  Scenario no_target = scenario_of({step("get", text("/"))});
  no_target.target.clear();
  EXPECT_EQ(code_and_text(no_target), "2 flow.get: no target to send to (give --target URL or --stack DIR)");
  Step close = step("get", text("/"));
  close.headers = {{"Connection", text("close")}};
  EXPECT_EQ(code_and_text(scenario_of({close})), "2 flow.get: header Connection is set by the generator (remove it)");
}

TEST(RequestPlan, KeepsTwoHundredSeriesAtMost) {
  std::vector<Step> steps;
  for (int i = 0; i < 500; ++i) steps.push_back(step("s" + std::to_string(i), text("/")));
  const Scenario scenario = scenario_of(std::move(steps));
  const auto plan = compile(scenario);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->series.size(), RequestPlan::kMaxSeries);
  EXPECT_EQ(plan->series.back(), "other");
  EXPECT_EQ(plan->flows[0].steps[198].series, 198u);
  EXPECT_EQ(plan->flows[0].steps[499].series, 199u);
}

TEST(RequestPlan, WritesHexadecimalDigits) {
  Random random(1, "hex");
  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t value = random.next() >> (i % 64);
    std::string digits(16, '?');
    write_hex16(value, digits.data());
    ASSERT_EQ(digits, hex16(value));
  }
}

TEST(RequestPlan, MakesTagNames) {
  EXPECT_EQ(tag_flow_name("Add to cart"), "add_to_cart");
  EXPECT_EQ(tag_flow_name(""), "flow");
  EXPECT_EQ(tag_flow_name(std::string(100, 'x')).size(), 32u);
}

ResponseFraming answer(const std::string& bytes) {
  ResponseFraming framing;
  framing.start({.keep_headers = true, .keep_body = true});
  EXPECT_EQ(framing.feed(bytes), ResponseFraming::State::complete);
  return framing;
}

Answer seen(const ResponseFraming& whole) {
  return {whole.status(), whole.header_lines(), whole.body()};
}

std::string with_body(int status, const std::string& body) {
  return "HTTP/1.1 " + std::to_string(status) + " X\r\nX-Id: h-1\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

TEST(AnswerChecks, AskForTwoOrThreeHundredByDefault) {
  const Step any;
  for (const auto& [status, good] :
       std::vector<std::pair<int, bool>>{{199 + 1, true}, {399, true}, {400, false}, {500, false}}) {
    EXPECT_EQ(failed_check(any, seen(answer(with_body(status, ""))), Nanos{}).has_value(), !good) << status;
  }
  EXPECT_EQ(*failed_check(any, seen(answer(with_body(503, ""))), Nanos{}), "status 503");
}

TEST(AnswerChecks, HoldEachKindAgainstTheAnswer) {
  const auto fails = [](const Check& check, const std::string& body, Nanos response = Nanos{}) {
    Step checked;
    checked.checks = {check};
    return failed_check(checked, seen(answer(with_body(200, body))), response).has_value();
  };
  using Kind = Check::Kind;
  EXPECT_FALSE(fails({.kind = Kind::body_contains, .text = "ell"}, "hello"));
  EXPECT_TRUE(fails({.kind = Kind::body_contains, .text = "ill"}, "hello"));
  EXPECT_FALSE(fails({.kind = Kind::json_equals, .pointer = "/a/0", .text = "1"}, R"({"a":[1]})"));
  EXPECT_FALSE(fails({.kind = Kind::json_equals, .pointer = "/s", .text = "\"open\""}, R"({"s":"open"})"));
  EXPECT_FALSE(fails({.kind = Kind::json_equals, .pointer = "", .text = "[1]"}, "[1]"));
  EXPECT_TRUE(fails({.kind = Kind::json_equals, .pointer = "/a/9", .text = "1"}, R"({"a":[1]})"));
  EXPECT_TRUE(fails({.kind = Kind::json_equals, .pointer = "/a", .text = "1"}, "{not json"));
  EXPECT_TRUE(fails({.kind = Kind::response_below, .limit = Nanos(10)}, "", Nanos(10)));
  EXPECT_FALSE(fails({.kind = Kind::response_below, .limit = Nanos(10)}, "", Nanos(9)));
}

TEST(AnswerChecks, CaptureFromHeadersAndBodies) {
  Step captured = step("get", text("/"));
  captured.captures = {{.variable = "id", .json_pointer = "/order/id"},
                       {.variable = "header", .kind = Capture::Kind::header, .header = "x-id"},
                       {.variable = "number", .json_pointer = "/n"}};
  const Scenario scenario = scenario_of({captured});
  const auto plan = compile(scenario);
  ASSERT_TRUE(plan);
  const auto& compiled = plan->flows[0].steps[0];
  EXPECT_TRUE(compiled.keep_body);
  EXPECT_TRUE(compiled.keep_headers);
  std::vector<std::string> taken;
  EXPECT_EQ(
      take_captures(*compiled.step, seen(answer(with_body(200, R"({"order":{"id":"o-7"},"n":12})"))), nullptr, taken),
      std::nullopt);
  EXPECT_EQ(taken, (std::vector<std::string>{"o-7", "h-1", "12"}));
  EXPECT_EQ(take_captures(*compiled.step, seen(answer(with_body(200, R"({"n":12})"))), nullptr, taken), "capture id");
  EXPECT_EQ(take_captures(*compiled.step, seen(answer(with_body(200, "no json"))), nullptr, taken), "capture id");
}

}  // namespace
}  // namespace tidemark::drive
