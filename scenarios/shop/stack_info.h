// stack.json: what a running stack tells the commands that use it. Written by the supervisor, mode 0600 (it holds the tag key and the control key).
// Thread-safe: plain values.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "engine/observe/scraper.h"

namespace tidemark::shop {

struct StackInfo {
  int supervisor_pid = 0;
  std::string edge_url;                        // "http://127.0.0.1:40001"
  std::string tag_key;                         // HMAC key of the shadow tag, hex
  std::string control_key;                     // what a node's control routes ask for (x-tidemark-control), hex
  std::vector<observe::ScrapeTarget> nodes;    // every node, the stores included
  std::string topology_yaml;                   // resolved: what was started
};

Result<StackInfo> read_stack_info(const std::filesystem::path& dir);
Result<void> write_stack_info(const std::filesystem::path& dir, const StackInfo& info);

}  // namespace tidemark::shop
