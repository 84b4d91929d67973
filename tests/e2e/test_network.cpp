#include "tests/e2e/test_network.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "tests/e2e/command.h"

namespace tidemark::test {
namespace {

constexpr const char* kWire = "tmtest0";

bool ip(const std::string& words) {
  const auto result = run_command({"/bin/sh", "-c", "exec ip " + words}, 20);
  if (result.exit_code != 0) std::fprintf(stderr, "ip %s: %s", words.c_str(), result.errors.c_str());
  return result.exit_code == 0;
}

bool readable(int fd, int wake) {
  std::array<pollfd, 2> watched = {{{fd, POLLIN, 0}, {wake, POLLIN, 0}}};
  while (poll(watched.data(), watched.size(), -1) < 0) {
  }
  return watched[0].revents != 0;
}

}  // namespace

TestNetwork::TestNetwork() : here_("tmtest-" + std::to_string(getpid())), elsewhere_(here_ + "-far") {
  if (geteuid() != 0 || !ip("netns add " + here_) || !ip("netns add " + elsewhere_)) return;
  made_ = ip("-n " + here_ + " link add " + kWire + " type veth peer name tmtest1 netns " + elsewhere_) &&
          ip("-n " + here_ + " addr add 10.77.0.1/24 dev " + kWire) &&
          ip("-n " + elsewhere_ + " addr add 10.77.0.2/24 dev tmtest1") && ip("-n " + here_ + " link set lo up") &&
          ip("-n " + elsewhere_ + " link set lo up") && ip("-n " + here_ + " link set " + kWire + " up") &&
          ip("-n " + elsewhere_ + " link set tmtest1 up");
  const std::filesystem::path etc = "/etc/netns";
  made_etc_ = !std::filesystem::exists(etc);
  std::filesystem::create_directories(etc / here_);
  std::ofstream(etc / here_ / "resolv.conf") << "nameserver 127.0.0.1\noptions timeout:1 attempts:2\n";
}

TestNetwork::~TestNetwork() {
  if (geteuid() != 0) return;
  ip("netns del " + here_);
  ip("netns del " + elsewhere_);
  std::error_code ignored;
  std::filesystem::remove_all("/etc/netns/" + here_, ignored);
  if (made_etc_) std::filesystem::remove("/etc/netns", ignored);
}

std::vector<std::string> TestNetwork::command(const std::vector<std::string>& words) const {
  std::vector<std::string> all = {"ip", "netns", "exec", here_};
  all.insert(all.end(), words.begin(), words.end());
  return all;
}

InNamespace::InNamespace(const std::string& name) : before_(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)) {
  const int wanted = open(("/run/netns/" + name).c_str(), O_RDONLY | O_CLOEXEC);
  if (before_ < 0 || wanted < 0 || setns(wanted, CLONE_NEWNET) != 0) std::abort();
  close(wanted);
}

InNamespace::~InNamespace() {
  if (setns(before_, CLONE_NEWNET) != 0) std::abort();
  close(before_);
}

NamespaceServer::NamespaceServer(const std::string& name_space, const std::string& address, std::uint16_t port)
    : server_(io_, {}, [this](net::Request) -> net::Task<net::Response> {
        ++requests_;
        co_return net::Response::text(200, "ok");
      }) {
  const InNamespace inside(name_space);
  const auto bound = server_.listen(address, port);
  EXPECT_TRUE(bound) << bound.error().message();
  port_ = bound ? *bound : 0;
  thread_ = std::thread([this] { io_.run(); });
}

NamespaceServer::~NamespaceServer() {
  io_.stop();
  thread_.join();
}

NameServer::NameServer(const std::string& name_space, std::function<std::vector<std::string>(int)> addresses)
    : addresses_(std::move(addresses)), wake_(eventfd(0, EFD_CLOEXEC)) {
  const InNamespace inside(name_space);
  socket_ = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(53);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  thread_ = std::thread([this] { serve(); });
}

NameServer::~NameServer() {
  eventfd_write(wake_, 1);
  thread_.join();
  close(socket_);
  close(wake_);
}

