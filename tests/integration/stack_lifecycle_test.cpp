// A stack leaves nothing behind, however it ends, and says which node died.
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "scenarios/shop/stack_state.h"
#include "tests/integration/stack_fixture.h"

namespace tidemark::test {
namespace {

using namespace std::chrono_literals;

bool all_gone(const shop::StackInfo& info) {
  for (const auto& node : info.nodes) {
    if (process_exists(node.pid) || !port_is_free(node.endpoint.port)) return false;
  }
  return true;
}

TEST(StackLifecycle, StopLeavesNoProcessAndNoPort) {
  RunningStack stack;
  ASSERT_TRUE(stack.up()) << stack.error();
  const shop::StackInfo info = stack.info();
  EXPECT_EQ(info.nodes.size(), 11U);
  struct stat mode {};
  ASSERT_EQ(stat((stack.dir / "stack.json").c_str(), &mode), 0);
  EXPECT_EQ(mode.st_mode & 0777, 0600U);
  const auto read = shop::read_stack_info(stack.dir);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->edge_url, info.edge_url);
  EXPECT_TRUE(shop::stack_runs(*read));
  for (const auto& node : info.nodes) EXPECT_EQ(getpgid(node.pid), node.pid) << "a process group of its own";

  stack.supervisor->stop();
  EXPECT_TRUE(all_gone(info));
  EXPECT_TRUE(stack.supervisor->deaths().empty()) << "an orderly end is no death";
  EXPECT_FALSE(shop::read_stack_info(stack.dir));
}

TEST(StackLifecycle, KilledNodeIsReportedAndItsCallsGoElsewhere) {
  shop::Topology topology = shop::default_topology();
  topology.services["product"].nodes = 2;
  RunningStack stack(topology);
  ASSERT_TRUE(stack.up()) << stack.error();
  ASSERT_EQ(kill(stack.pid("product-2"), SIGKILL), 0);
  ASSERT_TRUE(eventually(5s, [&] { return !stack.supervisor->deaths().empty(); }));
  EXPECT_EQ(stack.supervisor->deaths(), std::vector<std::string>{"product-2: killed by signal 9"});
  for (int i = 0; i < 20; ++i) {  // the first to meet the dead node tries again elsewhere
    EXPECT_EQ(stack.call("gateway-1", "GET", "/browse?item=1").response.status, 200);
  }
  EXPECT_TRUE(eventually(10s, [&] { return stack.get_json("gateway-1", "/healthz")["sees"]["product"] == 1; }))
      << "the lease of a dead node ends";
}

TEST(StackLifecycle, NodesDieWithAKilledSupervisor) {
  const auto dir = fresh_dir("killed");
  const std::string dir_text = dir.string();
  std::array<const char*, 6> arguments{TIDEMARK_BINARY, "stack", "up", "--dir", dir_text.c_str(), nullptr};
  pid_t supervisor = 0;
  ASSERT_EQ(
      posix_spawn(&supervisor, TIDEMARK_BINARY, nullptr, nullptr, const_cast<char* const*>(arguments.data()), environ),
      0);
  Result<shop::StackInfo> info = shop::read_stack_info(dir);
  EXPECT_TRUE(eventually(60s, [&] {
    info = shop::read_stack_info(dir);
    return info.has_value();
  }));
  kill(supervisor, SIGKILL);
  waitpid(supervisor, nullptr, 0);
  ASSERT_TRUE(info) << info.error().message();
  EXPECT_TRUE(eventually(5s, [&] { return all_gone(*info); }));
  EXPECT_FALSE(shop::stack_runs(*info));
  const auto stopped = shop::stop_stack(dir, 1s);
  ASSERT_TRUE(stopped);
  EXPECT_FALSE(*stopped) << "only a stale stack.json was left";
  std::filesystem::remove_all(dir);
}

TEST(StackLifecycle, SecondStackInTheSameFolderIsRefused) {
  RunningStack stack;
  ASSERT_TRUE(stack.up()) << stack.error();
  const auto second = shop::Supervisor::start(
      {.topology = shop::default_topology(), .dir = stack.dir, .limits_file = {}, .binary = TIDEMARK_BINARY});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ExitCode::environment);
  EXPECT_NE(second.error().what.find("runs there already"), std::string::npos);
  EXPECT_EQ(stack.call("gateway-1", "GET", "/browse?item=1").response.status, 200);
}

TEST(StackLifecycle, NodeThatDoesNotStartIsNamed) {
  for (const char* binary : {"/bin/false", "/no/such/binary"}) {
    const auto dir = fresh_dir("broken");
    const auto started = shop::Supervisor::start(
        {.topology = shop::default_topology(), .dir = dir, .limits_file = {}, .binary = binary});
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().code, ExitCode::environment);
    EXPECT_EQ(started.error().place, "registry-1") << started.error().message();
    std::filesystem::remove_all(dir);
  }
}

}  // namespace
}  // namespace tidemark::test
