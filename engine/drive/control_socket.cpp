#include "engine/drive/control_socket.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace tidemark::drive {
namespace {

constexpr std::size_t kMostLine = 4096;
constexpr int kPeerPatienceMs = 2000;  // for one line of a peer, and for its reading of ours

Error environment(const std::filesystem::path& file, std::string_view what, std::string advice = {}) {
  return {ExitCode::environment, file.string(), std::string(what), std::move(advice)};
}

// A Unix socket's address holds 108 bytes; a run directory may be deeper. Through its descriptor any path is short.
struct ShortPath {
  int dir = -1;
  sockaddr_un address{};
  explicit ShortPath(const std::filesystem::path& file) {
    dir = ::open(file.parent_path().empty() ? "." : file.parent_path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
    address.sun_family = AF_UNIX;
    const auto path = fmt::format("/proc/self/fd/{}/{}", dir, file.filename().string());
    std::memcpy(address.sun_path, path.c_str(), std::min(path.size() + 1, sizeof(address.sun_path) - 1));
  }
  ~ShortPath() {
    if (dir >= 0) close(dir);
  }
  ShortPath(const ShortPath&) = delete;
  ShortPath& operator=(const ShortPath&) = delete;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address); }
};

bool ready(int fd, short events) {
  pollfd one{.fd = fd, .events = events, .revents = 0};
  return poll(&one, 1, kPeerPatienceMs) == 1;
}

std::string read_line(int fd) {
  std::string line;
  char piece[512];
  while (line.find('\n') == std::string::npos && line.size() <= kMostLine && ready(fd, POLLIN)) {
    const ssize_t count = recv(fd, piece, sizeof(piece), 0);
    if (count <= 0) break;
    line.append(piece, static_cast<std::size_t>(count));
  }
  return line.substr(0, line.find('\n'));
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    if (!ready(fd, POLLOUT)) return false;
    const ssize_t count = send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    if (count <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

}  // namespace

Result<std::unique_ptr<ControlSocket>> ControlSocket::open(const std::filesystem::path& run_dir, ControlBox& box) {
  const auto file = run_dir / kName;
  const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const int wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  const ShortPath path(file);
  // Nobody can connect before listen(), so that the mode is in force from the first moment on.
  const bool made = listener >= 0 && wake >= 0 && bind(listener, path.get(), sizeof(path.address)) == 0 &&
                    chmod(file.c_str(), S_IRUSR | S_IWUSR) == 0 && listen(listener, 4) == 0;
  if (!made) {
    const int error = errno;
    if (listener >= 0) close(listener);
    if (wake >= 0) close(wake);
    return tl::make_unexpected(environment(file, fmt::format("no control socket: {}", std::strerror(error))));
  }
  return std::unique_ptr<ControlSocket>(new ControlSocket(file, listener, wake, box));
}

ControlSocket::ControlSocket(std::filesystem::path file, int listener, int wake, ControlBox& box)
    : file_(std::move(file)), listener_(listener), wake_(wake), box_(box), thread_([this] { serve(); }) {}

ControlSocket::~ControlSocket() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = write(wake_, &one, sizeof(one));  // an eventfd at 0 takes it
  thread_.join();
  close(listener_);
  close(wake_);
  std::error_code ignored;
  std::filesystem::remove(file_, ignored);
}

void ControlSocket::serve() {
  while (true) {
    pollfd ends[2] = {{.fd = listener_, .events = POLLIN, .revents = 0}, {.fd = wake_, .events = POLLIN, .revents = 0}};
    if (poll(ends, 2, -1) < 0 && errno != EINTR) return;
    if (ends[1].revents != 0) return;
    if (ends[0].revents == 0) continue;
    const int peer = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (peer < 0) continue;
    answer(peer);
    close(peer);
  }
}

void ControlSocket::answer(int peer) {
  const auto request = parse_control_request(read_line(peer));
  ControlReply reply;
  if (!request) {
    reply.problem = request.error().message();
  } else if (auto answered = box_.ask(*request, kAnswerWithin)) {
    reply = std::move(*answered);
  } else {
    reply.problem = "the run is over";
  }
  write_all(peer, to_line(reply));
}

Result<ControlReply> ask_run(const std::filesystem::path& run_dir, const ControlRequest& request) {
  const auto file = run_dir / ControlSocket::kName;
  std::error_code ignored;
  if (!std::filesystem::is_directory(run_dir, ignored))
    return fail(ExitCode::usage, run_dir.string(), "is no run directory", "name the one that `tidemark run` prints");
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return tl::make_unexpected(environment(file, std::strerror(errno)));
  const ShortPath path(file);
  std::string line;
  const bool connected = connect(fd, path.get(), sizeof(path.address)) == 0;
  if (connected && write_all(fd, to_line(request))) line = read_line(fd);
  close(fd);
  if (!connected) {
    return tl::make_unexpected(environment(file, "no run answers here", "it has ended, or was started elsewhere"));
  }
  if (line.empty()) return tl::make_unexpected(environment(file, "the run closed the connection without an answer"));
  auto reply = parse_control_reply(line);
  if (reply && !reply->problem.empty()) return fail(ExitCode::usage, run_dir.string(), reply->problem);
  return reply;
}

}  // namespace tidemark::drive
