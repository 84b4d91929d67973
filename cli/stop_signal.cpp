#include "cli/stop_signal.h"

#include <unistd.h>
#include <csignal>
#include <cstdlib>

namespace tidemark::cli {
namespace {

std::atomic<int> received{0};
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler may only touch lock-free atomics");

void on_signal(int number) {
  int none = 0;
  // The second signal ends the process at once: what was sealed stays readable, and children die with their parent.
  if (!received.compare_exchange_strong(none, number)) _exit(128 + number);
}

}  // namespace

const std::atomic<int>& install_stop_signal() {
  struct sigaction action = {};
  action.sa_handler = on_signal;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return received;
}

ExitCode exit_code_of_signal(int signal_number) {
  return signal_number == SIGTERM ? ExitCode::terminated : ExitCode::interrupted;
}

}  // namespace tidemark::cli
