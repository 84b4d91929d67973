// A network of its own for one test: two namespaces joined by a veth pair, 10.77.0.1 ("here", where commands run) and
// 10.77.0.2 ("elsewhere"), a name server that answers as the test says, and a count of what crosses the wire. Needs
// root and iproute2; everything is removed by the destructors.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "engine/net/http_server.h"

namespace tidemark::test {

inline constexpr const char* kElsewhere = "10.77.0.2";

class TestNetwork {
 public:
  TestNetwork();
  ~TestNetwork();
  TestNetwork(const TestNetwork&) = delete;
  TestNetwork& operator=(const TestNetwork&) = delete;

  bool made() const { return made_; }  // false: this machine does not let us
  const std::string& here() const { return here_; }
  const std::string& elsewhere() const { return elsewhere_; }
  // The words that run a command in "here", with the test's name server as its resolver.
  std::vector<std::string> command(const std::vector<std::string>& words) const;

 private:
  std::string here_, elsewhere_;
  bool made_ = false, made_etc_ = false;
};

// The calling thread in another network namespace until the end of the scope; sockets made in it stay there.
class InNamespace {
 public:
  explicit InNamespace(const std::string& name);
  ~InNamespace();
  InNamespace(const InNamespace&) = delete;
  InNamespace& operator=(const InNamespace&) = delete;

 private:
  int before_ = -1;
};

// 200 for everything, on a thread.
class NamespaceServer {
 public:
  NamespaceServer(const std::string& name_space, const std::string& address, std::uint16_t port = 0);
  ~NamespaceServer();
  std::uint16_t port() const { return port_; }
  std::uint64_t requests() const { return requests_.load(); }

 private:
  net::asio::io_context io_{1};
  std::atomic<std::uint64_t> requests_{0};
  net::HttpServer server_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

// Answers A queries on 127.0.0.1:53 of the namespace with what `addresses` says for the n-th of them, n from 0.
class NameServer {
 public:
  NameServer(const std::string& name_space, std::function<std::vector<std::string>(int n)> addresses);
  ~NameServer();
  int queries() const { return queries_.load(); }

 private:
  void serve();
  std::string answer(const std::string& query);
  std::function<std::vector<std::string>(int)> addresses_;
  int socket_ = -1, wake_ = -1;
  std::atomic<int> queries_{0};
  std::thread thread_;
};

// Every IPv4 TCP segment to "elsewhere" that leaves through the veth of "here", with the kernel's time stamp.
class WireTap {
 public:
  struct Segment {
    std::int64_t at_ns = 0;
    bool opens = false;       // SYN without ACK
    std::size_t payload = 0;  // bytes
  };
  explicit WireTap(const std::string& name_space);
  ~WireTap();
  std::vector<Segment> stop();  // all of them; asserts that none was lost
  static std::size_t opened(const std::vector<Segment>& segments);

 private:
  void listen();
  bool take_one();
  int socket_ = -1, wake_ = -1;
  std::vector<Segment> segments_;
  std::thread thread_;
};

}  // namespace tidemark::test
