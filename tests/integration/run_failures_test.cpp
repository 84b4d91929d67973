// What a failed request leaves behind, and what a trace shows.
#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/drive/trace.h"
#include "run_fixture.h"

namespace tidemark::test {
namespace {

using namespace std::chrono_literals;
using schedule::Check;
using schedule::Step;
using schedule::Template;

Step step(const std::string& name, const std::string& url) {
  Step made;
  made.name = name;
  made.url = Template::of(url);
  return made;
}

class RunFailures : public RunTest {
 protected:
  drive::RunOptions flow(const std::string& url, std::vector<Step> steps, double rate = 50, Nanos duration = 500ms) {
    auto options = even(url, rate, duration);
    options.scenario.flows = {{.name = "f", .steps = std::move(steps)}};
    return options;
  }
  static std::vector<nlohmann::json> failures(const drive::RunOptions& options) {
    std::vector<nlohmann::json> lines;
    std::ifstream in(options.out_dir / "failures.ndjson");
    for (std::string line; std::getline(in, line);) lines.push_back(nlohmann::json::parse(line));
    return lines;
  }
};

TEST_F(RunFailures, TheFirstOfEachKindIsSavedWhole) {
  std::atomic<int> served{0};
  ScriptedServer server([&served](const ServedRequest& request) -> Reply {
    const int number = served++;
    if (request.target == "/check") return Reply::ok(R"({"state":"open"})");
    if (number % 3 == 0) return {.bytes = "HTTP/1.1 503 Busy\r\nX-Why: load\r\nContent-Length: 4\r\n\r\nbusy"};
    if (number % 3 == 1) return {.bytes = "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"};
    return {.bytes = "not HTTP at all\r\n\r\n", .close = true};
  });
  Step checked = step("checked", "/check");
  checked.checks = {{.kind = Check::Kind::json_equals, .pointer = "/state", .text = "\"paid\""}};
  auto options = flow(server.url(), {step("get", "/get")});
  options.scenario.flows.push_back({.name = "g", .steps = {checked}});
  const auto summary = drive::run(options);
  ASSERT_TRUE(summary) << summary.error().message();
  const auto lines = failures(options);
  ASSERT_EQ(lines.size(), summary->errors.size());
  for (const auto& [kind, count] : summary->errors) {
    const auto line = std::find_if(lines.begin(), lines.end(), [&](const auto& one) { return one["kind"] == kind; });
    ASSERT_NE(line, lines.end()) << kind;
    EXPECT_EQ((*line)["outcome"], "failed");
    EXPECT_EQ((*line)["origin"], server.url());
    EXPECT_GE((*line)["response_ms"], 0);
  }
  for (const auto& line : lines) {
    if (line["kind"] == "status 503") {
      EXPECT_EQ(line["step"], "get");
      EXPECT_EQ(line["request"]["head"], "GET /get HTTP/1.1\r\nHost: " + server.url().substr(7) + "\r\n\r\n");
      EXPECT_EQ(line["answer"]["status"], 503);
      EXPECT_EQ(line["answer"]["header"], "X-Why: load\nContent-Length: 4\n");
      EXPECT_EQ(line["answer"]["body"], "busy");
    } else if (line["kind"] == "check json /state") {
      EXPECT_EQ(line["answer"]["body"], R"({"state":"open"})");
    } else if (line["kind"] == "status line malformed") {
      EXPECT_EQ(line["answer"]["body"], "not HTTP at all\r\n\r\n");
    }
  }
}

TEST_F(RunFailures, NoAnswerIsSavedAsNone) {
  ScriptedServer server([](const ServedRequest&) { return Reply::silence(); });
  Step post = step("post", "/post");
  post.method = "POST";
  post.body = Template::of("text");
  auto options = flow(server.url(), {post}, 10);
  options.scenario.timeout = 200ms;
  ASSERT_TRUE(drive::run(options));
  const auto lines = failures(options);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0]["kind"], "timed out");
  EXPECT_EQ(lines[0]["outcome"], "timed_out");
  EXPECT_EQ(lines[0]["request"]["body"], "text");
  EXPECT_TRUE(lines[0]["answer"].is_null());
  EXPECT_EQ(lines[0]["sent"], true);
}

