// Servers that tests of the generator run against: a scripted one on a thread of this process, and the stub server as a
// child process that can be stopped and killed.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "engine/drive/runner.h"

namespace tidemark::test {

struct ServedRequest {
  std::string method, target, body;
  std::map<std::string, std::string> headers;  // names in lower case
  std::uint64_t number = 0;                    // of this connection, from 0
};

struct Reply {
  std::string bytes;
  bool close = false;  // after the bytes

  static Reply ok(const std::string& body = "ok");
  static Reply status(int status);
  static Reply silence() { return {}; }
};

// Keep-alive HTTP/1.1, one thread, answers as told. The handler runs on that thread.
class ScriptedServer {
 public:
  explicit ScriptedServer(std::function<Reply(const ServedRequest&)> handler);
  ~ScriptedServer();
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  std::uint64_t served() const { return served_.load(); }
  std::uint64_t accepted() const { return accepted_.load(); }

 private:
  void serve();
  bool read_from(int fd);

  std::function<Reply(const ServedRequest&)> handler_;
  std::uint16_t port_ = 0;
  int listener_ = -1, wake_ = -1;
  struct Peer {
    std::string pending;
    std::uint64_t requests = 0;
  };
  std::map<int, Peer> peers_;
  std::atomic<std::uint64_t> served_{0}, accepted_{0};
  std::thread thread_;
};

// tests/bench/stub_server as a child.
class StubProcess {
 public:
  StubProcess();
  ~StubProcess();  // kills and reaps
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  void signal(int number) const;

 private:
  int pid_ = -1;
  std::uint16_t port_ = 0;
};

// A folder that goes away with the test. Whatever the test looks at itself, both books of every run that ended in this
// folder are checked when it is over, against the record on disk.
class RunTest : public ::testing::Test {
 protected:
  RunTest();
  ~RunTest() override;
  void TearDown() override;

  // Evenly spaced arrivals of GET / on `url`.
  drive::RunOptions even(const std::string& url, double rate, Nanos duration);
  drive::RunOptions closed(const std::string& url, std::uint32_t users, Nanos duration);

  std::filesystem::path folder_;
  int runs_ = 0;
};

// Both books balance, and the record on disk says what the summary says.
void expect_sound(const Summary& summary, const std::filesystem::path& dir);

}  // namespace tidemark::test
