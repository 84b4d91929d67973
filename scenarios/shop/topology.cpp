#include "scenarios/shop/topology.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <iterator>
#include <limits>
#include <optional>
#include <vector>

#include "scenarios/library.h"
#include "scenarios/shop/guard_config.h"
#include "scenarios/shop/node_config.h"
#include "scenarios/shop/yaml_json.h"

namespace tidemark::shop {
namespace {

constexpr std::uint32_t kNodes = 64;
constexpr std::uint32_t kWorkers = 65'536;
constexpr std::uint32_t kQueue = 1'000'000;
constexpr std::size_t kOperations = 32;
constexpr std::size_t kGates = 16;

std::optional<double> decimal(std::string_view text) {
  double value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || stop != text.data() + text.size() || !std::isfinite(value))
    return std::nullopt;
  return value;
}

// "20ms", "300us", "1.5s"; a bare "0" needs no unit. At most one minute.
std::optional<Nanos> duration(std::string_view text) {
  if (text == "0") return Nanos{0};
  double unit_ns = 0;
  for (const auto& [name, ns] : {std::pair{"us", 1e3}, std::pair{"ms", 1e6}, std::pair{"s", 1e9}}) {
    if (!text.ends_with(name)) continue;
    unit_ns = ns;
    text.remove_suffix(std::string_view(name).size());
    break;
  }
  const auto value = decimal(text);
  if (unit_ns == 0 || !value || *value < 0 || *value * unit_ns > 60e9) return std::nullopt;
  return Nanos(std::llround(*value * unit_ns));
}

bool known_service(const std::string& name) {
  const auto& names = service_names();
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool known_fault(const std::string& fault) {
  if (fault.empty() || fault == "consumer") return true;
  const std::string service = fault.starts_with("retry:") ? fault.substr(6) : fault;
  return known_service(service) && service != "gateway" && service != "registry";
}

class Reader {
 public:
  Reader(Topology base, std::string place) : topology_(std::move(base)), place_(std::move(place)) {}

  Result<Topology> read(const std::string& yaml) {
    try {
      document(YAML::Load(yaml));
    } catch (const YAML::Exception& error) {
      problem(error.mark, "", error.msg);
    }
    if (problems_.empty()) return std::move(topology_);
    std::string what = problems_.front();
    for (std::size_t i = 1; i < problems_.size(); ++i) what += "\n" + problems_[i];
    return fail(ExitCode::usage, "", what);
  }

 private:
  void problem(const YAML::Mark& mark, const std::string& field, const std::string& what) {
    std::string text = place_;
    if (mark.line >= 0) text += ":" + std::to_string(mark.line + 1);
    problems_.push_back(text + ": " + (field.empty() ? "" : field + ": ") + what);
  }

  template <class Entry>
  void each(const YAML::Node& node, const std::string& field, Entry entry) {
    if (!node.IsMap()) return problem(node.Mark(), field, "must be a mapping");
    for (const auto& pair : node) {
      if (!pair.first.IsScalar()) {
        problem(pair.first.Mark(), field, "a key must be a word");
        continue;
      }
      entry(pair.first.Scalar(), pair.first, pair.second);
    }
  }

  std::string text(const YAML::Node& node, const std::string& field) {
    if (node.IsScalar()) return node.Scalar();
    problem(node.Mark(), field, "must be a single value");
    return {};
  }

  template <class Number>
  void whole(const YAML::Node& node, const std::string& field, std::int64_t low, std::int64_t high, Number& out) {
    std::int64_t value = 0;
    const std::string written = node.IsScalar() ? node.Scalar() : "";
    const char* end = written.data() + written.size();
    const auto [stop, error] = std::from_chars(written.data(), end, value);
    if (written.empty() || error != std::errc{} || stop != end || value < low || value > high) {
      return problem(node.Mark(), field, fmt::format("must be a whole number from {} to {}", low, high));
    }
    out = static_cast<Number>(value);
  }

  void real(const YAML::Node& node, const std::string& field, double low, double high, double& out) {
    const auto value = decimal(node.IsScalar() ? node.Scalar() : "");
    if (!value || *value < low || *value > high) {
      return problem(node.Mark(), field, fmt::format("must be a number from {} to {}", low, high));
    }
    out = *value;
  }

  void document(const YAML::Node& root) {
    if (root.IsNull()) return;  // an empty file: the defaults
    each(root, "", [this](const std::string& key, const YAML::Node& at, const YAML::Node& value) {
      if (key == "schema") {
        if (text(value, key) != "tidemark.topology/1") problem(value.Mark(), key, "must be tidemark.topology/1");
      } else if (key == "name") {
        topology_.name = text(value, key);
      } else if (key == "seed") {
        whole(value, key, 0, std::numeric_limits<std::int64_t>::max(), topology_.seed);
      } else if (key == "inventory_by") {
        topology_.inventory_by = text(value, key);
        if (topology_.inventory_by != "call" && topology_.inventory_by != "event") {
          problem(value.Mark(), key, "must be call or event");
        }
      } else if (key == "span_sample") {
        whole(value, key, 0, 1'000'000, topology_.span_sample);
      } else if (key == "strip_tag_towards") {
        topology_.strip_tag_towards = text(value, key);
        if (!known_fault(topology_.strip_tag_towards)) {
          problem(value.Mark(), key, "must be a service behind the edge, retry:SERVICE or consumer");
        }
      } else if (key == "cpu") {
        whole(value, key, -1, 1023, topology_.cpu);
      } else if (key == "guard") {
        topology_.guard = guard(value, key);
      } else if (key == "gates") {
        gates(value, key);
      } else if (key == "services") {
        each(value, key, [this](const std::string& name, const YAML::Node& where, const YAML::Node& fields) {
          if (!known_service(name)) return problem(where.Mark(), "services." + name, "no such service");
          service(fields, "services." + name, name);
        });
      } else {
        problem(at.Mark(), key, "no such field");
      }
    });
  }

  nlohmann::json guard(const YAML::Node& node, const std::string& field) {
    nlohmann::json text = json_of(node);
    const auto parsed = parse_guard(text, fmt::format("{}:{}: {}", place_, node.Mark().line + 1, field));
    if (!parsed) problems_.push_back(parsed.error().what);
    return text;
  }

  void gates(const YAML::Node& node, const std::string& place) {
    topology_.gates.clear();
    if (!node.IsSequence() || node.size() > kGates) {
      return problem(node.Mark(), place,
                     fmt::format("must be a list of at most {} gates, {{from: SERVICE, to: SERVICE}}", kGates));
    }
    for (std::size_t i = 0; i < node.size(); ++i) {
      const std::string field = fmt::format("{}[{}]", place, i);
      GateTopology gate;
      each(node[i], field, [&](const std::string& key, const YAML::Node& at, const YAML::Node& value) {
        if (key != "from" && key != "to") return problem(at.Mark(), field + "." + key, "no such field");
        const std::string service = text(value, field + "." + key);
        // The registry is found without the registry, and the edge is called by nobody inside.
        if (!known_service(service) || service == "registry" || (key == "to" && service == "gateway")) {
          return problem(value.Mark(), field + "." + key,
                         key == "to" ? "must be a service behind the edge" : "must be a service");
        }
        (key == "from" ? gate.from : gate.to) = service;
      });
      const bool twice = std::any_of(topology_.gates.begin(), topology_.gates.end(), [&](const GateTopology& other) {
        return other.from == gate.from && other.to == gate.to;
      });
      if (gate.from.empty() || gate.to.empty() || gate.from == gate.to || twice) {
        problem(node[i].Mark(), field, "must say from and to, two services, each pair once");
      }
      topology_.gates.push_back(std::move(gate));
    }
  }

  void service(const YAML::Node& node, const std::string& place, const std::string& name) {
    ServiceTopology& service = topology_.services[name];
    const bool single = name == "registry" || name == "store" || name == "events";
    each(node, place, [&](const std::string& key, const YAML::Node& at, const YAML::Node& value) {
      const std::string field = place + "." + key;
      if (key == "nodes") {
        whole(value, field, 1, single ? 1 : kNodes, service.nodes);
      } else if (key == "workers") {
        whole(value, field, 1, kWorkers, service.workers);
      } else if (key == "queue_limit") {
        whole(value, field, 0, kQueue, service.queue_limit);
      } else if (key == "guard") {
        service.guard = guard(value, field);
      } else if (key == "operations") {
        each(value, field, [&](const std::string& operation, const YAML::Node& where, const YAML::Node& time) {
          if (service.operations.size() >= kOperations) return problem(where.Mark(), field, "too many operations");
          operation_time(time, field + "." + operation, service.operations[operation]);
        });
      } else {
        problem(at.Mark(), field, "no such field");
      }
    });
  }

  void operation_time(const YAML::Node& node, const std::string& place, OperationTime& time) {
    each(node, place, [&](const std::string& key, const YAML::Node& at, const YAML::Node& value) {
      const std::string field = place + "." + key;
      if (key == "mean") {
        const auto mean = duration(text(value, field));
        if (!mean) return problem(value.Mark(), field, "must be a time up to 60s, such as 20ms, 300us or 1.5s");
        time.mean = *mean;
      } else if (key == "cv") {
        real(value, field, 0, 5, time.cv);
      } else if (key == "cpu_share") {
        real(value, field, 0, 1, time.cpu_share);
      } else {
        problem(at.Mark(), field, "no such field");
      }
    });
  }

  Topology topology_;
  std::string place_;
  std::vector<std::string> problems_;
};

}  // namespace

Result<Topology> parse_topology(const std::string& yaml, const std::string& name_for_errors) {
  return Reader(default_topology(), name_for_errors).read(yaml);
}

Result<Topology> load_topology(const std::filesystem::path& file) {
  std::ifstream stream(file);
  if (!stream) return fail(ExitCode::usage, file.string(), "cannot be read");
  return parse_topology({std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()}, file.string());
}

const Topology& default_topology() {
  static const Topology kDefault = [] {
    Topology empty;
    for (const auto& name : service_names()) empty.services[name];
    return Reader(empty, "shop.topology.yaml").read(std::string(scenarios::shop_topology_yaml())).value();
  }();
  return kDefault;
}

nlohmann::json guard_of(const Topology& topology, const std::string& service) {
  if (service == "registry") return nlohmann::json::object();  // who cannot be found cannot be guarded
  nlohmann::json guard = topology.guard;
  if (const auto found = topology.services.find(service); found != topology.services.end()) {
    merge_guard(guard, found->second.guard);
  }
  return guard;
}

std::string to_yaml(const Topology& topology) {
  YAML::Emitter out;
  out << YAML::BeginMap << YAML::Key << "schema" << YAML::Value << "tidemark.topology/1";
  out << YAML::Key << "name" << YAML::Value << YAML::DoubleQuoted << topology.name;
  out << YAML::Key << "seed" << YAML::Value << topology.seed;
  out << YAML::Key << "inventory_by" << YAML::Value << topology.inventory_by;
  out << YAML::Key << "span_sample" << YAML::Value << topology.span_sample;
  out << YAML::Key << "strip_tag_towards" << YAML::Value << YAML::DoubleQuoted << topology.strip_tag_towards;
  out << YAML::Key << "cpu" << YAML::Value << topology.cpu;
  if (!topology.guard.empty()) {
    out << YAML::Key << "guard" << YAML::Value;
    emit_json(out, topology.guard);
  }
  if (!topology.gates.empty()) {
    out << YAML::Key << "gates" << YAML::Value << YAML::BeginSeq;
    for (const auto& gate : topology.gates) {
      out << YAML::Flow << YAML::BeginMap << YAML::Key << "from" << YAML::Value << gate.from;
      out << YAML::Key << "to" << YAML::Value << gate.to << YAML::EndMap;
    }
    out << YAML::EndSeq;
  }
  out << YAML::Key << "services" << YAML::Value << YAML::BeginMap;
  for (const auto& [name, service] : topology.services) {
    out << YAML::Key << name << YAML::Value << YAML::BeginMap;
    out << YAML::Key << "nodes" << YAML::Value << service.nodes;
    out << YAML::Key << "workers" << YAML::Value << service.workers;
    out << YAML::Key << "queue_limit" << YAML::Value << service.queue_limit;
    if (!service.guard.empty()) {
      out << YAML::Key << "guard" << YAML::Value;
      emit_json(out, service.guard);
    }
    out << YAML::Key << "operations" << YAML::Value << YAML::BeginMap;
    for (const auto& [operation, time] : service.operations) {
      out << YAML::Key << YAML::DoubleQuoted << operation << YAML::Value << YAML::Flow << YAML::BeginMap;
      out << YAML::Key << "mean" << YAML::Value << fmt::format("{}us", static_cast<double>(time.mean.count()) / 1e3);
      out << YAML::Key << "cv" << YAML::Value << fmt::format("{}", time.cv);
      out << YAML::Key << "cpu_share" << YAML::Value << fmt::format("{}", time.cpu_share) << YAML::EndMap;
    }
    out << YAML::EndMap << YAML::EndMap;
  }
  out << YAML::EndMap << YAML::EndMap;
  return std::string(out.c_str()) + "\n";
}

}  // namespace tidemark::shop
