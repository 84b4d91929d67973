// Just enough of a Kafka broker to say where the cluster's broker is: answers ApiVersions and Metadata (protocol.md of
// Apache Kafka: ApiVersions 0, Metadata 1) with one topic, `orders`, led by the broker it is told to advertise.
#pragma once

#include <cstdint>
#include <string>
#include <thread>

namespace tidemark::test {

class FakeBroker {
 public:
  FakeBroker(const std::string& host, std::uint16_t port);  // what it advertises
  ~FakeBroker();
  std::string url() const { return "kafka://127.0.0.1:" + std::to_string(port_); }

 private:
  void serve();
  bool answer(int fd);
  std::string reply_to(std::int16_t api, std::int16_t version) const;

  std::uint16_t port_ = 0;
  int listener_ = -1, wake_ = -1;
  const std::string host_;
  const std::uint16_t advertised_port_;
  std::thread thread_;
};

}  // namespace tidemark::test
