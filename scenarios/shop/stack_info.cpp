#include "scenarios/shop/stack_info.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

namespace tidemark::shop {
namespace {

using nlohmann::json;
constexpr const char* kSchema = "tidemark.stack/1";

Result<StackInfo> parse(const json& parsed, const std::string& place) {
  StackInfo info;
  try {
    if (parsed.at("schema") != kSchema)
      return fail(ExitCode::environment, place + ": schema", "is not tidemark.stack/1");
    info.supervisor_pid = parsed.at("supervisor_pid");
    info.edge_url = parsed.at("edge_url");
    info.tag_key = parsed.at("tag_key");
    info.control_key = parsed.value("control_key", "");  // absent: a stack of an older binary, which takes no orders
    info.topology_yaml = parsed.at("topology_yaml");
    for (const json& node : parsed.at("nodes")) {
      observe::ScrapeTarget target;
      target.node = node.at("node");
      target.service = node.at("service");
      target.endpoint.host = node.at("host");
      target.endpoint.port = node.at("port");
      target.pid = node.at("pid");
      info.nodes.push_back(std::move(target));
    }
  } catch (const json::exception& error) {
    return fail(ExitCode::environment, place, error.what());
  }
  return info;
}

}  // namespace

Result<StackInfo> read_stack_info(const std::filesystem::path& dir) {
  const auto file = dir / "stack.json";
  std::ifstream stream(file);
  if (!stream)
    return fail(ExitCode::environment, file.string(), "no stack runs there", "tidemark stack up --dir " + dir.string());
  return parse(json::parse(stream, nullptr, false), file.string());
}

// Written beside and renamed, so that a reader sees all of it or nothing.
Result<void> write_stack_info(const std::filesystem::path& dir, const StackInfo& info) {
  json nodes = json::array();
  for (const auto& node : info.nodes) {
    nodes.push_back({{"node", node.node},
                     {"service", node.service},
                     {"host", node.endpoint.host},
                     {"port", node.endpoint.port},
                     {"pid", node.pid}});
  }
  const std::string text = json{{"schema", kSchema},
                                {"supervisor_pid", info.supervisor_pid},
                                {"edge_url", info.edge_url},
                                {"tag_key", info.tag_key},
                                {"control_key", info.control_key},
                                {"nodes", nodes},
                                {"topology_yaml", info.topology_yaml}}
                               .dump(2) +
                           "\n";
  const auto file = dir / "stack.json", fresh = dir / "stack.json.new";
  unlink(fresh.c_str());
  const int fd = open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  const bool written = fd >= 0 && write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const bool placed = written && rename(fresh.c_str(), file.c_str()) == 0;
  const int error = errno;
  if (fd >= 0) close(fd);
  if (!placed) return fail(ExitCode::environment, file.string(), std::strerror(error));
  return {};
}

}  // namespace tidemark::shop
