// nginx on a free port of 127.0.0.1, with the locations a test gives it, as a child that goes with the object.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace tidemark::test {

class NginxServer {
 public:
  explicit NginxServer(const std::string& locations);
  ~NginxServer();
  NginxServer(const NginxServer&) = delete;
  NginxServer& operator=(const NginxServer&) = delete;

  bool running() const { return pid_ > 0; }  // false: this machine has no nginx
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

 private:
  int pid_ = -1;
  std::uint16_t port_ = 0;
  std::filesystem::path folder_;
};

}  // namespace tidemark::test
