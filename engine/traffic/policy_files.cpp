// The allow-list and the approval as YAML files.
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "engine/net/ascii.h"
#include "engine/schedule/value_reader.h"
#include "engine/schedule/yaml_tree.h"
#include "engine/traffic/target_policy.h"

namespace tidemark::traffic {
namespace {

using schedule::Fields;
using schedule::ValueReader;
using schedule::YamlNode;

constexpr std::size_t kMostHosts = 1000;
constexpr double kHighestRate = 1e7;

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), net::to_lower);
  return text;
}

Result<std::string> text_of(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::error_code ignored;
  if (!stream || std::filesystem::is_directory(file, ignored)) {
    return fail(ExitCode::usage, file.string(), "cannot be read", "check the path");
  }
  return std::string(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
}

// Reads a file that is one map; `read` collects its problems.
template <class Value, class Read>
Result<Value> parse_map(const std::string& yaml, const std::string& name, Read read) {
  const auto tree = schedule::parse_yaml(yaml, name);
  if (!tree) return tl::make_unexpected(tree.error());
  ValueReader reader(name);
  if (tree->root == nullptr) return fail(ExitCode::usage, name + ":1", "is empty", "docs/targets.md shows one");
  Value value;
  if (reader.is_map(*tree->root, "")) value = read(reader, *tree->root);
  if (!reader.clean()) return tl::make_unexpected(reader.error());
  return value;
}

std::string read_host(ValueReader& reader, const YamlNode& node, const std::string& field) {
  const std::string host = lower(reader.text(node, field).value_or(""));
  const bool plain = std::ranges::all_of(
      host, [](char c) { return net::is_digit(c) || (c >= 'a' && c <= 'z') || c == '-' || c == '.' || c == ':'; });
  if (host.empty() || host.size() > 253 || !plain || host.back() == '.') {
    reader.problem(node.line, field, "must be one host: a name without wildcards, scheme and port, or an address");
  }
  return host;
}

AllowedHost read_allowed(ValueReader& reader, const YamlNode& node, const std::string& path) {
  AllowedHost allowed;
  const Fields fields(reader, node, path, {"host", "networks"});
  if (const YamlNode* host = fields.require("host")) allowed.host = read_host(reader, *host, fields.path("host"));
  const YamlNode* networks = fields.find("networks");
  const auto literal = parse_network(allowed.host);
  if (networks == nullptr && literal) {
    allowed.networks.push_back(*literal);
  } else if (networks == nullptr) {
    reader.problem(node.line, fields.path("networks"), "is missing: a name needs the networks it may resolve to");
  } else if (reader.is_sequence(*networks, fields.path("networks"), kMostHosts)) {
    for (const YamlNode* item : networks->items) {
      const auto text = reader.text(*item, fields.path("networks"));
      if (!text) continue;
      const auto network = parse_network(*text);
      if (network) allowed.networks.push_back(*network);
      if (!network) {
        reader.problem(item->line, fields.path("networks"),
                       fmt::format("'{}' must be a network as in 10.1.2.0/24, or an address", *text));
      }
    }
  }
  return allowed;
}

std::vector<AllowedHost> read_allow_list(ValueReader& reader, const YamlNode& root) {
  std::vector<AllowedHost> hosts;
  const Fields fields(reader, root, "", {"allow"});
  const YamlNode* list = fields.require("allow");
  if (list == nullptr || !reader.is_sequence(*list, "allow", kMostHosts)) return hosts;
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    const std::string path = fmt::format("allow[{}]", i);
    if (reader.is_map(*list->items[i], path)) hosts.push_back(read_allowed(reader, *list->items[i], path));
  }
  return hosts;
}

// "2026-12-31" (through the end of that day) or "2026-12-31T18:00:00Z".
std::optional<std::chrono::sys_seconds> parse_expiry(const std::string& text) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, used = 0;
  const int fields = std::sscanf(text.c_str(), "%4d-%2d-%2d%nT%2d:%2d:%2dZ%n", &year, &month, &day, &used, &hour,
                                 &minute, &second, &used);
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(std::max(month, 0))),
                                         std::chrono::day(static_cast<unsigned>(std::max(day, 0)))};
  if ((fields != 3 && fields != 6) || static_cast<std::size_t>(used) != text.size() || !date.ok()) return std::nullopt;
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) return std::nullopt;
  const auto midnight = std::chrono::sys_days(date);
  if (fields == 3) return midnight + std::chrono::days(1);
  return midnight + std::chrono::hours(hour) + std::chrono::minutes(minute) + std::chrono::seconds(second);
}

Approval read_approval(ValueReader& reader, const YamlNode& root) {
  Approval approval;
  const Fields fields(reader, root, "", {"owner", "hosts", "max_rate", "expires"});
  if (const YamlNode* node = fields.require("owner")) {
    approval.owner = reader.text(*node, "owner").value_or("");
    if (approval.owner.empty() || approval.owner.size() > 200) reader.problem(node->line, "owner", "1 to 200 bytes");
  }
  const YamlNode* hosts = fields.require("hosts");
  if (hosts != nullptr && reader.is_sequence(*hosts, "hosts", kMostHosts)) {
    for (std::size_t i = 0; i < hosts->items.size(); ++i) {
      approval.hosts.push_back(read_host(reader, *hosts->items[i], fmt::format("hosts[{}]", i)));
    }
  }
  if (const YamlNode* node = fields.require("max_rate")) {
    approval.max_rate = Rate::per_second(reader.number(*node, "max_rate", 1, kHighestRate).value_or(0));
  }
  if (const YamlNode* node = fields.require("expires")) {
    const auto text = reader.text(*node, "expires");
    const auto expires = text ? parse_expiry(*text) : std::nullopt;
    if (expires) approval.expires = *expires;
    if (text && !expires) {
      reader.problem(node->line, "expires",
                     fmt::format("'{}' must be a day, as in 2026-12-31, or an instant, 2026-12-31T18:00:00Z", *text));
    }
  }
  return approval;
}

}  // namespace

Result<std::vector<AllowedHost>> parse_allow_list(const std::string& yaml, const std::string& name) {
  return parse_map<std::vector<AllowedHost>>(yaml, name, read_allow_list);
}

Result<Approval> parse_approval(const std::string& yaml, const std::string& name) {
  auto approval = parse_map<Approval>(yaml, name, read_approval);
  if (approval) approval->file = name;
  return approval;
}

Result<std::vector<AllowedHost>> load_allow_list(const std::filesystem::path& file) {
  const auto text = text_of(file);
  if (!text) return tl::make_unexpected(text.error());
  return parse_allow_list(*text, file.string());
}

Result<Approval> load_approval(const std::filesystem::path& file) {
  const auto text = text_of(file);
  if (!text) return tl::make_unexpected(text.error());
  return parse_approval(*text, file.string());
}

}  // namespace tidemark::traffic
