#include "store_servers.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <hiredis/hiredis.h>
#include <mariadb/mysql.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <fstream>
#include <memory>

#include "engine/drive/reply_json.h"

namespace tidemark::test {
namespace {

using Clock = std::chrono::steady_clock;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

bool accepts(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port);
  const bool connected = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  close(fd);
  return connected;
}

pid_t spawn(std::vector<std::string>& command, const std::filesystem::path& log) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  std::vector<char*> arguments;
  for (auto& word : command) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t pid = -1;
  const int error = posix_spawnp(&pid, command.front().c_str(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  EXPECT_EQ(error, 0) << command.front() << ": " << std::strerror(error);
  return error == 0 ? pid : -1;
}

}  // namespace

std::uint16_t unused_port() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof(address);
  EXPECT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  close(fd);
  return ntohs(address.sin_port);
}

ServerProcess::ServerProcess(std::vector<std::string> command, std::uint16_t port, std::filesystem::path log)
    : command_(std::move(command)), port_(port), log_(std::move(log)) {
  start();
}

ServerProcess::~ServerProcess() {
  kill();
}

void ServerProcess::start() {
  pid_ = spawn(command_, log_);
  const auto limit = Clock::now() + std::chrono::seconds(60);
  while (!accepts(port_)) {
    int status = 0;
    const bool ended = pid_ < 0 || waitpid(pid_, &status, WNOHANG) == pid_;
    if (ended || Clock::now() > limit) {
      pid_ = ended ? -1 : pid_;
      std::ifstream said(log_);
      FAIL() << command_.front() << " does not listen:\n" << said.rdbuf();
    }
    poll(nullptr, 0, 5);  // these servers do not tell when they are ready
  }
}

void ServerProcess::kill() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  reap();
}

void ServerProcess::reap() {
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void ServerProcess::signal(int number) const {
  ::kill(pid_, number);
}

namespace {

std::vector<std::string> redis_command(std::uint16_t port, const std::vector<std::string>& options) {
  std::vector<std::string> command = {"redis-server", "--port", std::to_string(port), "--bind", "127.0.0.1",
                                      "--save",       "",       "--appendonly",       "no"};
  command.insert(command.end(), options.begin(), options.end());
  return command;
}

}  // namespace

RedisServerProcess::RedisServerProcess(const std::filesystem::path& folder, const std::vector<std::string>& options)
    : process([&] {
        const std::uint16_t port = unused_port();
        return ServerProcess(redis_command(port, options), port, folder / "redis.log");
      }()) {}

nlohmann::json RedisServerProcess::ask(const std::vector<std::string>& words, const std::string& password) const {
  const std::unique_ptr<redisContext, void (*)(redisContext*)> context(redisConnect("127.0.0.1", process.port()),
                                                                       redisFree);
  const auto send = [&](const std::vector<std::string>& all) {
    std::vector<const char*> starts;
    std::vector<std::size_t> sizes;
    for (const auto& word : all) {
      starts.push_back(word.data());
      sizes.push_back(word.size());
    }
    const std::unique_ptr<void, void (*)(void*)> reply(
        redisCommandArgv(context.get(), static_cast<int>(all.size()), starts.data(), sizes.data()), freeReplyObject);
    std::string text = "null";
    if (reply) text.clear(), drive::append_redis_reply(*static_cast<redisReply*>(reply.get()), text);
    return nlohmann::json::parse(text);
  };
  if (!password.empty()) send({"AUTH", password});
  return send(words);
}

std::vector<std::string> MariadbProcess::command(const std::filesystem::path& folder, std::uint16_t port,
                                                 const std::vector<std::string>& options) {
  const std::filesystem::path data = folder / "mariadb";
  const std::string user = geteuid() == 0 ? "root" : std::string(getlogin() == nullptr ? "" : getlogin());
  std::vector<std::string> install = {"mariadb-install-db", "--no-defaults", "--datadir=" + data.string(),
                                      "--auth-root-authentication-method=normal", "--skip-test-db"};
  if (!user.empty()) install.push_back("--user=" + user);
  const pid_t pid = spawn(install, folder / "mariadb-install.log");
  int status = 0;
  waitpid(pid, &status, 0);
  EXPECT_EQ(status, 0) << "mariadb-install-db";
  const std::string rights = std::string(" IDENTIFIED BY '") + kPassword + "';\n";
  std::ofstream init(folder / "mariadb-init.sql");
  init << "CREATE DATABASE IF NOT EXISTS shop;\nCREATE DATABASE IF NOT EXISTS shadow_shop;\n"
       << "CREATE TABLE IF NOT EXISTS shop.orders(id INT PRIMARY KEY, item VARCHAR(64), note VARBINARY(64));\n"
       << "CREATE TABLE IF NOT EXISTS shadow_shop.orders LIKE shop.orders;\n"
       << "REPLACE INTO shop.orders VALUES (1,'tea',NULL),(2,'it''s \"quoted\"','x'),(3,'kaffee',X'ff00');\n"
       << "CREATE USER IF NOT EXISTS shop@'%'" << rights << "CREATE USER IF NOT EXISTS shadow@'%'" << rights
       << "GRANT ALL ON shop.* TO shop@'%';\nGRANT ALL ON shadow_shop.* TO shop@'%';\n"
       << "GRANT ALL ON shadow_shop.* TO shadow@'%';\n";
  std::vector<std::string> run = {"mariadbd",
                                  "--no-defaults",
                                  "--datadir=" + data.string(),
                                  "--port=" + std::to_string(port),
                                  "--bind-address=127.0.0.1",
                                  "--skip-networking=0",
                                  "--socket=" + (folder / "mariadb.sock").string(),
                                  "--skip-name-resolve",
                                  "--innodb-buffer-pool-size=16M",
                                  "--innodb-log-file-size=8M",
                                  "--innodb-flush-log-at-trx-commit=0",
                                  "--skip-log-bin",
                                  "--general-log=1",
                                  "--general-log-file=" + (folder / "mariadb-queries.log").string(),
                                  "--init-file=" + (folder / "mariadb-init.sql").string()};
  if (!user.empty()) run.push_back("--user=" + user);
  run.insert(run.end(), options.begin(), options.end());
  return run;
}

MariadbProcess::MariadbProcess(const std::filesystem::path& folder, const std::vector<std::string>& options)
    : process([&] {
        const std::uint16_t port = unused_port();
        return ServerProcess(command(folder, port, options), port, folder / "mariadb.log");
      }()) {}

std::string MariadbProcess::url(const std::string& user) const {
  return "mysql://" + user + ":let%40me%3ain%2F@127.0.0.1:" + std::to_string(process.port()) + "/shop";
}

nlohmann::json MariadbProcess::ask(const std::string& sql) const {
  const std::unique_ptr<MYSQL, void (*)(MYSQL*)> connection(mysql_init(nullptr), mysql_close);
  nlohmann::json rows = nlohmann::json::array();
  if (mysql_real_connect(connection.get(), "127.0.0.1", "root", "", nullptr, process.port(), nullptr, 0) == nullptr ||
      mysql_real_query(connection.get(), sql.data(), sql.size()) != 0) {
    ADD_FAILURE() << sql << ": " << mysql_error(connection.get());
    return rows;
  }
  const std::unique_ptr<MYSQL_RES, void (*)(MYSQL_RES*)> result(mysql_store_result(connection.get()),
                                                                mysql_free_result);
  if (!result) return rows;
  while (MYSQL_ROW row = mysql_fetch_row(result.get())) {
    nlohmann::json& object = rows.emplace_back(nlohmann::json::object());
    for (unsigned i = 0; i < result->field_count; ++i) {
      object[result->fields[i].name] = row[i] == nullptr ? nlohmann::json() : nlohmann::json(row[i]);
    }
  }
  return rows;
}

KafkaMock::KafkaMock(int brokers) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  std::array<char, 256> problem{};
  rd_kafka_conf_set(conf, "test.mock.num.brokers", std::to_string(brokers).c_str(), problem.data(), problem.size());
  rd_kafka_conf_set_log_cb(conf, [](const rd_kafka_t*, int, const char*, const char*) {});
  handle_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf, problem.data(), problem.size());
  EXPECT_NE(handle_, nullptr) << problem.data();
  cluster_ = rd_kafka_handle_mock_cluster(handle_);
}

