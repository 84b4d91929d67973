// A real stack under a test: processes of the built binary, on ports of their own, in a folder that goes away. For
// tests only; blocking.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/net/http_client.h"
#include "engine/traffic/shadow_tag.h"
#include "scenarios/shop/supervisor.h"

namespace tidemark::test {

// Asks until it holds or the time is over; what it was last.
bool eventually(std::chrono::milliseconds patience, const std::function<bool()>& condition);

class RunningStack {
 public:
  explicit RunningStack(shop::Topology topology = shop::default_topology(), std::filesystem::path limits = {});
  ~RunningStack();

  bool up() const { return supervisor != nullptr; }
  const std::string& error() const { return error_; }
  const shop::StackInfo& info() const { return supervisor->info(); }
  net::Endpoint endpoint(const std::string& node) const;
  int pid(const std::string& node) const;
  // A tag of run 0123456789abcdef.
  std::string tag(const std::string& flow) const;

  // `headers`: name, value pairs. A tag of "" sends no x-shadow.
  net::CallResult call(const std::string& node, const std::string& method, const std::string& target,
                       const std::string& body = {}, const std::string& tag = {},
                       const std::vector<std::pair<std::string, std::string>>& headers = {}) const;
  nlohmann::json get_json(const std::string& node, const std::string& target) const;
  // The service's own counter in its watermark; 0 when absent.
  double extra(const std::string& node, const std::string& name) const;

  const std::filesystem::path dir;
  std::unique_ptr<shop::Supervisor> supervisor;

 private:
  std::string error_;
};

std::filesystem::path fresh_dir(const std::string& name);
bool process_exists(int pid);
bool port_is_free(std::uint16_t port);

}  // namespace tidemark::test
