// Just enough of a Kafka broker to say where the cluster's broker is: answers ApiVersions and Metadata (protocol.md of
// Apache Kafka: ApiVersions 0, Metadata 1) with one topic, `orders`, led by the broker it is told to advertise.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace tidemark::test {

class FakeBroker {
 public:
  FakeBroker(const std::string& host, std::uint16_t port);  // what it advertises; "": itself
  ~FakeBroker();
  std::string url() const { return "kafka://127.0.0.1:" + std::to_string(port_); }
  void advertise(const std::string& host, std::uint16_t port);
  // Runs once, on the broker's thread, after so many answers about the cluster.
  void after_metadata(int answers, std::function<void()> then);

 private:
  void serve();
  bool answer(int fd);
  std::string reply_to(std::int16_t api, std::int16_t version);

  std::uint16_t port_ = 0;
  int listener_ = -1, wake_ = -1;
  std::mutex mutex_;  // guards what follows
  std::string host_;
  std::uint16_t advertised_port_ = 0;
  int answers_ = 0, then_at_ = -1;
  std::function<void()> then_;
  std::thread thread_;
};

}  // namespace tidemark::test