KafkaMock::~KafkaMock() {
  rd_kafka_destroy(handle_);
}

std::string KafkaMock::url() const {
  const std::string all = rd_kafka_mock_cluster_bootstraps(cluster_);
  return "kafka://" + all.substr(0, all.find(','));
}

void KafkaMock::create_topic(const std::string& topic, int partitions) {
  partitions_[topic] = partitions;
  EXPECT_EQ(rd_kafka_mock_topic_create(cluster_, topic.c_str(), partitions, 1), RD_KAFKA_RESP_ERR_NO_ERROR);
}

std::vector<KafkaMessage> KafkaMock::messages(const std::string& topic, std::size_t expected) const {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  std::array<char, 256> problem{};
  rd_kafka_conf_set(conf, "bootstrap.servers", rd_kafka_mock_cluster_bootstraps(cluster_), problem.data(),
                    problem.size());
  rd_kafka_conf_set(conf, "group.id", "reader", problem.data(), problem.size());
  rd_kafka_conf_set(conf, "enable.partition.eof", "true", problem.data(), problem.size());
  rd_kafka_t* reader = rd_kafka_new(RD_KAFKA_CONSUMER, conf, problem.data(), problem.size());
  rd_kafka_poll_set_consumer(reader);
  const int partitions = partitions_.at(topic);
  rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(partitions);
  for (int i = 0; i < partitions; ++i) {
    rd_kafka_topic_partition_list_add(list, topic.c_str(), i)->offset = RD_KAFKA_OFFSET_BEGINNING;
  }
  rd_kafka_assign(reader, list);
  rd_kafka_topic_partition_list_destroy(list);
  std::vector<KafkaMessage> found;
  int ended = 0;
  const auto limit = Clock::now() + std::chrono::seconds(30);
  // All partitions at their ends, so that more than what is expected would be seen too.
  while ((ended < partitions || found.size() < expected) && Clock::now() < limit) {
    rd_kafka_message_t* message = rd_kafka_consumer_poll(reader, 100);
    if (message == nullptr) continue;
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) ++ended;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      KafkaMessage& one = found.emplace_back();
      one.key.assign(static_cast<const char*>(message->key), message->key_len);
      one.value.assign(static_cast<const char*>(message->payload), message->len);
      rd_kafka_headers_t* headers = nullptr;
      if (rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        const char* name = nullptr;
        const void* value = nullptr;
        std::size_t size = 0;
        for (std::size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == 0; ++i)
          one.headers[name] = std::string(static_cast<const char*>(value), size);
      }
    }
    rd_kafka_message_destroy(message);
  }
  rd_kafka_consumer_close(reader);
  rd_kafka_destroy(reader);
  return found;
}

}  // namespace tidemark::test
