// tidemark stack status: what every node says of itself.
#include "cli/stack_status.h"

#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "engine/core/watermark.h"
#include "engine/net/http_client.h"
#include "scenarios/shop/stack_info.h"
#include "scenarios/shop/stack_state.h"

namespace tidemark::cli {
namespace {

using namespace std::chrono_literals;

struct NodeStatus {
  bool healthy = false;
  WatermarkSample sample;
};

NodeStatus status_of(const observe::ScrapeTarget& target) {
  NodeStatus status;
  net::Request request;
  request.target = "/watermark";
  const auto answer = net::call_blocking(target.endpoint, request, 2s);
  if (answer.status != net::CallResult::Status::ok || answer.response.status != 200) return status;
  const auto parsed = parse_watermark(nlohmann::json::parse(answer.response.body, nullptr, false), target.node);
  if (!parsed) return status;
  status.healthy = true;
  status.sample = *parsed;
  return status;
}

double uptime_of(const WatermarkSample& sample) {
  const auto found = sample.extra.find("uptime_seconds");
  return found == sample.extra.end() ? 0 : found->second;
}

nlohmann::json status_json(const observe::ScrapeTarget& target, const NodeStatus& status) {
  nlohmann::json row{{"node", target.node},
                     {"service", target.service},
                     {"pid", target.pid},
                     {"endpoint", target.endpoint.authority()},
                     {"healthy", status.healthy}};
  if (!status.healthy) return row;
  const WatermarkSample& sample = status.sample;
  const double uptime = uptime_of(sample);
  row["workers"] = sample.workers;
  row["in_use"] = sample.in_use;
  row["queued"] = sample.queued;
  row["completed"] = sample.completed;
  row["failed"] = sample.failed;
  row["refused"] = sample.refused;
  row["uptime_s"] = uptime;
  row["rate_per_s"] = uptime > 0 ? static_cast<double>(sample.completed) / uptime : 0;
  row["busy_share"] = uptime > 0 && sample.workers > 0 ? sample.busy_seconds / (uptime * sample.workers) : 0;
  row["cpu_share"] = uptime > 0 ? sample.cpu_seconds / uptime : 0;
  return row;
}

void print_status(const nlohmann::json& rows) {
  std::printf("%-16s %-22s %7s %7s %7s %10s %10s %6s %6s\n", "node", "endpoint", "workers", "in use", "queued",
              "completed", "per s", "busy", "cpu");
  for (const auto& row : rows) {
    const std::string node = row["node"], endpoint = row["endpoint"];
    if (!row["healthy"].get<bool>()) {
      std::printf("%-16s %-22s does not answer\n", node.c_str(), endpoint.c_str());
      continue;
    }
    std::printf("%-16s %-22s %7u %7u %7u %10llu %10.1f %5.1f%% %5.1f%%\n", node.c_str(), endpoint.c_str(),
                row["workers"].get<unsigned>(), row["in_use"].get<unsigned>(), row["queued"].get<unsigned>(),
                row["completed"].get<unsigned long long>(), row["rate_per_s"].get<double>(),
                100 * row["busy_share"].get<double>(), 100 * row["cpu_share"].get<double>());
  }
}

}  // namespace

ExitCode stack_status(const ExistingStack& arguments) {
  const auto info = shop::read_stack_info(arguments.dir);
  if (!info) return print_error(info.error());
  nlohmann::json rows = nlohmann::json::array();
  bool all_healthy = shop::stack_runs(*info);
  for (const auto& target : info->nodes) {
    const NodeStatus node = status_of(target);
    all_healthy = all_healthy && node.healthy;
    rows.push_back(status_json(target, node));
  }
  if (arguments.json) {
    const nlohmann::json body{{"supervisor_pid", info->supervisor_pid},
                              {"running", shop::stack_runs(*info)},
                              {"edge_url", info->edge_url},
                              {"nodes", rows}};
    std::printf("%s\n", body.dump(2).c_str());
  } else {
    std::printf("edge %s, supervisor %d\n", info->edge_url.c_str(), info->supervisor_pid);
    print_status(rows);
  }
  return all_healthy ? ExitCode::pass : ExitCode::environment;
}

}  // namespace tidemark::cli
