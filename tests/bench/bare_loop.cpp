// The floor that the generator is measured against: epoll, level-triggered, N keep-alive sockets, one write and one
// read per request, Content-Length only, nothing else.   usage: bare_loop PORT SECONDS [CONNECTIONS=64] Prints:
// requests=N seconds=S cpu_us_per_request=C
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <vector>

namespace {

constexpr std::string_view kRequest = "GET / HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n";

struct Connection {
  int socket = -1;
  std::size_t have = 0;
  char buffer[8192];
};

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

int connect_to(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) die("connect");
  const int on = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  return socket;
}

// Bytes of the first whole response in the buffer, 0 if it is not there yet.
std::size_t response_size(std::string_view bytes) {
  const auto head = bytes.find("\r\n\r\n");
  if (head == bytes.npos) return 0;
  const auto field = bytes.find("Content-Length: ");
  if (field > head) die("no Content-Length");
  const std::size_t whole = head + 4 + std::strtoul(bytes.data() + field + 16, nullptr, 10);
  return bytes.size() >= whole ? whole : 0;
}

void send_request(const Connection& connection) {
  if (write(connection.socket, kRequest.data(), kRequest.size()) != static_cast<ssize_t>(kRequest.size())) die("write");
}

// Reads once; true when that completed a response.
bool receive(Connection& connection) {
  const auto count =
      read(connection.socket, connection.buffer + connection.have, sizeof(connection.buffer) - connection.have);
  if (count <= 0) die("read");
  connection.have += static_cast<std::size_t>(count);
  const std::size_t size = response_size({connection.buffer, connection.have});
  if (size == 0) return false;
  connection.have -= size;
  std::memmove(connection.buffer, connection.buffer + size, connection.have);
  return true;
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: %s PORT SECONDS [CONNECTIONS]\n", argv[0]);
    return 2;
  }
  const auto port = static_cast<std::uint16_t>(std::atoi(argv[1]));
  const std::chrono::duration<double> length(std::atof(argv[2]));
  std::vector<Connection> connections(argc > 3 ? static_cast<std::size_t>(std::atoi(argv[3])) : 64);
  const int epoll = epoll_create1(0);
  for (auto& connection : connections) {
    connection.socket = connect_to(port);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = &connection;
    epoll_ctl(epoll, EPOLL_CTL_ADD, connection.socket, &event);
    send_request(connection);
  }
  const auto start = std::chrono::steady_clock::now();
  const double cpu_before = cpu_seconds();
  unsigned long requests = 0;
  epoll_event events[64];
  while (std::chrono::steady_clock::now() - start < length) {
    const int ready = epoll_wait(epoll, events, 64, 100);
    for (int i = 0; i < ready; ++i) {
      auto& connection = *static_cast<Connection*>(events[i].data.ptr);
      if (!receive(connection)) continue;
      ++requests;
      send_request(connection);
    }
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  std::printf("requests=%lu seconds=%.3f cpu_us_per_request=%.4f\n", requests, took.count(),
              (cpu_seconds() - cpu_before) * 1e6 / static_cast<double>(requests));
}
