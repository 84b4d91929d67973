#include "engine/live/fd_writer.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <string>

namespace tidemark::live {
namespace {

constexpr int kLookMs = 50;

}  // namespace

FdWriter::FdWriter(int fd) : fd_(fd) {
  struct stat status {};
  if (fstat(fd, &status) != 0) {
    closed_ = true;
    return;
  }
  socket_ = S_ISSOCK(status.st_mode);
  if (!S_ISFIFO(status.st_mode) && !S_ISCHR(status.st_mode)) return;
  own_ = open(("/proc/self/fd/" + std::to_string(fd)).c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (own_ >= 0) fd_ = own_;
}

FdWriter::~FdWriter() {
  if (own_ >= 0) close(own_);
}

bool FdWriter::write(std::string_view text, const std::atomic<bool>& give_up) {
  while (!text.empty() && !closed_) {
    pollfd ready{.fd = fd_, .events = POLLOUT, .revents = 0};
    const int count = poll(&ready, 1, kLookMs);
    if (count < 0 && errno != EINTR) closed_ = true;
    if (count <= 0) {
      if (give_up.load(std::memory_order_relaxed)) closed_ = true;
      continue;
    }
    // Where the descriptor could not be opened anew, a chunk of PIPE_BUF is what poll() promises not to block.
    const std::size_t size = std::min<std::size_t>(text.size(), own_ >= 0 || socket_ ? text.size() : PIPE_BUF);
    const ssize_t written =
        socket_ ? send(fd_, text.data(), size, MSG_DONTWAIT | MSG_NOSIGNAL) : ::write(fd_, text.data(), size);
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno != EAGAIN && errno != EINTR) {
      closed_ = true;
    }
  }
  return text.empty();
}

}  // namespace tidemark::live
