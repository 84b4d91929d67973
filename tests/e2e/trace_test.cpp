// `tidemark run --trace` as a user meets it, and the file of failures that a run names.
#include <gtest/gtest.h>

#include <fstream>

#include "tests/e2e/command.h"
#include "tests/e2e/local_server.h"

namespace tidemark::test {
namespace {

constexpr const char* kScenario = R"(
name: trace
load: {stages: [{rate: 20, duration: 1s}]}
flows:
  - name: good
    steps: [{name: get, get: /page, check: {body_contains: ok}}]
  - name: bad
    steps: [{name: broken, get: "/error?api_key=CANARY"}]
)";

class Trace : public ::testing::Test {
 protected:
  Trace() { std::ofstream(file_) << kScenario; }
  LocalServer server_;
  TemporaryFolder folder_;
  const std::string file_ = folder_ / "trace.yaml";
};

TEST_F(Trace, ShowsEveryFlowOnceAndSaysWhatFailed) {
  const auto result = run_tidemark({"run", file_, "--target", server_.url(""), "--trace", "--out", folder_ / "run"});
  EXPECT_EQ(result.exit_code, 99) << result.errors;
  for (const char* part : {"> GET /page HTTP/1.1", "< 200", "< ok", "check    body contains ok: held",
                           "=== flow good: completed, 1 request", "=== flow bad: FAILED: step broken: status 500"}) {
    EXPECT_NE(result.output.find(part), std::string::npos) << part << "\n" << result.output;
  }
  EXPECT_EQ(result.output.find("CANARY"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "run"));
}

TEST_F(Trace, OneFlowAlone) {
  const auto result = run_tidemark({"run", file_, "--target", server_.url(""), "--trace", "--flow", "good"});
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_EQ(result.output.find("bad"), std::string::npos);
  const auto absent = run_tidemark({"run", file_, "--target", server_.url(""), "--trace", "--flow", "goood"});
  EXPECT_EQ(absent.exit_code, 2);
  EXPECT_NE(absent.errors.find("there are good, bad"), std::string::npos) << absent.errors;
}

TEST_F(Trace, ARunNamesTheFileOfItsFailures) {
  const auto result = run_tidemark({"run", file_, "--target", server_.url(""), "--out", folder_ / "run", "--quiet"});
  EXPECT_NE(result.output.find("failures  " + (folder_ / "run") + "/failures.ndjson"), std::string::npos)
      << result.output;
  const std::string saved = read_text(folder_ / "run/failures.ndjson");
  EXPECT_NE(saved.find("status 500"), std::string::npos);
  EXPECT_EQ(saved.find("CANARY"), std::string::npos);
}

}  // namespace
}  // namespace tidemark::test