TEST_F(RunFailures, AnAnswerInPiecesIsSavedWholeUpToItsLimit) {
  const std::string body(300'000, 'b');
  ScriptedServer server([&](const ServedRequest&) {
    return Reply{.bytes = "HTTP/1.1 500 X\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body};
  });
  const auto options = flow(server.url(), {step("get", "/")}, 4);
  ASSERT_TRUE(drive::run(options));
  const auto lines = failures(options);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0]["answer"]["body"].get<std::string>(), body.substr(0, 64 * 1024));
  EXPECT_EQ(lines[0]["cut"], true);
}

TEST_F(RunFailures, CredentialsAreNotSaved) {
  setenv("TIDEMARK_TEST_SECRET", "CANARY-env", 1);
  ScriptedServer server([](const ServedRequest&) {
    return Reply{.bytes =
                     "HTTP/1.1 500 X\r\nSet-Cookie: s=CANARY\r\nContent-Length: 41\r\n\r\n"
                     R"({"token":"CANARY","echo":"CANARY-env xx"})"};
  });
  Step get = step("get", "/?api_key=CANARY&page=1");
  schedule::Call env;
  env.function = schedule::Call::Function::env;
  env.name = "TIDEMARK_TEST_SECRET";
  Template secret;
  secret.pieces.push_back({.call = {env}});
  get.headers = {{"Authorization", Template::of("Bearer CANARY")}, {"X-Other", secret}};
  auto options = flow(server.url(), {get}, 4);
  options.signer = traffic::TagSigner("0123456789abcdef");
  ASSERT_TRUE(drive::run(options));
  std::ifstream in(options.out_dir / "failures.ndjson");
  const std::string all{std::istreambuf_iterator<char>(in), {}};
  EXPECT_EQ(all.find("CANARY"), std::string::npos) << all;
  EXPECT_NE(all.find("page=1"), std::string::npos) << all;
  EXPECT_NE(all.find("${env:TIDEMARK_TEST_SECRET}"), std::string::npos) << all;
}

TEST_F(RunFailures, ATraceShowsEveryRequestAndAnswerOnce) {
  ScriptedServer server([](const ServedRequest& request) {
    if (request.target == "/login") return Reply::ok(R"({"token":"t-1","user":"ann"})");
    if (request.target == "/a") return Reply{.bytes = "HTTP/1.1 302 X\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n"};
    return request.target == "/bad" ? Reply::status(500) : Reply::ok("page of " + request.target);
  });
  Step login = step("login", "/login");
  login.captures = {{.variable = "user", .json_pointer = "/user"}, {.variable = "token", .json_pointer = "/token"}};
  Step go = step("go", "/a");
  go.redirects = 1;
  go.checks = {{.kind = Check::Kind::body_contains, .text = "page of /b"}};
  auto options = flow(server.url(), {go});
  options.scenario.setup = {.name = "setup", .steps = {login}};
  options.scenario.flows.push_back({.name = "broken", .steps = {step("bad", "/bad"), step("never", "/never")}});
  std::string shown;
  auto held = drive::trace(options, "", [&](const std::string& text) { shown += text; });
  ASSERT_TRUE(held) << held.error().message();
  EXPECT_FALSE(*held);
  for (const char* part : {"> GET /login HTTP/1.1", "< 200", "captured user = ann", "captured token = [scrubbed]",
                           "> GET /a HTTP/1.1", "< 302", "Location: /b", "f / go, redirect 1", "> GET /b HTTP/1.1",
                           "< page of /b", "check    body contains page of /b: held",
                           "=== flow f: completed, 2 requests", "FAILED: step bad: status 500"}) {
    EXPECT_NE(shown.find(part), std::string::npos) << part << "\n" << shown;
  }
  EXPECT_EQ(shown.find("t-1"), std::string::npos);
  EXPECT_EQ(server.served(), 4u);
  held = drive::trace(options, "f", [](const std::string&) {});
  ASSERT_TRUE(held);
  EXPECT_TRUE(*held);
  held = drive::trace(options, "absent", [](const std::string&) {});
  ASSERT_FALSE(held);
  EXPECT_EQ(held.error().code, ExitCode::usage);
  EXPECT_FALSE(std::filesystem::exists(options.out_dir)) << "a trace records nothing";
}

}  // namespace
}  // namespace tidemark::test
