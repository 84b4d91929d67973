#include "scenarios/shop/node_config.h"

#include <map>
#include <nlohmann/json.hpp>
#include <utility>

namespace tidemark::shop {
namespace {

using nlohmann::json;
using Run = ExitCode (*)(NodeConfig, int);

const std::map<std::string, Run>& runners() {
  static const std::map<std::string, Run> kRunners{{"registry", run_registry}, {"store", run_store},
                                                   {"cache", run_cache},       {"events", run_events},
                                                   {"user", run_user},         {"product", run_product},
                                                   {"payment", run_payment},   {"inventory", run_inventory},
                                                   {"order", run_order},       {"notification", run_notification},
                                                   {"gateway", run_gateway},   {"gate", run_gate}};
  return kRunners;
}

}  // namespace

std::string node_config_text(const NodeConfig& config) {
  json operations = json::object();
  for (const auto& [name, time] : config.operations) {
    operations[name] = {{"mean_ns", time.mean.count()}, {"cv", time.cv}, {"cpu_share", time.cpu_share}};
  }
  return json{{"service", config.service},
              {"index", config.index},
              {"workers", config.workers},
              {"queue_limit", config.queue_limit},
              {"operations", operations},
              {"guard", config.guard},
              {"options", config.options},
              {"tag_key", config.tag_key},
              {"control_key", config.control_key},
              {"seed", config.seed},
              {"registry_host", config.registry.host},
              {"registry_port", config.registry.port},
              {"data_dir", config.data_dir.string()},
              {"log_file", config.log_file.string()},
              {"strip_tag_towards", config.strip_tag_towards},
              {"span_sample", config.span_sample},
              {"cpu", config.cpu}}
      .dump();
}

Result<NodeConfig> parse_node_config(std::string_view text) {
  NodeConfig config;
  try {
    const json parsed = json::parse(text);
    config.service = parsed.at("service");
    config.index = parsed.at("index");
    config.workers = parsed.at("workers");
    config.queue_limit = parsed.at("queue_limit");
    for (const auto& [name, time] : parsed.at("operations").items()) {
      config.operations[name] = {Nanos(time.at("mean_ns").get<std::int64_t>()), time.at("cv"), time.at("cpu_share")};
    }
    config.guard = parsed.at("guard");
    config.options = parsed.at("options").get<std::map<std::string, std::string>>();
    config.tag_key = parsed.at("tag_key");
    config.control_key = parsed.at("control_key");
    config.seed = parsed.at("seed");
    config.registry.host = parsed.at("registry_host");
    config.registry.port = parsed.at("registry_port");
    config.data_dir = parsed.at("data_dir").get<std::string>();
    config.log_file = parsed.at("log_file").get<std::string>();
    config.strip_tag_towards = parsed.at("strip_tag_towards");
    config.span_sample = parsed.at("span_sample");
    config.cpu = parsed.at("cpu");
  } catch (const json::exception& error) {
    return fail(ExitCode::usage, "node configuration", error.what());
  }
  return config;
}

const std::vector<std::string>& service_names() {
  static const std::vector<std::string> kNames{"registry", "store",     "cache", "events",       "user",   "product",
                                               "payment",  "inventory", "order", "notification", "gateway"};
  return kNames;
}

ExitCode run_node(NodeConfig config, int ready_fd) {
  const auto found = runners().find(config.service);
  return found == runners().end() ? ExitCode::usage : found->second(std::move(config), ready_fd);
}

}  // namespace tidemark::shop
