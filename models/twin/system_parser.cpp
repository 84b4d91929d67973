#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "engine/schedule/value_reader.h"
#include "engine/schedule/yaml_tree.h"
#include "models/twin/operation_parser.h"
#include "models/twin/system_file.h"

namespace tidemark::twin {
namespace {

using schedule::Fields;
using schedule::ValueReader;
using schedule::YamlNode;
using std::chrono::hours;

constexpr Nanos kLongest = hours(24 * 365);
constexpr std::size_t kMostEntries = 10'000;
constexpr auto kMostCount = std::numeric_limits<std::uint32_t>::max() - 1;

class SystemParser {
 public:
  explicit SystemParser(const std::string& name) : name_(name), in_(name) {}

  Result<System> parse(const std::string& yaml) {
    auto tree = schedule::parse_yaml(yaml, name_);
    if (!tree) return tl::make_unexpected(std::move(tree.error()));
    if (tree->root == nullptr) return fail(ExitCode::usage, name_, "is empty", "docs/twin.md has an example");
    if (in_.is_map(*tree->root, "")) document(*tree->root);
    if (!in_.clean()) return tl::make_unexpected(in_.error());
    if (auto checked = check_system(system_); !checked) {
      std::string all;
      // Names stand in the messages; lines are for what a line alone is wrong in.
      for (std::size_t at = 0; at <= checked.error().what.size();) {
        const std::size_t end = std::min(checked.error().what.find('\n', at), checked.error().what.size());
        std::string line = checked.error().what.substr(at, end - at);
        if (line.starts_with(system_.name + ": ")) line.erase(0, system_.name.size() + 2);
        all += (all.empty() ? "" : "\n") + name_ + ": " + line;
        at = end + 1;
      }
      return fail(ExitCode::usage, "", all);
    }
    return std::move(system_);
  }

 private:
  void document(const YamlNode& root) {
    const Fields top(
        in_, root, "",
        {"schema", "name", "timeout", "deadlines", "users", "keys", "regions", "services", "edges", "flows", "faults"});
    if (const auto* node = top.require("schema")) {
      const auto text = in_.text(*node, "schema");
      if (text && *text != kSystemSchema) in_.problem(node->line, "schema", fmt::format("must be {}", kSystemSchema));
    }
    if (const auto* node = top.find("name")) system_.name = in_.text(*node, "name").value_or("");
    duration(top, "timeout", system_.timeout);
    flag(in_, top, "deadlines", system_.deadlines);
    count(in_, top, "users", system_.users, 1, kMostCount);
    if (const auto* node = top.find("keys"); node && in_.is_map(*node, "keys")) keys(*node);
    each(top, "regions", [this](const std::string& name, const YamlNode& node, const std::string& path) {
      Region region{.name = name};
      const Fields fields(in_, node, path, {"weight", "delay"});
      number(in_, fields, "weight", region.weight, 0, 1e9);
      duration(fields, "delay", region.delay);
      system_.regions.push_back(std::move(region));
    });
    top.require("services");
    each(top, "services",
         [this](const std::string& name, const YamlNode& node, const std::string& path) { service(name, node, path); });
    items(top, "edges", [this](const YamlNode& node, const std::string& path) { edge(node, path); });
    top.require("flows");
    each(top, "flows",
         [this](const std::string& name, const YamlNode& node, const std::string& path) { flow(name, node, path); });
    items(top, "faults", [this](const YamlNode& node, const std::string& path) { fault(node, path); });
  }

