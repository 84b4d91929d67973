// A server that costs as little as a server can: every read of a whole request head is answered with the same bytes,
// keep-alive, requests without bodies; one for /hold is never answered. For benchmarks and for tests of the generator.
// usage: stub_server [PORT=0] [ADDRESSES=1]     listens on 127.0.0.1, 127.0.0.2, ... with one port
// Prints its port on the first line; runs until it is killed, or its parent ends.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace {

constexpr std::string_view kResponse =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, World!";
constexpr int kBacklog = 4096;

int listen_on(std::uint16_t& port, std::uint32_t nth) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));  // accepted sockets inherit it
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + nth);
  socklen_t size = sizeof(address);
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener, kBacklog) != 0) {
    std::perror("listen");
    std::exit(4);
  }
  getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  port = ntohs(address.sin_port);
  return listener;
}

void accept_all(int epoll, int listener) {
  int socket;
  while ((socket = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK)) >= 0) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = socket;
    epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event);
  }
}

// Answers every whole request in `pending` plus the new bytes; false when the peer is gone.
bool serve(int socket, std::unordered_map<int, std::string>& pending) {
  char bytes[16384];
  const auto count = read(socket, bytes, sizeof(bytes));
  if (count <= 0) return false;
  std::string_view input(bytes, static_cast<std::size_t>(count));
  std::string joined;
  if (const auto rest = pending.find(socket); rest != pending.end()) {
    joined = rest->second.append(input);
    pending.erase(rest);
    input = joined;
  }
  for (auto end = input.find("\r\n\r\n"); end != input.npos; end = input.find("\r\n\r\n")) {
    if (input.starts_with("GET /hold ")) {
      input.remove_prefix(end + 4);
      continue;
    }
    if (write(socket, kResponse.data(), kResponse.size()) != static_cast<ssize_t>(kResponse.size())) return false;
    input.remove_prefix(end + 4);
  }
  if (!input.empty()) pending[socket] = input;
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // never outlives the test or script that started it
  auto port = static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 0);
  const auto addresses = static_cast<std::uint32_t>(argc > 2 ? std::atoi(argv[2]) : 1);
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  const int epoll = epoll_create1(0);
  std::vector<int> listeners;
  for (std::uint32_t nth = 0; nth < addresses; ++nth) {
    listeners.push_back(listen_on(port, nth));
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = listeners.back();
    epoll_ctl(epoll, EPOLL_CTL_ADD, listeners.back(), &event);
  }
  std::printf("%u\n", static_cast<unsigned>(port));
  std::fflush(stdout);
  std::unordered_map<int, std::string> pending;
  epoll_event events[256];
  while (true) {
    const int ready = epoll_wait(epoll, events, 256, -1);
    for (int i = 0; i < ready; ++i) {
      const int socket = events[i].data.fd;
      if (socket <= listeners.back()) {  // they were opened first and stay
        accept_all(epoll, socket);
      } else if (!serve(socket, pending)) {
        pending.erase(socket);
        close(socket);
      }
    }
  }
}
