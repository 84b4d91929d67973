// The scenario language at run time: conditions, repetitions, groups, functions, feeders, the Lua hatch, set-up and
// tear-down, forms.
#include <algorithm>
#include <fstream>
#include <set>

#include "engine/record/run_reader.h"
#include "run_fixture.h"

namespace tidemark::test {
namespace {

using namespace std::chrono_literals;
using schedule::Block;
using schedule::Call;
using schedule::Condition;
using schedule::Step;
using schedule::Template;

Template text(const std::string& literal) {
  return Template::of(literal);
}

Template hole(const std::string& literal, const std::string& variable) {
  Template made;
  if (!literal.empty()) made.pieces.push_back({.literal = literal});
  made.pieces.push_back({.variable = variable});
  return made;
}

Template calling(const std::string& literal, Call call) {
  Template made;
  made.pieces.push_back({.literal = literal});
  made.pieces.push_back({.call = {std::move(call)}});
  return made;
}

Step step(const std::string& name, Template url) {
  Step made;
  made.name = name;
  made.url = std::move(url);
  return made;
}

class RunLanguage : public RunTest {
 protected:
  // What the server saw, and a server that says what `answer` says.
  void serve(std::function<Reply(const ServedRequest&)> answer = [](const ServedRequest&) { return Reply::ok(); }) {
    server_ = std::make_unique<ScriptedServer>([this, answer](const ServedRequest& request) {
      const std::lock_guard lock(mutex_);
      seen_.push_back(request);
      return answer(request);
    });
  }
  drive::RunOptions flow(std::vector<Step> steps, std::vector<Block> blocks = {}, double rate = 50,
                         Nanos duration = 500ms) {
    auto options = even(server_->url(), rate, duration);
    options.scenario.flows = {{.name = "f", .steps = std::move(steps), .blocks = std::move(blocks)}};
    return options;
  }
  std::vector<std::string> targets() {
    std::vector<std::string> all;
    for (const auto& request : seen_) all.push_back(request.target);
    std::sort(all.begin(), all.end());
    return all;
  }

