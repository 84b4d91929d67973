#include "scenarios/shop/guard_config.h"

#include <algorithm>
#include <array>

#include "engine/core/settings.h"
#include "engine/core/words.h"
#include "engine/guard/address_list.h"

namespace tidemark::shop {
namespace {

using nlohmann::json;
constexpr std::size_t kChanges = 64;
constexpr std::array<std::string_view, 3> kFeatures{"browse-cached", "browse-plain", "browse-off"};

void read_calls(SettingsReader& in, CallSettings& calls) {
  in.duration("timeout", calls.timeout, Nanos{}, std::chrono::minutes(1));
  in.flag("breaker_per_node", calls.breaker_per_node);
  in.optional_part("bulkhead", calls.bulkhead,
                   [](auto& part, auto& bulkhead) { guard::BulkheadSettings::fields(part, bulkhead); });
}

void read_edge(SettingsReader& in, EdgeSettings& edge) {
  in.number("rate", edge.rate, 0, 1e7);
  in.number("burst", edge.burst, 1, 1e6);
  in.texts("forwarded_by", edge.forwarded_by);
  for (const auto& prefix : edge.forwarded_by) {
    if (const auto parsed = guard::parse_prefix(prefix, in.place("forwarded_by")); !parsed) {
      in.problems_of(parsed.error());
    }
  }
}

// What the twin reads too, apart, for its own parser.
json shared_part(SettingsReader& in) {
  json part = json::object();
  for (const char* key : {"breaker", "retry", "deadline", "bulkhead", "pool", "buffer", "lists", "degrade"}) {
    if (const json* found = in.find(key)) part[key] = *found;
  }
  return part;
}

void check_features(SettingsReader& in, const guard::DegradeSettings& degrade) {
  const std::vector<std::string> known(kFeatures.begin(), kFeatures.end());
  for (const auto& step : degrade.steps) {
    if (step.name.empty() || std::ranges::find(known, step.name) != known.end()) continue;
    in.problem("degrade.steps",
               "'" + step.name + "' is no feature that can be switched off" + did_you_mean(step.name, known));
  }
}

bool changes_kind(const json& base, const json& change) {
  return base.is_object() && base.contains("kind") && change.contains("kind") && base["kind"] != change["kind"];
}

}  // namespace

std::span<const std::string_view> degrade_features() {
  return kFeatures;
}

Result<GuardConfig> parse_guard(const json& text, const std::string& place) {
  GuardConfig config;
  SettingsReader in(text, place);
  in.part("calls", config.calls, read_calls);
  in.part("edge", config.edge, read_edge);
  in.flag("shadow_last", config.shadow_last);
  if (const json* limiter = in.find("limiter"); limiter != nullptr && !limiter->is_null()) {
    auto parsed = guard::parse_limiter(*limiter, in.place("limiter"));
    if (parsed) {
      config.limiter = std::move(*parsed);
    } else {
      in.problems_of(parsed.error());
    }
  }
  const json part = shared_part(in);
  auto shared = guard::parse_guard(part, place);
  if (shared) {
    config.shared = std::move(*shared);
    if (config.shared.degrade) check_features(in, *config.shared.degrade);
  } else {
    in.problems_of(shared.error());
  }
  if (auto wrong = in.finish()) return tl::make_unexpected(std::move(*wrong));
  return config;
}

void merge_guard(json& base, const json& change) {
  if (!change.is_object()) {
    base = change;
    return;
  }
  if (!base.is_object() || changes_kind(base, change)) base = json::object();
  for (const auto& [key, value] : change.items()) {
    if (value.is_null()) {
      base.erase(key);
    } else {
      merge_guard(base[key], value);
    }
  }
}

Result<json> guard_patch(std::span<const std::string> changes) {
  json patch = json::object();
  if (changes.size() > kChanges) return fail(ExitCode::usage, "guard set", "more than 64 changes");
  for (const std::string& change : changes) {
    const std::size_t equals = change.find('=');
    if (equals == 0 || equals == std::string::npos) {
      return fail(ExitCode::usage, "guard set", "'" + change + "' is not FIELD=VALUE", "limiter.kind=tide");
    }
    const std::string value = change.substr(equals + 1);
    json* at = &patch;
    for (std::size_t begin = 0; begin <= equals;) {
      const std::size_t end = std::min(change.find('.', begin), equals);
      const std::string key = change.substr(begin, end - begin);
      if (key.empty() || !(at->is_object() || at->is_null())) {
        return fail(ExitCode::usage, "guard set", "'" + change + "' does not go with what is before it");
      }
      at = &(*at)[key];
      begin = end + 1;
    }
    const bool structure = value.starts_with('[') || value.starts_with('{');
    *at = value == "off" ? json() : structure ? json::parse(value, nullptr, false) : json(value);
    if (at->is_discarded()) return fail(ExitCode::usage, "guard set", "'" + value + "' is not JSON");
  }
  return patch;
}

}  // namespace tidemark::shop