  void duration(const Fields& fields, std::string_view key, Nanos& out, Nanos low = {}) {
    if (const auto* node = fields.find(key)) {
      if (const auto value = in_.duration(*node, fields.path(key), low, kLongest)) out = *value;
    }
  }
  void text(const Fields& fields, std::string_view key, std::string& out) {
    if (const auto* node = fields.find(key)) out = in_.text(*node, fields.path(key)).value_or("");
  }
  template <class Take>
  void each(const Fields& fields, std::string_view key, Take take) {
    const auto* node = fields.find(key);
    if (node == nullptr || !in_.is_map(*node, fields.path(key))) return;
    if (node->pairs.size() > kMostEntries) return in_.problem(node->line, fields.path(key), "more than 10000 entries");
    for (const auto& [name, value] : node->pairs) {
      const std::string path = fields.path(key) + "." + name->text;
      if (in_.is_map(*value, path)) take(name->text, *value, path);
    }
  }
  template <class Take>
  void items(const Fields& fields, std::string_view key, Take take) {
    const auto* node = fields.find(key);
    if (node == nullptr || !in_.is_sequence(*node, fields.path(key), kMostEntries)) return;
    for (std::size_t i = 0; i < node->items.size(); ++i) {
      const std::string path = fmt::format("{}[{}]", fields.path(key), i);
      if (in_.is_map(*node->items[i], path)) take(*node->items[i], path);
    }
  }

  void keys(const YamlNode& node) {
    const Fields fields(in_, node, "keys", {"count", "skew", "hot", "hot_share"});
    count(in_, fields, "count", system_.keys.count, 1, 10'000'000);
    number(in_, fields, "skew", system_.keys.skew, 0, 5);
    count(in_, fields, "hot", system_.keys.hot, 0, 10'000'000);
    number(in_, fields, "hot_share", system_.keys.hot_share, 0, 1);
  }

