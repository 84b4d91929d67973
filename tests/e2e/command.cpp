#include "tests/e2e/command.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "engine/core/summary.h"

namespace tidemark::test {
namespace {

using SteadyClock = std::chrono::steady_clock;

int milliseconds_until(SteadyClock::time_point deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - SteadyClock::now()).count();
  return left > 0 ? static_cast<int>(left) : 0;
}

int exit_code_of(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

std::string read_text(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "tidemark-test-XXXXXX").string();
  path_ = mkdtemp(pattern.data());
}

// Both books of every run that a test left in its folder balance: checked here, so that no test can forget it.
static void check_books(const std::filesystem::path& folder) {
  std::error_code error;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder, error)) {
    if (entry.path().filename() != "summary.json") continue;
    const auto json = nlohmann::json::parse(read_text(entry.path()), nullptr, false);
    if (json.is_discarded() || json.value("schema", "") != "tidemark.summary/1") continue;
    const auto summary = parse_summary(json, entry.path().string());
    if (!summary) continue;
    EXPECT_TRUE(summary->flows.balances()) << entry.path();
    EXPECT_TRUE(summary->requests.balances()) << entry.path();
  }
}

TemporaryFolder::~TemporaryFolder() {
  check_books(path_);
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

BackgroundCommand::BackgroundCommand(const std::vector<std::string>& arguments) {
  std::string pattern = (std::filesystem::temp_directory_path() / "tidemark-stderr-XXXXXX").string();
  const int errors = mkstemp(pattern.data());
  errors_path_ = pattern;
  int output[2];
  if (errors < 0 || pipe2(output, O_CLOEXEC) != 0) std::abort();
  std::vector<char*> argv;
  for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  pid_ = fork();
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(output[1], STDOUT_FILENO);
    dup2(errors, STDERR_FILENO);
    execvp(argv[0], argv.data());
    _exit(127);
  }
  close(output[1]);
  close(errors);
  output_ = output[0];
}

BackgroundCommand::~BackgroundCommand() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  if (output_ >= 0) close(output_);
  unlink(errors_path_.c_str());
}

void BackgroundCommand::signal(int number) {
  kill(pid_, number);
}

std::string BackgroundCommand::read_line(int limit_s) {
  const auto deadline = SteadyClock::now() + std::chrono::seconds(limit_s);
  while (true) {
    if (const auto end = buffered_.find('\n'); end != std::string::npos) {
      std::string line = buffered_.substr(0, end);
      buffered_.erase(0, end + 1);
      return line;
    }
    pollfd waiting{output_, POLLIN, 0};
    if (poll(&waiting, 1, milliseconds_until(deadline)) <= 0) return {};
    char bytes[4096];
    const auto count = read(output_, bytes, sizeof(bytes));
    if (count <= 0) return {};
    buffered_.append(bytes, static_cast<std::size_t>(count));
  }
}

CommandResult BackgroundCommand::wait(int limit_s) {
  const auto deadline = SteadyClock::now() + std::chrono::seconds(limit_s);
  CommandResult result;
  result.output = std::move(buffered_);
  char bytes[65536];
  pollfd waiting{output_, POLLIN, 0};
  while (poll(&waiting, 1, milliseconds_until(deadline)) > 0) {
    const auto count = read(output_, bytes, sizeof(bytes));
    if (count <= 0) break;
    result.output.append(bytes, static_cast<std::size_t>(count));
  }
  const int process = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
  pollfd ended{process, POLLIN, 0};
  if (poll(&ended, 1, milliseconds_until(deadline)) <= 0) kill(pid_, SIGKILL);
  close(process);
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
  result.exit_code = exit_code_of(status);
  result.errors = read_text(errors_path_);
  return result;
}

CommandResult run_command(const std::vector<std::string>& arguments, int limit_s) {
  return BackgroundCommand(arguments).wait(limit_s);
}

CommandResult run_tidemark(std::vector<std::string> arguments, int limit_s) {
  arguments.insert(arguments.begin(), TIDEMARK_BINARY);
  return run_command(arguments, limit_s);
}

}  // namespace tidemark::test