void NameServer::serve() {
  while (readable(socket_, wake_)) {
    std::array<char, 1024> bytes;
    sockaddr_storage from{};
    socklen_t size = sizeof(from);
    const auto count = recvfrom(socket_, bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
    if (count < 12) continue;
    const std::string reply = answer({bytes.data(), static_cast<std::size_t>(count)});
    sendto(socket_, reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
  }
}

// RFC 1035: the header, the question as it came, an A record for each address. Other types have none.
std::string NameServer::answer(const std::string& query) {
  std::size_t end = 12;
  while (end < query.size() && query[end] != 0) end += 1 + static_cast<unsigned char>(query[end]);
  end += 5;
  const bool wants_v4 = end <= query.size() && query[end - 3] == 1;
  std::vector<std::string> addresses;
  if (wants_v4) addresses = addresses_(queries_++);
  std::string reply = query.substr(0, 2) + std::string("\x81\x80\0\1\0", 5) + static_cast<char>(addresses.size()) +
                      std::string(4, '\0') + query.substr(12, end - 12);
  for (const auto& text : addresses) {
    in_addr address{};
    inet_pton(AF_INET, text.c_str(), &address);
    reply += std::string("\xc0\x0c\0\1\0\1\0\0\0\0\0\4", 12);
    reply.append(reinterpret_cast<const char*>(&address), sizeof(address));
  }
  return reply;
}

WireTap::WireTap(const std::string& name_space) : wake_(eventfd(0, EFD_CLOEXEC)) {
  const InNamespace inside(name_space);
  socket_ = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(ETH_P_ALL));
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);
  address.sll_ifindex = static_cast<int>(if_nametoindex(kWire));
  EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  const int on = 1, bytes = 64 << 20;
  setsockopt(socket_, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
  setsockopt(socket_, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
  thread_ = std::thread([this] { listen(); });
}

WireTap::~WireTap() {
  if (thread_.joinable()) stop();
  close(socket_);
  close(wake_);
}

void WireTap::listen() {
  while (readable(socket_, wake_)) take_one();
  while (take_one()) {
  }
}

bool WireTap::take_one() {
  std::array<char, 2048> bytes;
  alignas(cmsghdr) std::array<char, 256> control;
  sockaddr_ll from{};
  iovec into{bytes.data(), bytes.size()};
  msghdr message{};
  message.msg_name = &from;
  message.msg_namelen = sizeof(from);
  message.msg_iov = &into;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const auto count = recvmsg(socket_, &message, MSG_TRUNC);
  if (count < 0) return false;
  if (ntohs(from.sll_protocol) != ETH_P_IP || static_cast<std::size_t>(count) < sizeof(iphdr) + sizeof(tcphdr)) {
    return true;
  }
  iphdr network{};
  std::memcpy(&network, bytes.data(), sizeof(network));
  tcphdr transport{};
  std::memcpy(&transport, bytes.data() + network.ihl * 4U, sizeof(transport));
  if (network.protocol != IPPROTO_TCP || network.daddr != inet_addr(kElsewhere)) return true;
  Segment segment{.opens = transport.syn != 0 && transport.ack == 0,
                  .payload = ntohs(network.tot_len) - network.ihl * 4U - transport.doff * 4U};
  for (const cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, const_cast<cmsghdr*>(header))) {
    if (header->cmsg_type != SCM_TIMESTAMPNS) continue;
    timespec at{};
    std::memcpy(&at, CMSG_DATA(header), sizeof(at));
    segment.at_ns = std::int64_t{at.tv_sec} * 1'000'000'000 + at.tv_nsec;
  }
  segments_.push_back(segment);
  return true;
}

std::vector<WireTap::Segment> WireTap::stop() {
  eventfd_write(wake_, 1);
  thread_.join();
  tpacket_stats lost{};
  socklen_t size = sizeof(lost);
  getsockopt(socket_, SOL_PACKET, PACKET_STATISTICS, &lost, &size);
  EXPECT_EQ(lost.tp_drops, 0U);
  return segments_;
}

std::size_t WireTap::opened(const std::vector<Segment>& segments) {
  return static_cast<std::size_t>(
      std::count_if(segments.begin(), segments.end(), [](const Segment& one) { return one.opens; }));
}

}  // namespace tidemark::test
