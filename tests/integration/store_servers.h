// Real stores from Debian as child processes on loopback ports, in a folder of their own, and librdkafka's mock cluster
// ("Kafka protocol (mock)"; no Kafka broker exists in Debian). Blocking; a server that cannot be started fails the
// test.
#pragma once

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace tidemark::test {

// A port of 127.0.0.1 that nobody listens on.
std::uint16_t unused_port();

// A program that listens on a port. Stopped and reaped at the end.
class ServerProcess {
 public:
  ServerProcess(std::vector<std::string> command, std::uint16_t port, std::filesystem::path log);
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  void start();  // returns when its port accepts
  void kill();   // SIGKILL, reaped
  void signal(int number) const;
  void reap();  // waits for its end
  std::uint16_t port() const { return port_; }

 private:
  std::vector<std::string> command_;
  std::uint16_t port_;
  std::filesystem::path log_;
  pid_t pid_ = -1;
};

class RedisServerProcess {
 public:
  explicit RedisServerProcess(const std::filesystem::path& folder, const std::vector<std::string>& options = {});
  std::string url() const { return "redis://127.0.0.1:" + std::to_string(process.port()); }
  nlohmann::json ask(const std::vector<std::string>& words, const std::string& password = {}) const;  // the reply
  ServerProcess process;
};

// With user `shop` (password `let@me:in/`) on the databases `shop` and `shadow_shop`, each with a table
// orders(id, item, note); shop has 3 rows. User `shadow` (same password) has rights on shadow_shop only.
class MariadbProcess {
 public:
  explicit MariadbProcess(const std::filesystem::path& folder, const std::vector<std::string>& options = {});
  std::string url(const std::string& user = "shop") const;  // with the password
  nlohmann::json ask(const std::string& sql) const;         // as the administrator; rows as objects of text
  ServerProcess process;
  static constexpr const char* kPassword = "let@me:in/";

 private:
  static std::vector<std::string> command(const std::filesystem::path& folder, std::uint16_t port,
                                          const std::vector<std::string>& options);
};

struct KafkaMessage {
  std::string key, value;
  std::map<std::string, std::string> headers;
};

class KafkaMock {
 public:
  explicit KafkaMock(int brokers = 1);
  ~KafkaMock();
  KafkaMock(const KafkaMock&) = delete;
  KafkaMock& operator=(const KafkaMock&) = delete;
  std::string url() const;  // of the first broker
  void create_topic(const std::string& topic, int partitions = 4);
  std::vector<KafkaMessage> messages(const std::string& topic, std::size_t expected) const;
  rd_kafka_mock_cluster_t* cluster() { return cluster_; }

 private:
  rd_kafka_t* handle_ = nullptr;
  rd_kafka_mock_cluster_t* cluster_ = nullptr;
  std::map<std::string, int> partitions_;
};

}  // namespace tidemark::test
