// HTTP/2 in whole runs: against nghttpd and nginx, and against a peer that refuses, resets, goes away and breaks off.
#include <gmock/gmock.h>

#include <fstream>
#include <mutex>
#include <set>

#include "wire_fixture.h"

namespace tidemark::test {
namespace {

using namespace std::chrono_literals;
using ::testing::Each;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Key;
using ::testing::UnorderedElementsAre;

class Http2Run : public RunTest {
 protected:
  drive::RunOptions h2c(const std::string& url, std::uint32_t users, Nanos duration) {
    drive::RunOptions options = closed(url + "/", users, duration);
    options.scenario.flows[0].steps[0].http_version = schedule::HttpVersion::http2;
    return options;
  }

  Summary run(drive::RunOptions options) {
    const auto dir = options.out_dir;
    const auto summary = drive::run(std::move(options));
    EXPECT_TRUE(summary) << summary.error().message();
    if (!summary) return {};
    expect_sound(*summary, dir);
    return *summary;
  }
};

H2Reply ok(const H2Request&) {
  return {};
}

TEST_F(Http2Run, NghttpdAnswersOverClearText) {
  if (!installed("nghttpd")) GTEST_SKIP() << "skipped: nghttpd is not installed";
  std::ofstream(folder_ / "index.html") << "hello";
  const std::uint16_t port = free_port();
  const Child server({"nghttpd", "--no-tls", "-a", "127.0.0.1", "-d", folder_.string(), std::to_string(port)});
  ASSERT_TRUE(accepts(port));
  drive::RunOptions options = h2c("http://127.0.0.1:" + std::to_string(port), 20, 200ms);
  options.scenario.flows[0].steps[0].checks = {{.kind = schedule::Check::Kind::status, .low = 200, .high = 200},
                                               {.kind = schedule::Check::Kind::body_contains, .text = "hello"}};
  const Summary summary = run(std::move(options));
  EXPECT_GT(summary.requests.ok, 20U);
  EXPECT_THAT(summary.errors, IsEmpty());
}

TEST_F(Http2Run, ManyUsersShareOneConnection) {
  H2Peer peer(ok);
  const Summary summary = run(h2c(peer.url(), 50, 150ms));
  EXPECT_THAT(summary.errors, IsEmpty());
  EXPECT_EQ(peer.accepted(), 2U);  // one of them asks whether the server is there
}

TEST_F(Http2Run, MoreConnectionsAreOpenedWhenTheStreamsAreUsedUp) {
  H2Peer peer(ok);
  drive::RunOptions options = h2c(peer.url(), 50, 150ms);
  options.scenario.streams = 10;
  const Summary summary = run(std::move(options));
  EXPECT_THAT(summary.errors, IsEmpty());
  EXPECT_EQ(peer.accepted(), 6U);
  EXPECT_LE(peer.most_at_once(), 10U);
}

TEST_F(Http2Run, TheServersOwnLimitOnStreamsHolds) {
  H2Peer peer(ok, 4);
  const Summary summary = run(h2c(peer.url(), 20, 150ms));
  EXPECT_THAT(summary.errors, IsEmpty());
  EXPECT_LE(peer.most_at_once(), 4U);
  EXPECT_GT(summary.requests.ok, 20U);
}

TEST_F(Http2Run, TagAndTraceAreOnEveryRequest) {
  std::mutex mutex;
  std::set<std::string> tags, traces;
  std::uint64_t without = 0;
  H2Peer peer([&](const H2Request& request) {
    const std::scoped_lock lock(mutex);
    const auto tag = request.fields.find("x-shadow");
    const auto trace = request.fields.find("traceparent");
    if (tag == request.fields.end() || trace == request.fields.end()) {
      ++without;
    } else {
      tags.insert(tag->second);
      traces.insert(trace->second);
    }
    return H2Reply{};
  });
  drive::RunOptions options = h2c(peer.url(), 8, 100ms);
  options.run_id = std::string(16, 'a');
  options.signer = traffic::TagSigner(std::string(16, 'k'));
  const Summary summary = run(std::move(options));
  EXPECT_EQ(without, 0U);
  EXPECT_EQ(tags.size(), 1U);
  EXPECT_TRUE(traffic::TagSigner(std::string(16, 'k')).genuine(*traffic::parse_tag(*tags.begin())));
  EXPECT_EQ(traces.size(), peer.served());
}

TEST_F(Http2Run, TemplatesCapturesAndBodiesWorkAsInHttp11) {
  H2Peer peer([](const H2Request& request) {
    if (request.fields.at(":method") == "POST") return H2Reply{.body = R"({"id": "o-)" + request.body + "\"}"};
    return H2Reply{.status = request.fields.at(":path").starts_with("/orders/o-n") ? 200 : 404};
  });
  drive::RunOptions options = h2c(peer.url(), 4, 100ms);
  schedule::Step post = options.scenario.flows[0].steps[0];
  post.name = "post";
  post.method = "POST";
  post.body.pieces = {{.literal = "n"}, {.variable = "flow_id"}};
  schedule::Capture capture;
  capture.variable = "id";
  capture.json_pointer = "/id";
  post.captures = {capture};
  schedule::Step get = options.scenario.flows[0].steps[0];
  get.url.pieces = {{.literal = "/orders/"}, {.variable = "id"}};
  options.scenario.flows[0].steps = {post, get};
  const Summary summary = run(std::move(options));
  EXPECT_THAT(summary.errors, IsEmpty());
  EXPECT_GT(summary.by_step.at("get").requests.ok, 0U);
}

TEST_F(Http2Run, ARefusedRequestGoesOnceMoreElsewhereAndIsCounted) {
  H2Peer peer([](const H2Request& request) {
    return H2Reply{.act =
                       request.connection == 1 && request.stream >= 7 ? H2Reply::Act::go_away : H2Reply::Act::answer};
  });
  const Summary summary = run(h2c(peer.url(), 6, 150ms));
  EXPECT_THAT(summary.errors, IsEmpty());
  EXPECT_GE(summary.retried, 1U);
  EXPECT_LE(summary.retried, 6U);
  EXPECT_EQ(peer.accepted(), 3U);
}

TEST_F(Http2Run, ARequestRefusedTwiceFails) {
  H2Peer peer([](const H2Request&) { return H2Reply{.act = H2Reply::Act::refuse}; });
  drive::RunOptions options = even(peer.url() + "/", 100, 100ms);
  options.scenario.flows[0].steps[0].http_version = schedule::HttpVersion::http2;
  const Summary summary = run(std::move(options));
  EXPECT_EQ(summary.requests.ok, 0U);
  EXPECT_EQ(summary.retried, summary.requests.failed);
  EXPECT_EQ(peer.served(), 2 * summary.requests.failed);
  EXPECT_THAT(summary.errors, UnorderedElementsAre(Key("http/2: stream reset: REFUSED_STREAM")));
}

TEST_F(Http2Run, AResetStreamFailsAloneAndTheConnectionStays) {
  H2Peer peer([](const H2Request& request) {
    return H2Reply{.act = request.stream % 4 == 1 ? H2Reply::Act::reset : H2Reply::Act::answer, .error = 2};
  });
  const Summary summary = run(h2c(peer.url(), 4, 100ms));
  EXPECT_GT(summary.requests.ok, 0U);
  EXPECT_THAT(summary.errors, UnorderedElementsAre(Key("http/2: stream reset: INTERNAL_ERROR")));
  EXPECT_EQ(peer.accepted(), 2U);
}

TEST_F(Http2Run, ATimeOutResetsTheStreamAndNotTheConnection) {
  H2Peer peer([](const H2Request& request) {
    return H2Reply{.act = request.stream % 8 == 1 ? H2Reply::Act::silence : H2Reply::Act::answer};
  });
  drive::RunOptions options = even(peer.url() + "/", 200, 200ms);
  options.scenario.flows[0].steps[0].http_version = schedule::HttpVersion::http2;
  options.scenario.timeout = 50ms;
  const Summary summary = run(std::move(options));
  EXPECT_GT(summary.requests.timed_out, 0U);
  EXPECT_GT(summary.requests.ok, summary.requests.timed_out);
  EXPECT_EQ(summary.requests.failed, 0U);
  EXPECT_EQ(peer.accepted(), 2U);
  EXPECT_GE(peer.resets(), 1U);
}

TEST_F(Http2Run, AServerThatClosesInTheMiddleOfAnAnswerIsAFailure) {
  H2Peer peer([](const H2Request&) { return H2Reply{.body = std::string(1000, 'x'), .act = H2Reply::Act::cut}; });
  drive::RunOptions options = even(peer.url() + "/", 50, 100ms);
  options.scenario.flows[0].steps[0].http_version = schedule::HttpVersion::http2;
  const Summary summary = run(std::move(options));
  EXPECT_EQ(summary.requests.ok, 0U);
  EXPECT_THAT(summary.errors, UnorderedElementsAre(Key("connection closed by the server")));
}

TEST_F(Http2Run, BytesThatAreNoFrameEndTheConnection) {
  H2Peer peer([](const H2Request&) {
    return H2Reply{.body = std::string("\xff\xff\xff\x00\x00\x00\x00\x00\x01", 9), .act = H2Reply::Act::raw};
  });
  drive::RunOptions options = even(peer.url() + "/", 50, 100ms);
  options.scenario.flows[0].steps[0].http_version = schedule::HttpVersion::http2;
  options.scenario.timeout = 500ms;
  const Summary summary = run(std::move(options));
  EXPECT_EQ(summary.requests.ok, 0U);
  EXPECT_GT(summary.requests.failed, 0U);
}

TEST_F(Http2Run, AnHttp11ServerIsNoHttp2Server) {
  const StubProcess stub;
  drive::RunOptions options = even(stub.url() + "/", 20, 100ms);
  options.scenario.flows[0].steps[0].http_version = schedule::HttpVersion::http2;
  options.scenario.timeout = 500ms;
  const Summary summary = run(std::move(options));
  EXPECT_EQ(summary.requests.ok, 0U);
  EXPECT_GT(summary.requests.failed, 0U);
}

TEST_F(Http2Run, AServerThatIsKilledIsAFailureAndNotAHang) {
  auto peer = std::make_unique<H2Peer>(ok);
  drive::RunOptions options = h2c(peer->url(), 4, 300ms);
  options.scenario.flows[0].steps[0].checks = {{.kind = schedule::Check::Kind::status, .low = 200, .high = 200}};
  std::thread killer([&peer] {
    while (peer->served() < 20) std::this_thread::yield();
    peer.reset();
  });
  const Summary summary = run(std::move(options));
  killer.join();
  EXPECT_GT(summary.requests.ok, 0U);
  EXPECT_GT(summary.requests.failed, 0U);
}

}  // namespace
}  // namespace tidemark::test
