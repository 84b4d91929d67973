// The registry and the three stores as real processes, with a probe node that uses their clients as a service does. For
// tests of one process at a time; blocking.
#pragma once

#include <gtest/gtest.h>
#include <sys/types.h>

#include <chrono>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "engine/net/http_client.h"
#include "scenarios/shop/node_runtime.h"
#include "scenarios/shop/stack_info.h"
#include "tests/unit/shop_stores/temporary_dir.h"

namespace tidemark::shop {

inline const std::string kTagKey = "00112233445566778899aabbccddeeff";
inline const std::string kRun = "00000000000000aa";

// x-shadow values of one run, and of live traffic.
std::string shadow_tag(const std::string& run = kRun);
inline const std::string kLiveTag = "live";

// True as soon as `condition` holds; false when it does not within thirty seconds.
bool eventually(const std::function<bool()>& condition);

struct Answer {
  int status = 0;  // 0: no answer
  std::string body;
  nlohmann::json json() const { return nlohmann::json::parse(body, nullptr, false); }
};
Answer send(const net::Endpoint& endpoint, const std::string& method, const std::string& target,
            const std::string& tag = {}, const std::string& body = {});

class StoresTest : public testing::Test {
 protected:
  void TearDown() override;

  // Starts a node of `service` in a child process and waits until it is ready. A second start after stop() reuses its
  // data.
  void start(const std::string& service, const std::map<std::string, std::string>& options = {},
             const std::string& strip_tag_towards = {});
  void start_stores();                         // registry, store, cache, events
  void stop(const std::string& service);       // SIGTERM, waited for; must exit with 0
  void kill_node(const std::string& service);  // SIGKILL
  // Waits until `node` knows an endpoint of each service.
  void await_discovery(const std::string& node, const std::vector<std::string>& services);

  net::Endpoint endpoint(const std::string& service) const;
  std::filesystem::path data_dir(const std::string& service) const { return dir_.path() / service; }
  // Written by a thread of the node: wait for a line with eventually().
  std::string log_of(const std::string& service) const;
  net::Endpoint resp() const;
  double extra(const std::string& service, const std::string& counter) const;  // of the node's watermark
  StackInfo stack() const;

 private:
  struct Child {
    pid_t pid = 0;
    std::uint16_t port = 0;
  };
  TemporaryDir dir_;
  std::map<std::string, Child> children_;
};

// The probe: POST /put /get /add /cache-get /cache-set /publish with {table, key, fields, ...}; GET /handled lists the
// events its consumer has handled, when option "consume" names a topic. Option "redis" is the port of a real Redis.
ExitCode run_probe(NodeConfig config, int ready_fd);

}  // namespace tidemark::shop
