// tidemark guard as a user types it, on a running stack.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/e2e/command.h"

namespace tidemark::test {
namespace {

using nlohmann::json;

TEST(GuardCommand, ShowsChangesAndRefusesNonsense) {
  TemporaryFolder folder;
  const std::string stack = folder / "stack", topology = folder / "guarded.yaml";
  std::ofstream(topology) << "guard: {breaker: {kind: sequential}}\n"
                             "services:\n"
                             "  gateway:\n"
                             "    guard:\n"
                             "      degrade: {steps: [{name: browse-off, signal: queued, on: 100, off: 10}]}\n"
                             "  product: {guard: {limiter: {kind: tide}}}\n";
  const auto up = run_tidemark({"stack", "up", "--dir", stack, "--topology", topology, "--detach"}, 60);
  ASSERT_EQ(up.exit_code, 0) << up.errors;
  const auto show = run_tidemark({"guard", "show", "product", "--json", "--stack", stack});
  ASSERT_EQ(show.exit_code, 0) << show.errors;
  const json shown = json::parse(show.output);
  EXPECT_EQ(shown[0]["guard"], json::parse(R"({"breaker":{"kind":"sequential"},"limiter":{"kind":"tide"}})"));
  EXPECT_TRUE(shown[0]["now"].contains("limit_now")) << show.output;

  const auto set = run_tidemark({"guard", "set", "all", "calls.timeout=100ms", "breaker=off", "--stack", stack});
  EXPECT_EQ(set.exit_code, 0) << set.errors;
  const auto all = run_tidemark({"guard", "show", "--json", "--stack", stack});
  for (const auto& node : json::parse(all.output)) {
    EXPECT_EQ(node["guard"]["calls"]["timeout"], "100ms") << node;
    EXPECT_FALSE(node["guard"].contains("breaker")) << node;
  }
  const auto step = run_tidemark({"guard", "degrade", "browse-off", "on", "--stack", stack});
  EXPECT_EQ(step.exit_code, 0) << step.errors;
  EXPECT_EQ(step.output, "gateway-1        browse-off       taken\n");

  struct {
    std::vector<std::string> arguments;
    std::string said;
  } const wrong[] = {{{"guard", "set", "product", "limiter.kind=tiide"}, "did you mean 'tide'"},
                     {{"guard", "set", "product", "limitr.kind=tide"}, "did you mean 'limiter'"},
                     {{"guard", "set", "produkt", "limiter=off"}, "did you mean 'product'"},
                     {{"guard", "set", "product", "limiter"}, "is not FIELD=VALUE"},
                     {{"guard", "degrade", "browse-of", "on"}, "no step of this node's degrade plan"},
                     {{"guard", "degrade", "browse-off", "maybe"}, "hold must be on, off or auto"}};
  for (const auto& each : wrong) {
    auto arguments = each.arguments;
    arguments.insert(arguments.end(), {"--stack", stack});
    const auto result = run_tidemark(arguments);
    EXPECT_EQ(result.exit_code, 2) << each.said;
    EXPECT_NE(result.errors.find(each.said), std::string::npos) << result.errors;
  }
  EXPECT_EQ(run_tidemark({"stack", "down", "--dir", stack}).exit_code, 0);
  EXPECT_EQ(run_tidemark({"guard", "show", "--stack", stack}).exit_code, 4);
}

}  // namespace
}  // namespace tidemark::test
