#include "scenarios/shop/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

#include "scenarios/shop/node_config.h"

namespace tidemark::shop {
namespace {

constexpr int kReadyFd = 3;  // in the child

struct Pipe {
  Descriptor read, write;
};

bool make_pipe(Pipe* pipe) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return false;
  pipe->read = Descriptor(ends[0]);
  pipe->write = Descriptor(ends[1]);
  return true;
}

// posix_spawn's two argument objects.
struct SpawnArguments {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;

  SpawnArguments(int config_fd, int ready_fd, const std::filesystem::path& output) {
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, config_fd, STDIN_FILENO);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, output.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO);
    posix_spawn_file_actions_adddup2(&files, ready_fd, kReadyFd);  // last: it may overwrite a descriptor used above
    posix_spawnattr_init(&attributes);
    sigset_t none, defaults;
    sigemptyset(&none);
    sigemptyset(&defaults);
    for (const int number : {SIGINT, SIGTERM, SIGPIPE, SIGHUP}) sigaddset(&defaults, number);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }
  ~SpawnArguments() {
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
  }
};

}  // namespace

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = other.release();
  }
  return *this;
}

void Descriptor::reset() {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

int Descriptor::release() noexcept {
  return std::exchange(fd_, -1);
}

Result<ChildProcess> ChildProcess::start(const std::filesystem::path& binary, const NodeConfig& config,
                                         const std::filesystem::path& output) {
  auto refuse = [&](int error) { return fail(ExitCode::environment, config.name(), std::strerror(error)); };
  Pipe input, ready;
  if (!make_pipe(&input) || !make_pipe(&ready)) return refuse(errno);
  ChildProcess child;
  child.name_ = config.name();
  child.service_ = config.service;
  {
    SpawnArguments arguments(input.read.get(), ready.write.get(), output);
    const std::string parent = std::to_string(getpid()), fd = std::to_string(kReadyFd);
    const std::array<const char*, 8> argv{"tidemark", "node",         "--ready-fd", fd.c_str(),
                                          "--parent", parent.c_str(), nullptr};
    const int error = posix_spawn(&child.pid_, binary.c_str(), &arguments.files, &arguments.attributes,
                                  const_cast<char* const*>(argv.data()), environ);
    if (error != 0) {
      return fail(ExitCode::environment, config.name(), binary.string() + ": " + std::strerror(error));
    }
  }
  child.ending_.reset();
  child.pidfd_ = Descriptor(static_cast<int>(syscall(SYS_pidfd_open, child.pid_, 0)));
  if (!child.pidfd_.open()) return refuse(errno);
  fcntl(ready.read.get(), F_SETFL, O_NONBLOCK);
  child.ready_ = std::move(ready.read);
  const std::string text = node_config_text(config);  // far below a pipe's 64 KiB: does not block
  if (write(input.write.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) return refuse(errno);
  return child;
}

ChildProcess::~ChildProcess() {
  if (pid_ < 0 || !running() || !pidfd_.open()) return;
  signal(SIGKILL);
  siginfo_t info{};
  waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &info, WEXITED);
}

bool ChildProcess::read_ready() {
  std::array<char, 64> buffer{};
  const ssize_t count = read(ready_.get(), buffer.data(), buffer.size());
  if (count < 0) return errno == EAGAIN || errno == EINTR;
  ready_text_.append(buffer.data(), static_cast<std::size_t>(count));
  if (ready_text_.find('\n') == std::string::npos) return count > 0;
  constexpr std::string_view kWord = "ready ";
  if (!ready_text_.starts_with(kWord)) return false;
  std::from_chars(ready_text_.data() + kWord.size(), ready_text_.data() + ready_text_.size(), port_);
  ready_.reset();
  return port_ != 0;
}

void ChildProcess::signal(int number) const {
  if (running() && pidfd_.open()) syscall(SYS_pidfd_send_signal, pidfd_.get(), number, nullptr, 0);
}

std::optional<std::string> ChildProcess::reap() {
  if (!running()) return ending_;
  siginfo_t info{};
  if (waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &info, WEXITED | WNOHANG) != 0 || info.si_pid == 0) {
    return std::nullopt;
  }
  ending_ = (info.si_code == CLD_EXITED ? "exited with code " : "killed by signal ") + std::to_string(info.si_status);
  return ending_;
}

}  // namespace tidemark::shop
