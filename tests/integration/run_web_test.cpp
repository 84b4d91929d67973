// What users of the web do beside sending: cookies, redirects, packed answers, captures; against a scripted server and
// against nginx.
#include <zlib.h>

#include <algorithm>
#include <fstream>

#include "nginx_server.h"
#include "run_fixture.h"

namespace tidemark::test {
namespace {

using namespace std::chrono_literals;
using schedule::Capture;
using schedule::Check;
using schedule::Step;
using schedule::Template;

Step step(const std::string& name, const std::string& url) {
  Step made;
  made.name = name;
  made.url = Template::of(url);
  return made;
}

Reply answer(int status, const std::string& fields, const std::string& body = "") {
  return {.bytes = "HTTP/1.1 " + std::to_string(status) + " X\r\n" + fields +
                   "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body};
}

class RunWeb : public RunTest {
 protected:
  void serve(std::function<Reply(const ServedRequest&)> reply) {
    server_ = std::make_unique<ScriptedServer>([this, reply](const ServedRequest& request) {
      const std::lock_guard lock(mutex_);
      seen_.push_back(request);
      return reply(request);
    });
  }
  drive::RunOptions flow(std::vector<Step> steps, double rate = 20, Nanos duration = 500ms) {
    auto options = even(server_->url(), rate, duration);
    options.scenario.flows = {{.name = "f", .steps = std::move(steps)}};
    return options;
  }
  std::uint64_t seen(const std::string& target, const std::string& cookie) {
    return static_cast<std::uint64_t>(std::count_if(seen_.begin(), seen_.end(), [&](const ServedRequest& request) {
      const auto sent = request.headers.find("cookie");
      return request.target == target && (sent == request.headers.end() ? "" : sent->second) == cookie;
    }));
  }

  std::mutex mutex_;
  std::vector<ServedRequest> seen_;
  std::unique_ptr<ScriptedServer> server_;
};

TEST_F(RunWeb, EachFlowKeepsItsOwnCookies) {
  std::atomic<int> users{0};
  serve([&users](const ServedRequest& request) {
    if (request.target == "/login") return answer(200, "Set-Cookie: sid=" + std::to_string(users++) + "; Path=/\r\n");
    return request.target == "/out" ? answer(200, "Set-Cookie: sid=; Path=/; Max-Age=0\r\n") : Reply::ok();
  });
  const auto options =
      flow({step("login", "/login"), step("use", "/use"), step("out", "/out"), step("after", "/after")});
  const auto summary = drive::run(options);
  ASSERT_TRUE(summary) << summary.error().message();
  EXPECT_EQ(summary->flows.completed, 10u);
  EXPECT_EQ(seen("/login", ""), 10u);
  for (int user = 0; user < 10; ++user) EXPECT_EQ(seen("/use", "sid=" + std::to_string(user)), 1u);
  EXPECT_EQ(seen("/after", ""), 10u);
}

TEST_F(RunWeb, CookiesCanBeLeftOutOrWrittenByHand) {
  serve([](const ServedRequest&) { return answer(200, "Set-Cookie: a=1\r\n"); });
  Step own = step("own", "/own");
  own.headers = {{"Cookie", Template::of("mine=2")}};
  auto options = flow({step("get", "/get"), own, step("jar", "/jar")});
  ASSERT_TRUE(drive::run(options));
  EXPECT_EQ(seen("/own", "mine=2"), 10u);
  EXPECT_EQ(seen("/jar", "a=1"), 10u);
  options.scenario.cookies = false;
  options.out_dir = folder_ / "without";
  seen_.clear();
  ASSERT_TRUE(drive::run(options));
  EXPECT_EQ(seen("/jar", ""), 10u);
}

TEST_F(RunWeb, RedirectsAreOneRequestInTheBooks) {
  serve([](const ServedRequest& request) {
    if (request.target == "/a") return answer(302, "Location: /b?x\r\nSet-Cookie: hop=1\r\n");
    if (request.target == "/b?x") return answer(301, "Location: c\r\n");
    return Reply::ok("arrived");
  });
  Step go = step("go", "/a");
  go.method = "POST";
  go.body = Template::of("payload");
  go.checks = {{.kind = Check::Kind::body_contains, .text = "arrived"}};
  auto options = flow({go});
  options.scenario.redirects = 2;
  const auto summary = drive::run(options);
  ASSERT_TRUE(summary) << summary.error().message();
  EXPECT_EQ(summary->requests.started, 10u);
  EXPECT_EQ(summary->requests.ok, 10u);
  EXPECT_EQ(seen_.size(), 30u);
  EXPECT_EQ(seen("/c", "hop=1"), 10u);
  for (const auto& request : seen_) {
    EXPECT_EQ(request.method, request.target == "/a" ? "POST" : "GET");
    EXPECT_EQ(request.body, request.target == "/a" ? "payload" : "");
  }
}

TEST_F(RunWeb, A307SendsTheBodyAgain) {
  serve([](const ServedRequest& request) {
    return request.target == "/a" ? answer(307, "Location: /b\r\n") : Reply::ok();
  });
  Step go = step("go", "/a");
  go.method = "PUT";
  go.body = Template::of("payload");
  go.redirects = 1;
  const auto summary = drive::run(flow({go}));
  ASSERT_TRUE(summary) << summary.error().message();
  EXPECT_EQ(summary->requests.ok, 10u);
  EXPECT_EQ(seen_.back().method + seen_.back().body, "PUTpayload");
}

TEST_F(RunWeb, RedirectsThatMustNotBeFollowedFail) {
  ScriptedServer elsewhere([](const ServedRequest&) { return Reply::ok(); });
  serve([&](const ServedRequest& request) {
    if (request.target == "/port") return answer(302, "Location: " + elsewhere.url() + "/\r\n");
    if (request.target == "/far") return answer(302, "Location: http://192.0.2.1/\r\n");
    if (request.target == "/name") return answer(302, "Location: //example.com/\r\n");
    if (request.target == "/bad") return answer(302, "Location: ftp://x/\r\n");
    return answer(302, "Location: /loop\r\n");
  });
  const struct {
    const char* target;
    const char* kind;
  } cases[] = {{"/port", "redirect to another host"},
               {"/far", "redirect to another host"},
               {"/name", "redirect to another host"},
               {"/bad", "redirect malformed"},
               {"/loop", "too many redirects"}};
  for (const auto& one : cases) {
    auto options = flow({step("go", one.target)});
    options.scenario.redirects = 3;
    const auto summary = drive::run(options);
    ASSERT_TRUE(summary) << summary.error().message();
    EXPECT_EQ(summary->requests.failed, 10u) << one.target;
    EXPECT_EQ(summary->errors.at(one.kind), 10u) << one.target;
  }
  EXPECT_EQ(elsewhere.served(), 0u);
}

TEST_F(RunWeb, ARedirectToAnotherOriginOfTheScenarioLeavesCredentialsBehind) {
  std::atomic<int> leaked{0};
  ScriptedServer other([&](const ServedRequest& request) {
    leaked += static_cast<int>(request.headers.count("authorization"));
    return Reply::ok();
  });
  serve([&](const ServedRequest&) { return answer(302, "Location: " + other.url() + "/x\r\n"); });
  Step go = step("go", "/a");
  go.headers = {{"Authorization", Template::of("Basic x")}};
  auto options = flow({go, step("there", other.url() + "/")});
  options.scenario.redirects = 1;
  options.scenario.flows[0].steps[1].redirects = 0;
  const auto summary = drive::run(options);
  ASSERT_TRUE(summary) << summary.error().message();
  EXPECT_EQ(summary->requests.ok, 20u);
  EXPECT_EQ(other.served(), 20u);
  EXPECT_EQ(leaked, 0);
}

TEST_F(RunWeb, WithoutLeaveARedirectIsTheAnswer) {
  serve([](const ServedRequest&) { return answer(302, "Location: /b\r\n"); });
  const auto summary = drive::run(flow({step("go", "/a")}));
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->requests.ok, 10u);
  EXPECT_EQ(seen_.size(), 10u);
}

TEST_F(RunWeb, ARunThatIsStoppedFollowsNoMoreRedirects) {
  std::atomic<int> signal{0};
  serve([&signal](const ServedRequest&) {
    signal = SIGINT;
    std::this_thread::sleep_for(100ms);  // the signal is seen meanwhile
    return answer(302, "Location: /again\r\n");
  });
  auto options = flow({step("go", "/a")}, 1, 2s);
  options.scenario.redirects = 20;
  options.stop_signal = &signal;
  const auto summary = drive::run(options);
  ASSERT_TRUE(summary) << summary.error().message();
  EXPECT_EQ(seen_.size(), 1u);
  EXPECT_EQ(summary->requests.in_flight, 1u);
  EXPECT_LT(summary->duration_s, 3);
}

TEST_F(RunWeb, CapturesFromCookiesHeadersAndPatternsWithDefaults) {
  serve([](const ServedRequest& request) {
    if (request.target == "/1") return answer(200, "Set-Cookie: csrf=c-1; Path=/\r\nX-Id: h-2\r\n", "<a id='r-3'>");
    return Reply::ok();
  });
  Step first = step("first", "/1");
  first.captures = {
      {.variable = "cookie", .kind = Capture::Kind::cookie, .cookie = "csrf"},
      {.variable = "header", .kind = Capture::Kind::header, .header = "x-id"},
      {.variable = "regex", .kind = Capture::Kind::regex, .pattern = *Pattern::compile("id='([^']+)'"), .group = 1},
      {.variable = "absent", .json_pointer = "/no", .fallback = "d-4"}};
  Step second;
  second.name = "second";
  for (const char* name : {"cookie", "header", "regex", "absent"}) {
    second.url.pieces.push_back({.literal = "/"});
    second.url.pieces.push_back({.variable = name});
  }
  const auto summary = drive::run(flow({first, second}));
  ASSERT_TRUE(summary) << summary.error().message();
  EXPECT_EQ(summary->flows.completed, 10u);
  EXPECT_EQ(seen("/c-1/h-2/r-3/d-4", "csrf=c-1"), 10u);
}

std::string gzipped(const std::string& text) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

TEST_F(RunWeb, PackedAnswersAreDecodedBeforeChecksAndABombFails) {
  serve([](const ServedRequest& request) {
    const bool asked = request.headers.at("accept-encoding").find("gzip") != std::string::npos;
    if (request.target == "/bomb")
      return answer(200, "Content-Encoding: gzip\r\n", gzipped(std::string(20u << 20, 'x')));
    return answer(200, "Content-Encoding: gzip\r\n", asked ? gzipped("the word") : "");
  });
  Step good = step("good", "/good");
  good.checks = {{.kind = Check::Kind::body_contains, .text = "the word"}};
  auto options = flow({good});
  options.scenario.compression = true;
  auto summary = drive::run(options);
  ASSERT_TRUE(summary) << summary.error().message();
  EXPECT_EQ(summary->requests.ok, 10u);
  good.url = Template::of("/bomb");
  options.scenario.flows[0].steps = {good};
  options.out_dir = folder_ / "bomb";
  summary = drive::run(options);
  ASSERT_TRUE(summary) << summary.error().message();
  EXPECT_EQ(summary->errors.at("decoded body too large"), 10u);
}

TEST_F(RunWeb, NginxRedirectsPacksAndSetsCookies) {
  NginxServer nginx(R"(
    location = /start { add_header Set-Cookie "visit=7; Path=/"; return 302 /page; }
    location = /page { gzip on; gzip_min_length 1; gzip_types *; default_type text/plain;
                       if ($cookie_visit = "7") { return 200 "known visitor, known visitor, known visitor"; }
                       return 403; })");
  if (!nginx.running()) GTEST_SKIP() << "skipped: no nginx";
  Step go = step("go", "/start");
  go.checks = {{.kind = Check::Kind::body_contains, .text = "known visitor"},
               {.kind = Check::Kind::header_equals, .text = "gzip", .header = "content-encoding"}};
  auto options = even(nginx.url(), 100, 500ms);
  options.scenario.flows = {{.name = "f", .steps = {go}}};
  options.scenario.redirects = 5;
  options.scenario.compression = true;
  const auto summary = drive::run(options);
  ASSERT_TRUE(summary) << summary.error().message();
  EXPECT_EQ(summary->requests.ok, 50u) << (summary->errors.empty() ? "" : summary->errors.begin()->first);
}

}  // namespace
}  // namespace tidemark::test
