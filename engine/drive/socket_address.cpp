#include "engine/drive/socket_address.h"

#include <netinet/tcp.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace tidemark::drive {

SocketAddress socket_address(const Origin& origin) {
  SocketAddress made;
  if (origin.address.is_v6()) {
    auto& v6 = reinterpret_cast<sockaddr_in6&>(made.storage);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(origin.port);
    const auto bytes = origin.address.to_v6().to_bytes();
    std::memcpy(&v6.sin6_addr, bytes.data(), bytes.size());
    made.size = sizeof(sockaddr_in6);
  } else {
    auto& v4 = reinterpret_cast<sockaddr_in&>(made.storage);
    v4.sin_family = AF_INET;
    v4.sin_port = htons(origin.port);
    v4.sin_addr.s_addr = htonl(origin.address.to_v4().to_uint());
    made.size = sizeof(sockaddr_in);
  }
  return made;
}

bool out_of_descriptors(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

bool out_of_ports(int error) {
  return error == EADDRNOTAVAIL || error == EAGAIN;
}

int begin_connect(const SocketAddress& address, int& error) {
  const int fd = socket(address.get()->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    error = errno;
    return -1;
  }
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  if (connect(fd, address.get(), address.size) == 0 || errno == EINPROGRESS) return fd;
  error = errno;
  close(fd);
  return -1;
}

Result<void> check_reachable(const Origin& origin, Nanos limit) {
  const std::string place = origin.scheme + "://" + origin.authority;
  const SocketAddress address = socket_address(origin);
  const int fd = socket(address.get()->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return fail(ExitCode::environment, place, std::strerror(errno), "raise the limit on open files");
  int error = connect(fd, address.get(), address.size) == 0 ? 0 : errno;
  if (error == EINPROGRESS) {
    pollfd wanted{.fd = fd, .events = POLLOUT, .revents = 0};
    const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(limit).count();
    socklen_t size = sizeof(error);
    if (poll(&wanted, 1, static_cast<int>(milliseconds)) == 0) {
      error = ETIMEDOUT;
    } else {
      getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    }
  }
  close(fd);
  if (error == 0) return {};
  return fail(ExitCode::environment, place, std::strerror(error), "start the server, or correct the target's port");
}

}  // namespace tidemark::drive
