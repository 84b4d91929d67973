#include "fake_broker.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <set>
#include <utility>
#include <vector>

namespace tidemark::test {
namespace {

constexpr std::int16_t kApiVersions = 18, kUnsupportedVersion = 35;

void put(std::string& out, std::int64_t value, int bytes) {
  for (int i = bytes - 1; i >= 0; --i) out.push_back(static_cast<char>(value >> (8 * i)));
}

void put_text(std::string& out, const std::string& text) {
  put(out, static_cast<std::int64_t>(text.size()), 2);
  out += text;
}

std::int64_t take(const std::string& in, std::size_t at, int bytes) {
  std::int64_t value = 0;
  for (int i = 0; i < bytes; ++i)
    value = value << 8 | static_cast<std::uint8_t>(in.at(at + static_cast<std::size_t>(i)));
  return value;
}

bool receive(int fd, std::string& into, std::size_t count) {
  into.resize(count);
  return recv(fd, into.data(), count, MSG_WAITALL) == static_cast<ssize_t>(count);
}

}  // namespace

FakeBroker::FakeBroker(const std::string& host, std::uint16_t port) : host_(host), advertised_port_(port) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener_, 64) != 0) std::abort();
  getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  wake_ = eventfd(0, EFD_CLOEXEC);
  thread_ = std::thread([this] { serve(); });
}

FakeBroker::~FakeBroker() {
  eventfd_write(wake_, 1);
  thread_.join();
  close(listener_);
  close(wake_);
}

void FakeBroker::serve() {
  std::set<int> peers;
  while (true) {
    std::vector<pollfd> watched = {{wake_, POLLIN, 0}, {listener_, POLLIN, 0}};
    for (const int fd : peers) watched.push_back({fd, POLLIN, 0});
    if (poll(watched.data(), watched.size(), -1) < 0) continue;
    if (watched[0].revents != 0) break;
    if (watched[1].revents != 0) peers.insert(accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC));
    for (std::size_t i = 2; i < watched.size(); ++i) {
      if (watched[i].revents == 0 || answer(watched[i].fd)) continue;
      peers.erase(watched[i].fd);
      close(watched[i].fd);
    }
  }
  for (const int fd : peers) close(fd);
}

bool FakeBroker::answer(int fd) {
  std::string size, request;
  if (!receive(fd, size, 4) || !receive(fd, request, static_cast<std::size_t>(take(size, 0, 4)))) return false;
  const auto api = static_cast<std::int16_t>(take(request, 0, 2));
  const auto version = static_cast<std::int16_t>(take(request, 2, 2));
  std::string body = request.substr(4, 4) + reply_to(api, version);  // the correlation id, then the answer
  std::string frame;
  put(frame, static_cast<std::int64_t>(body.size()), 4);
  frame += body;
  const bool sent = send(fd, frame.data(), frame.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(frame.size());
  return sent;
}

std::string FakeBroker::reply_to(std::int16_t api, std::int16_t version) const {
  std::string out;
  if (api == kApiVersions) {
    put(out, version > 0 ? kUnsupportedVersion : 0, 2);
    put(out, 3, 4);
    for (const auto& [key, most] : {std::pair{0, 7}, std::pair{3, 1}, std::pair{18, 0}}) {
      put(out, key, 2);
      put(out, 0, 2);
      put(out, most, 2);
    }
    return out;
  }
  put(out, 1, 4);  // brokers
  put(out, 1, 4);
  put_text(out, host_);
  put(out, advertised_port_, 4);
  put(out, -1, 2);  // no rack
  put(out, 1, 4);   // the controller
  put(out, 1, 4);   // topics
  put(out, 0, 2);
  put_text(out, "orders");
  put(out, 0, 1);
  put(out, 1, 4);  // partitions: number 0, led by 1, on 1 only
  put(out, 0, 2);
  put(out, 0, 4);
  put(out, 1, 4);
  for (int i = 0; i < 2; ++i) {
    put(out, 1, 4);
    put(out, 1, 4);
  }
  return out;
}

}  // namespace tidemark::test
