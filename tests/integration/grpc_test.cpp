// gRPC calls in whole runs, against Debian's gRPC (python3-grpcio) and against a peer that breaks its rules.
#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>

#include "wire_fixture.h"

namespace tidemark::test {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Key;
using ::testing::UnorderedElementsAre;

constexpr const char* kProto = R"(
  syntax = "proto3";
  package shop;
  message Query { int64 id = 1; repeated string tags = 2; }
  message Reply { int64 id = 1; string name = 2; repeated string tags = 3; string shadow = 4; string trace = 5;
                  string caller = 6; bool has_deadline = 7; }
  service Product { rpc Get(Query) returns (Reply); }
)";

class GrpcRun : public RunTest {
 protected:
  GrpcRun() { std::ofstream(folder_ / "shop.proto") << kProto; }

  // The scenario as a person writes it, with one step `call`.
  drive::RunOptions calls(const std::string& target, const std::string& id, const std::string& more = "") {
    const std::string yaml =
        "timeout: 2s\nload: {model: closed, connections: 4, duration: 200ms}\nflows:\n"
        "  - name: products\n    steps:\n      - name: call\n        grpc:\n"
        "          target: " +
        target +
        "\n          proto: shop.proto\n"
        "          method: shop.Product/Get\n          message: {id: " +
        id +
        ", tags: [a, \"b${flow_id}\"]}\n"
        "          metadata: {x-caller: tester}\n" +
        more;
    auto scenario = schedule::parse_scenario(yaml, "grpc.yaml", {}, folder_);
    EXPECT_TRUE(scenario) << scenario.error().message();
    drive::RunOptions options;
    if (scenario) options.scenario = *scenario;
    options.run_id = std::string(16, 'a');
    options.signer = traffic::TagSigner(std::string(16, 'k'));
    options.out_dir = folder_ / ("run-" + std::to_string(++runs_));
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

class GrpcServerRun : public GrpcRun {
 protected:
  void SetUp() override {
    if (std::system("/usr/bin/python3 -c 'import grpc, google.protobuf' 2> /dev/null") != 0)
      GTEST_SKIP() << "skipped: python3-grpcio or python3-protobuf is not installed";
    const std::string protoc = "protoc -I" + folder_.string() + " --python_out=" + folder_.string() + " shop.proto";
    ASSERT_EQ(std::system(protoc.c_str()), 0);
    server_ = std::make_unique<Child>(std::vector<std::string>{
        "/usr/bin/python3", TIDEMARK_SOURCE_DIR "/tests/integration/grpc_server.py", folder_.string()});
    target_ = "http://127.0.0.1:" + server_->line();
  }

  std::unique_ptr<Child> server_;
  std::string target_;
};

TEST_F(GrpcServerRun, TheAnswersMessageIsJsonForChecksAndCaptures) {
  const Summary summary = run(calls(target_, "7", R"(
        check:
          status: 0
          json: {/name: product-7, /tags/0: a, /caller: tester, /has_deadline: true}
        capture: {name: {json: /name}}
      - name: again
        grpc:
          target: )" + target_ + R"(
          proto: shop.proto
          method: shop.Product/Get
          message: {id: 8, tags: ["${name}"]}
        check: {json: {/tags/0: product-7}}
)"));
  EXPECT_THAT(summary.errors, IsEmpty());
  EXPECT_GT(summary.by_step.at("again").requests.ok, 4U);
}

TEST_F(GrpcServerRun, TagAndTraceAreMetadata) {
  drive::RunOptions options = calls(target_, "1", R"(
        capture: {shadow: {json: /shadow}, trace: {json: /trace}}
      - name: seen
        grpc:
          target: )" + target_ + R"(
          proto: shop.proto
          method: shop.Product/Get
          message: {id: 1, tags: ["${shadow}", "${trace}"]}
        check: {body_contains: ["aaaaaaaaaaaaaaaa;products;", "\"00-"]}
)");
  EXPECT_THAT(run(std::move(options)).errors, IsEmpty());
}

TEST_F(GrpcServerRun, AStatusThatIsNotZeroFails) {
  EXPECT_THAT(run(calls(target_, "404")).errors, UnorderedElementsAre(Key("grpc-status 5")));
}

TEST_F(GrpcServerRun, AStatusMayBeWhatIsAskedFor) {
  EXPECT_THAT(run(calls(target_, "13", "        check: {status: 13}\n")).errors, IsEmpty());
}

TEST_F(GrpcServerRun, AValueThatDoesNotFitFailsTheCallAndNotTheRun) {
  const Summary summary = run(calls(target_, "\"x${flow_id}\""));
  EXPECT_EQ(summary.requests.ok, 0U);
  EXPECT_GT(summary.requests.failed, 0U);
  EXPECT_THAT(summary.errors.begin()->first, HasSubstr("grpc: message: "));
}

TEST_F(GrpcRun, AnswersThatBreakTheRulesAreNamed) {
  const auto reply = [](std::string body, std::vector<std::pair<std::string, std::string>> trailers) {
    H2Reply made;
    made.fields = {{"content-type", "application/grpc"}};
    made.body = std::move(body);
    made.trailers = std::move(trailers);
    return made;
  };
  const struct {
    H2Reply reply;
    std::string error;
  } cases[] = {
      {reply("\0\0\0\0\2\x08\x07"s, {{"grpc-status", "0"}}), ""},
      {reply("\0\0\0\0\2\x08"s, {{"grpc-status", "0"}}), "grpc: message cut short"},
      {reply("", {{"grpc-status", "0"}}), "grpc: status 0 without a message"},
      {reply("\0\0\0\0\1\x08"s, {{"grpc-status", "0"}}), "grpc: the answer is not a message of the method's type"},
      {reply("\0\0\0\0\2\x08\x07"s, {{"grpc-status", "x"}}), "grpc: grpc-status is not a status"},
      {reply("\0\0\0\0\2\x08\x07"s, {}), "grpc-status 2"},
      {H2Reply{.status = 503}, "grpc-status 14"},
      {H2Reply{.act = H2Reply::Act::reset, .error = 8}, "http/2: stream reset: CANCEL"},
  };
  for (const auto& one : cases) {
    H2Peer peer([&one](const H2Request&) { return one.reply; });
    const Summary summary = run(calls(peer.url(), "7"));
    if (one.error.empty()) {
      EXPECT_THAT(summary.errors, IsEmpty());
      EXPECT_GT(summary.requests.ok, 0U);
    } else {
      EXPECT_THAT(summary.errors, UnorderedElementsAre(Key(one.error)));
    }
  }
}

TEST_F(GrpcRun, AMisspeltFieldIsFoundBeforeTheRun) {
  auto options = calls("http://127.0.0.1:1", "7");
  options.scenario.flows[0].steps[0].grpc->message = schedule::Template::of(R"({"ident": "7"})");
  const auto summary = drive::run(std::move(options));
  ASSERT_FALSE(summary);
  EXPECT_EQ(summary.error().code, ExitCode::usage);
  EXPECT_THAT(summary.error().message(), HasSubstr("ident is no field of shop.Query"));
}

}  // namespace
}  // namespace tidemark::test