  void service(const std::string& name, const YamlNode& node, const std::string& path) {
    Service service{.name = name};
    const Fields fields(in_, node, path,
                        {"nodes", "workers", "queue_limit", "operations", "cpu_quota", "serial_share", "crosstalk",
                         "slow_nodes", "balance", "caches", "autoscaler", "region", "guard"});
    count(in_, fields, "nodes", service.nodes, 1, 100'000);
    count(in_, fields, "workers", service.workers, 0, 10'000'000);
    count(in_, fields, "queue_limit", service.queue_limit, 0, kMostCount);
    number(in_, fields, "cpu_quota", service.cpu_quota, 0, 1024);
    number(in_, fields, "serial_share", service.serial_share, 0, 1);
    number(in_, fields, "crosstalk", service.crosstalk, 0, 10);
    static constexpr std::array<std::string_view, 4> kBalances = {"random", "round_robin", "least_of_two", "by_key"};
    word(in_, fields, "balance", service.balance, kBalances);
    text(fields, "region", service.region);
    if (const auto* slow = fields.find("slow_nodes"); slow && in_.is_map(*slow, fields.path("slow_nodes"))) {
      for (const auto& [number, factor] : slow->pairs) {
        const auto which = in_.integer(*number, fields.path("slow_nodes"), 1, 100'000);
        const auto times = in_.number(*factor, fields.path("slow_nodes"), 0.001, 1000);
        if (which && times) service.slow_nodes[static_cast<std::uint32_t>(*which)] = *times;
      }
    }
    each(fields, "caches", [&](const std::string& cache, const YamlNode& at, const std::string& where) {
      service.caches.push_back({.name = cache});
      const Fields inner(in_, at, where, {"capacity", "ttl", "per_node"});
      count(in_, inner, "capacity", service.caches.back().capacity, 0, 10'000'000);
      duration(inner, "ttl", service.caches.back().ttl);
      flag(in_, inner, "per_node", service.caches.back().per_node);
    });
    if (const auto* scaler = fields.find("autoscaler"); scaler && in_.is_map(*scaler, fields.path("autoscaler")))
      service.autoscaler = autoscaler(*scaler, fields.path("autoscaler"));
    if (const auto* guard = fields.find("guard")) service.guard = guard_of(in_, *guard, fields.path("guard"));
    fields.require("operations");
    each(fields, "operations", [&](const std::string& operation, const YamlNode& at, const std::string& where) {
      service.operations.push_back(operation_of(in_, operation, at, where));
    });
    system_.services.push_back(std::move(service));
  }

  Autoscaler autoscaler(const YamlNode& node, const std::string& path) {
    Autoscaler scaler;
    const Fields fields(in_, node, path, {"rule", "min", "max", "target", "tick", "start_up"});
    static constexpr std::array<std::string_view, 3> kRules = {"hpa", "kpa", "external"};
    word(in_, fields, "rule", scaler.rule, kRules);
    // The published defaults of each rule.
    if (scaler.rule == Autoscaler::Rule::kpa) scaler.tick = std::chrono::seconds(2), scaler.target = 70;
    if (scaler.rule == Autoscaler::Rule::external) scaler.tick = std::chrono::seconds(30), scaler.target = 100;
    count(in_, fields, "min", scaler.min_nodes, 1, 100'000);
    count(in_, fields, "max", scaler.max_nodes, 1, 100'000);
    number(in_, fields, "target", scaler.target, 1e-6, 1e9);
    duration(fields, "tick", scaler.tick, std::chrono::milliseconds(1));
    duration(fields, "start_up", scaler.start_up);
    return scaler;
  }

  void edge(const YamlNode& node, const std::string& path) {
    Edge edge;
    const Fields fields(in_, node, path, {"from", "to", "delay", "delay_cv", "timeout", "at_once"});
    text(fields, "from", edge.from);
    text(fields, "to", edge.to);
    duration(fields, "delay", edge.delay);
    number(in_, fields, "delay_cv", edge.delay_cv, 0, 10);
    duration(fields, "timeout", edge.timeout);
    count(in_, fields, "at_once", edge.at_once, 0, kMostCount);
    system_.edges.push_back(std::move(edge));
  }

  void flow(const std::string& name, const YamlNode& node, const std::string& path) {
    Flow flow{.name = name};
    const Fields fields(in_, node, path, {"weight", "priority", "steps"});
    number(in_, fields, "weight", flow.weight, 1e-9, 1e9);
    static constexpr std::array<std::string_view, 4> kPriorities = {"core", "normal", "browse", "shadow"};
    word(in_, fields, "priority", flow.priority, kPriorities);
    fields.require("steps");
    items(fields, "steps", [&](const YamlNode& at, const std::string& where) {
      FlowStep step;
      const Fields inner(in_, at, where, {"name", "call", "think"});
      inner.require("call");
      if (const auto* call = inner.find("call")) target(in_, *call, inner.path("call"), step.service, step.operation);
      step.name = step.operation;
      text(inner, "name", step.name);
      duration(inner, "think", step.think);
      flow.steps.push_back(std::move(step));
    });
    system_.flows.push_back(std::move(flow));
  }

  void fault(const YamlNode& node, const std::string& path) {
    Fault fault;
    const Fields fields(in_, node, path,
                        {"kind", "at", "until", "service", "region", "node", "factor", "share", "delay", "noticed"});
    static constexpr std::array<std::string_view, 5> kKinds = {"slow", "errors", "stall", "kill", "region"};
    fields.require("kind");
    word(in_, fields, "kind", fault.kind, kKinds);
    fields.require("at");
    duration(fields, "at", fault.at);
    duration(fields, "until", fault.until);
    text(fields, "service", fault.service);
    text(fields, "region", fault.region);
    count(in_, fields, "node", fault.node, 0, 100'000);
    number(in_, fields, "factor", fault.factor, 0.001, 1e6);
    number(in_, fields, "share", fault.share, 0, 1);
    duration(fields, "delay", fault.delay);
    duration(fields, "noticed", fault.noticed);
    system_.faults.push_back(std::move(fault));
  }

  std::string name_;
  ValueReader in_;
  System system_;
};

}  // namespace

Result<System> parse_system(const std::string& yaml, const std::string& name_for_errors) {
  return SystemParser(name_for_errors).parse(yaml);
}

Result<System> load_system(const std::filesystem::path& file) {
  const auto text = schedule::read_scenario_text(file);
  if (!text) return tl::make_unexpected(text.error());
  return parse_system(*text, file.string());
}

}  // namespace tidemark::twin
