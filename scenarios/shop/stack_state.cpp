#include "scenarios/shop/stack_state.h"

#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>

#include "scenarios/shop/child_process.h"

namespace tidemark::shop {
namespace {

// From /proc/PID/stat, whose second field is the name in brackets and may hold anything; 0 when there is no such
// process.
int parent_of(int pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  std::getline(stat, line);
  const std::size_t bracket = line.rfind(')');
  if (bracket == std::string::npos || bracket + 4 >= line.size()) return 0;
  return std::atoi(line.c_str() + bracket + 4);  // ") S 1234 ..."
}

}  // namespace

bool stack_runs(const StackInfo& info) {
  if (info.supervisor_pid <= 0) return false;
  for (const auto& node : info.nodes) {
    if (node.pid > 0 && parent_of(node.pid) == info.supervisor_pid) return true;
  }
  return false;
}

Result<bool> stop_stack(const std::filesystem::path& dir, std::chrono::milliseconds patience) {
  const auto info = read_stack_info(dir);
  if (!info) return tl::make_unexpected(info.error());
  const Descriptor process(static_cast<int>(syscall(SYS_pidfd_open, info->supervisor_pid, 0)));
  if (!process.open() || !stack_runs(*info)) {
    std::error_code ignored;
    std::filesystem::remove(dir / "stack.json", ignored);
    return false;
  }
  if (syscall(SYS_pidfd_send_signal, process.get(), SIGTERM, nullptr, 0) != 0) {
    return fail(ExitCode::environment, "supervisor " + std::to_string(info->supervisor_pid), std::strerror(errno));
  }
  pollfd ended{process.get(), POLLIN, 0};
  if (poll(&ended, 1, static_cast<int>(patience.count())) != 1) {
    return fail(ExitCode::environment, "supervisor " + std::to_string(info->supervisor_pid),
                "still runs after SIGTERM");
  }
  return true;
}

}  // namespace tidemark::shop
