// tidemark fault as a user types it: on a running stack, and as a gate of its own.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "engine/net/http_client.h"
#include "tests/e2e/command.h"

namespace tidemark::test {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

TEST(FaultCommand, SetsListsAndClearsFaultsOfARunningStack) {
  TemporaryFolder folder;
  const std::string stack = folder / "stack";
  ASSERT_EQ(run_tidemark({"stack", "up", "--dir", stack, "--nodes", "product=2", "--detach"}, 60).exit_code, 0);
  const auto set = run_tidemark({"fault", "product", "slow=50ms", "errors=0.2", "--for", "1h", "--stack", stack});
  EXPECT_EQ(set.exit_code, 0) << set.errors;
  EXPECT_NE(set.output.find("product-1        slow=50ms errors=0.2  for another"), std::string::npos) << set.output;
  const auto list = run_tidemark({"fault", "--list", "--json", "--stack", stack});
  EXPECT_EQ(list.exit_code, 0) << list.errors;
  int faulty = 0;
  for (const auto& node : json::parse(list.output)) faulty += node["fault"] == "slow=50ms errors=0.2" ? 1 : 0;
  EXPECT_EQ(faulty, 2);
  EXPECT_EQ(run_tidemark({"fault", "product-2", "clear", "--stack", stack}).output, "product-2        clear\n");

  struct {
    std::vector<std::string> arguments;
    std::string said;
  } const wrong[] = {{{"fault", "prodct", "stall"}, "did you mean 'product'"},
                     {{"fault", "product", "slwo=5ms"}, "did you mean 'slow'"},
                     {{"fault", "product", "stall", "--for", "soon"}, "--for"},
                     {{"fault", "product", "kill", "--for", "1s"}, "a killed node does not come back"},
                     {{"fault", "product:store", "down"}, "declared in the topology"},
                     {{"fault", "product"}, "say which node has which fault"},
                     {{"fault"}, "say which node has which fault"}};
  for (const auto& each : wrong) {
    auto arguments = each.arguments;
    arguments.insert(arguments.end(), {"--stack", stack});
    const auto result = run_tidemark(arguments);
    EXPECT_EQ(result.exit_code, 2) << each.said;
    EXPECT_NE(result.errors.find(each.said), std::string::npos) << result.errors;
  }
  EXPECT_EQ(run_tidemark({"fault", "payment", "kill", "--stack", stack}).exit_code, 0);
  auto silent = run_tidemark({"fault", "--list", "--stack", stack});
  for (int again = 0; again < 50 && silent.exit_code == 0; ++again) {  // it says that it will die, then it dies
    silent = run_tidemark({"fault", "--list", "--stack", stack});
  }
  EXPECT_EQ(silent.exit_code, 4);
  EXPECT_NE(silent.output.find("payment-1        does not answer"), std::string::npos) << silent.output;
  EXPECT_EQ(run_tidemark({"stack", "down", "--dir", stack}).exit_code, 0);
  EXPECT_EQ(run_tidemark({"fault", "product", "stall", "--stack", stack}).exit_code, 4) << "no stack runs there";
}

int ask(const std::string& url) {
  const auto target = net::parse_http_url(url);
  const auto answer = net::call_blocking(target->first, {.target = target->second}, 5s);
  return answer.status == net::CallResult::Status::ok ? answer.response.status : 0;
}

TEST(FaultCommand, AGateOfItsOwnIsChangedWhileItRuns) {
  TemporaryFolder folder;
  BackgroundCommand server({TIDEMARK_STUB_SERVER});
  const std::string port = server.read_line();
  const std::string control = folder / "gate.json";
  BackgroundCommand gate({TIDEMARK_BINARY, "fault", "gate", "--to", "127.0.0.1:" + port, "--control", control});
  const std::string said = gate.read_line();
  ASSERT_EQ(said.find("gate 127.0.0.1:"), 0U) << said;
  const std::string url = "http://" + said.substr(5, said.find(' ', 5) - 5) + "/";
  EXPECT_EQ(ask(url), 200);
  EXPECT_EQ(run_tidemark({"fault", "gate", "--running", control, "down"}).exit_code, 0);
  EXPECT_EQ(ask(url), 0);
  const auto cleared = run_tidemark({"fault", "gate", "--running", control, "clear"});
  EXPECT_EQ(cleared.exit_code, 0) << cleared.errors;
  EXPECT_EQ(ask(url), 200);
  const auto state = run_tidemark({"fault", "gate", "--running", control});
  EXPECT_EQ(json::parse(state.output)["rules"], "clear") << state.output;
  EXPECT_EQ(run_tidemark({"fault", "gate", "--running", control, "delya=1s"}).exit_code, 2);
  gate.signal(SIGINT);
  EXPECT_EQ(gate.wait().exit_code, 0);
  EXPECT_FALSE(std::filesystem::exists(control)) << "it goes away with the gate";
  EXPECT_EQ(run_tidemark({"fault", "gate", "--running", control}).exit_code, 4);

  EXPECT_EQ(run_tidemark({"fault", "gate"}).exit_code, 2);
  EXPECT_EQ(run_tidemark({"fault", "gate", "--to", "127.0.0.1"}).exit_code, 2);
  EXPECT_EQ(run_tidemark({"fault", "gate", "--to", "192.0.2.1:80"}).exit_code, 3) << "no way past the target guard";
  EXPECT_EQ(run_tidemark({"fault", "gate", "--listen", "0.0.0.0:0", "--to", "127.0.0.1:80"}).exit_code, 3);
}

}  // namespace
}  // namespace tidemark::test