  std::mutex mutex_;
  std::vector<ServedRequest> seen_;
  std::unique_ptr<ScriptedServer> server_;
};

TEST_F(RunLanguage, AConditionChoosesByWhatWasCaptured) {
  serve([](const ServedRequest& request) {
    const bool odd = (request.target.back() - '0') % 2 == 1;
    return Reply::ok(odd ? R"({"kind":"odd"})" : R"({"kind":"even"})");
  });
  Step first = step("first", hole("/n/", "flow_id"));
  first.captures = {{.variable = "kind", .json_pointer = "/kind"}};
  Condition is_odd;
  is_odd.kind = Condition::Kind::equal;
  is_odd.left = hole("", "kind");
  is_odd.right = text("odd");
  const auto options = flow({first, step("odd", text("/only/odd")), step("last", text("/last"))},
                            {{.first = 1, .end = 2, .condition = is_odd}}, 20);
  const auto summary = drive::run(options);
  ASSERT_TRUE(summary) << summary.error().message();
  EXPECT_EQ(summary->flows.completed, 10u);
  EXPECT_EQ(summary->by_step.at("first").requests.ok, 10u);
  EXPECT_EQ(summary->by_step.at("odd").requests.ok, 5u);
  EXPECT_EQ(summary->by_step.at("last").requests.ok, 10u);
  EXPECT_DOUBLE_EQ(summary->offered_rate, 50) << "requests that came up, not those that might have";
}

TEST_F(RunLanguage, RepeatsAndGroupsAreMadeAndTimed) {
  serve();
  Step poll = step("poll", text("/poll"));
  poll.think = {.kind = schedule::ThinkTime::Kind::constant, .low = 50ms};
  auto options = flow({poll, step("end", text("/end"))},
                      {{.first = 0, .end = 2, .group = "visit"}, {.first = 0, .end = 1, .repeat = 3}});
  const auto summary = drive::run(options);
  ASSERT_TRUE(summary) << summary.error().message();
  EXPECT_EQ(summary->flows.completed, 25u);
  EXPECT_EQ(summary->by_step.at("poll").requests.ok, 75u);
  ASSERT_TRUE(summary->by_group.contains("visit"));
  EXPECT_EQ(summary->by_group.at("visit").count, 25u);
  EXPECT_LT(summary->by_group.at("visit").p50, 50'000) << "three think times of 50 ms are left out";
}

TEST_F(RunLanguage, ALoopEndsWhenItsConditionDoes) {
  serve([this](const ServedRequest&) { return Reply::ok(seen_.size() % 4 == 0 ? "done" : "wait"); });
  Step poll = step("poll", text("/poll"));
  poll.captures = {{.variable = "state",
                    .kind = schedule::Capture::Kind::regex,
                    .pattern = *Pattern::compile("(done|wait)"),
                    .group = 1}};
  Condition waiting;
  waiting.kind = Condition::Kind::unequal;
  waiting.left = hole("", "state");
  waiting.right = text("done");
  const auto options = flow({poll}, {{.first = 0, .end = 1, .loop = waiting, .repeat = 10}}, 2);
  const auto summary = drive::run(options);
  ASSERT_TRUE(summary) << summary.error().message();
  EXPECT_EQ(summary->flows.completed, 1u);
  EXPECT_EQ(summary->requests.ok, 4u);
}

TEST_F(RunLanguage, FunctionsAreEvaluatedForEachRequestAndRepeatWithTheSeed) {
  const auto run = [this](std::uint64_t seed) {
    serve();
    seen_.clear();
    Call uuid, number;
    number.function = Call::Function::random;
    number.low = 1;
    number.high = 1'000'000;
    Step first = step("first", calling("/a/", uuid)), second = step("second", calling("/b/", number));
    second.think = {.kind = schedule::ThinkTime::Kind::uniform, .low = 0ms, .high = 20ms};
    auto options = flow({first, second, step("third", calling("/c/", uuid))}, {}, 100, 200ms);
    options.seed = seed;
    EXPECT_TRUE(drive::run(options));
    return targets();
  };
  const auto targets = run(5);
  EXPECT_EQ(targets.size(), 60u);
  EXPECT_EQ(std::set<std::string>(targets.begin(), targets.end()).size(), 60u);
  EXPECT_EQ(targets, run(5)) << "whatever order the answers came in";
  EXPECT_NE(targets, run(6));
}

TEST_F(RunLanguage, FeedersGiveRowsAndEndTheRunWhenTheyDo) {
  serve();
  const auto file = folder_ / "users.csv";
  std::ofstream(file) << "name,mail\nann,a@x\nben,b@x\ncid,c@x\n";
  auto options = flow({step("get", hole("/", "users.name"))}, {}, 50, 1s);
  options.scenario.feeders = {{.name = "users",
                               .file = file,
                               .order = schedule::Feeder::Order::sequential,
                               .on_end = schedule::Feeder::OnEnd::stop}};
  auto summary = drive::run(options);
  ASSERT_TRUE(summary) << summary.error().message();
  EXPECT_EQ(summary->flows.planned, 3u);
  EXPECT_LT(summary->duration_s, 0.9) << "the run ends with its data";
  EXPECT_EQ(targets(), (std::vector<std::string>{"/ann", "/ben", "/cid"}));
  options.scenario.feeders[0].on_end = schedule::Feeder::OnEnd::repeat;
  options.out_dir = folder_ / "again";
  summary = drive::run(options);
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->flows.completed, 50u);
}

TEST_F(RunLanguage, FormsAndMultipartBodiesCarryTheirFields) {
  serve();
  const auto file = folder_ / "note.txt";
  std::ofstream(file) << "bytes of the file";
  Step form = step("form", text("/form"));
  form.method = "POST";
  form.form = {{"a b", text("1&2")}, {"id", hole("n=", "flow_id")}};
  Step parts = step("parts", text("/parts"));
  parts.method = "POST";
  parts.multipart = {{.name = "who", .value = hole("me ", "flow_id")},
                     {.name = "f", .file = file, .type = "text/plain"}};
  const auto options = flow({form, parts}, {}, 2);
  const auto summary = drive::run(options);
  ASSERT_TRUE(summary) << summary.error().message();
  EXPECT_EQ(summary->requests.ok, 2u);
  ASSERT_EQ(seen_.size(), 2u);
  EXPECT_EQ(seen_[0].headers.at("content-type"), "application/x-www-form-urlencoded");
  EXPECT_EQ(seen_[0].body, "a%20b=1%262&id=n%3D0");
  const std::string type = seen_[1].headers.at("content-type");
  ASSERT_TRUE(type.starts_with("multipart/form-data; boundary="));
  const std::string boundary = "--" + type.substr(30);
  EXPECT_EQ(seen_[1].body, boundary + "\r\nContent-Disposition: form-data; name=\"who\"\r\n\r\nme 0\r\n" + boundary +
                               "\r\nContent-Disposition: form-data; name=\"f\"; filename=\"note.txt\"\r\n"
                               "Content-Type: text/plain\r\n\r\nbytes of the file\r\n" +
                               boundary + "--\r\n");
}

TEST_F(RunLanguage, LuaSignsRequestsAndJudgesAnswers) {
  serve([](const ServedRequest& request) { return Reply::ok(request.headers.at("x-sign")); });
  Step signed_step = step("sign", text("/"));
  signed_step.headers = {{"X-Sign", hole("", "signature")}, {"X-Twice", calling("", [] {
                                                               Call call;
                                                               call.function = Call::Function::lua;
                                                               call.name = "twice";
                                                               call.arguments = {hole("", "flow_id")};
                                                               return call;
                                                             }())}};
  signed_step.before = "sign";
  signed_step.after = "judge";
  auto options = flow({signed_step}, {}, 20);
  options.scenario.variables = {{"signature", schedule::Variable::Kind::constant, 0, 0, {""}}};
  options.scenario.lua.source = R"(
    function sign(flow, step) flow.signature = step .. '-' .. flow.number end
    function twice(text) return text .. text end
    function judge(flow, step, answer)
      if answer.body ~= flow.signature then return 'not mine' end
      if flow.number == 3 then error('three is refused', 0) end
    end)";
  const auto summary = drive::run(options);
  ASSERT_TRUE(summary) << summary.error().message();
  EXPECT_EQ(summary->requests.ok, 9u);
  EXPECT_EQ(summary->errors.at("lua: three is refused"), 1u);
  EXPECT_EQ(seen_[4].headers.at("x-sign"), "sign-4");
  EXPECT_EQ(seen_[4].headers.at("x-twice"), "44");
}

TEST_F(RunLanguage, AScriptThatLoopsFailsItsRequestsAndNotTheRun) {
  serve();
  Step looping = step("loop", text("/"));
  looping.before = "loop";
  auto options = flow({looping}, {}, 10);
  options.scenario.lua.source = "function loop() while true do end end";
  const auto summary = drive::run(options);
  ASSERT_TRUE(summary) << summary.error().message();
  EXPECT_EQ(summary->requests.failed, 5u);
  EXPECT_EQ(summary->requests.started, 5u);
  EXPECT_EQ(seen_.size(), 0u);
  EXPECT_EQ(summary->errors.begin()->first, "lua: lua:1: too many instructions");
}

TEST_F(RunLanguage, ScriptsThatCannotWorkAreRefusedBeforehand) {
  serve();
  Step one = step("one", text("/"));
  one.before = "absent";
  auto options = flow({one});
  options.scenario.lua.source = "function present() end";
  auto summary = drive::run(options);
  ASSERT_FALSE(summary);
  EXPECT_EQ(summary.error().code, ExitCode::usage);
  EXPECT_NE(summary.error().message().find("no function absent"), std::string::npos) << summary.error().message();
  options.scenario.lua.source = "function present( end";
  summary = drive::run(options);
  ASSERT_FALSE(summary);
  EXPECT_EQ(summary.error().code, ExitCode::usage);
}

TEST_F(RunLanguage, SetUpGivesWhatItCapturedAndTearDownTakesItBack) {
  serve([](const ServedRequest& request) {
    return request.target == "/login" ? Reply::ok(R"({"token":"t-1"})") : Reply::ok();
  });
  Step login = step("login", text("/login"));
  login.method = "POST";
  login.captures = {{.variable = "token", .json_pointer = "/token"}};
  auto options = flow({step("use", hole("/use/", "token"))}, {}, 20);
  options.scenario.setup = {.name = "setup", .steps = {login}};
  options.scenario.teardown = {.name = "teardown", .steps = {step("logout", hole("/logout/", "token"))}};
  const auto summary = drive::run(options);
  ASSERT_TRUE(summary) << summary.error().message();
  EXPECT_EQ(summary->requests.ok, 10u) << "neither set-up nor tear-down is counted";
  EXPECT_FALSE(summary->by_step.contains("login"));
  ASSERT_EQ(seen_.size(), 12u);
  EXPECT_EQ(seen_.front().target, "/login");
  EXPECT_EQ(seen_[5].target, "/use/t-1");
  EXPECT_EQ(seen_.back().target, "/logout/t-1");
}

TEST_F(RunLanguage, AFailedSetUpEndsTheRunAndIsTornDown) {
  serve([](const ServedRequest& request) { return request.target == "/login" ? Reply::status(503) : Reply::ok(); });
  auto options = flow({step("use", text("/use"))});
  options.scenario.setup = {.name = "setup", .steps = {step("login", text("/login")), step("more", text("/more"))}};
  options.scenario.teardown = {.name = "teardown", .steps = {step("logout", text("/logout"))}};
  const auto summary = drive::run(options);
  ASSERT_FALSE(summary);
  EXPECT_EQ(summary.error().code, ExitCode::environment);
  EXPECT_EQ(summary.error().message(), "setup: step login: status 503 (see it whole with run --trace)");
  EXPECT_EQ(targets(), (std::vector<std::string>{"/login", "/logout"}));
}

TEST_F(RunLanguage, TearDownRunsAfterASignalAndItsFailureIsAnEvent) {
  std::atomic<int> signal{0};
  serve([&signal](const ServedRequest& request) {
    if (request.target == "/use/7") signal = SIGINT;
    return request.target == "/logout" ? Reply::status(500) : Reply::ok();
  });
  auto options = flow({step("use", hole("/use/", "flow_id"))}, {}, 50, 30s);
  options.scenario.teardown = {.name = "teardown", .steps = {step("logout", text("/logout"))}};
  options.stop_signal = &signal;
  const auto summary = drive::run(options);
  ASSERT_TRUE(summary) << summary.error().message();
  EXPECT_EQ(summary->stop_reason, "interrupted");
  EXPECT_EQ(seen_.back().target, "/logout");
  const auto record = record::read_run(options.out_dir);
  ASSERT_TRUE(record);
  EXPECT_TRUE(std::any_of(record->events.begin(), record->events.end(), [](const auto& event) {
    return event.kind == "teardown" && event.fields.value("problem", "") == "step logout: status 500";
  }));
}

TEST_F(RunLanguage, ASetUpThatIsInterruptedIsTornDown) {
  std::atomic<int> signal{0};
  serve([&signal](const ServedRequest& request) {
    if (request.target == "/slow") {
      signal = SIGTERM;
      return Reply::silence();
    }
    return Reply::ok();
  });
  auto options = flow({step("use", text("/use"))});
  options.scenario.timeout = 1s;
  options.scenario.setup = {.name = "setup", .steps = {step("slow", text("/slow"))}};
  options.scenario.teardown = {.name = "teardown", .steps = {step("logout", text("/logout"))}};
  options.stop_signal = &signal;
  const auto summary = drive::run(options);
  ASSERT_FALSE(summary);
  EXPECT_EQ(summary.error().code, ExitCode::terminated);
  EXPECT_EQ(targets(), (std::vector<std::string>{"/logout", "/slow"}));
}

}  // namespace
}  // namespace tidemark::test
