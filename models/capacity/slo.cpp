#include <array>
#include <charconv>
#include <cmath>
#include <string_view>

#include "models/capacity/plan.h"

namespace tidemark::capacity {
namespace {

struct Named {
  std::string_view name;
  double value;
};
constexpr std::array<Named, 5> kQuantiles = {
    {{"p50", 0.5}, {"p90", 0.9}, {"p95", 0.95}, {"p99", 0.99}, {"p99.9", 0.999}}};
constexpr std::array<Named, 3> kUnits = {{{"us", 1}, {"ms", 1e3}, {"s", 1e6}}};

}  // namespace

Result<Slo> parse_slo(const std::string& text) {
  const auto refuse = [&text](const std::string& what) {
    return fail(ExitCode::usage, "slo \"" + text + "\"", what, "for example p99=86ms");
  };
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos) return refuse("has no \"=\"");
  const std::string_view all = text, name = all.substr(0, equals), limit = all.substr(equals + 1);
  Slo slo{.quantile = 0};
  for (const auto& known : kQuantiles) {
    if (name == known.name) slo.quantile = known.value;
  }
  if (slo.quantile == 0) return refuse("the quantile is none of p50, p90, p95, p99, p99.9");
  double value = 0;
  const auto parsed = std::from_chars(limit.data(), limit.data() + limit.size(), value);
  if (parsed.ec != std::errc()) return refuse("the limit is not a number");
  const std::string_view unit = limit.substr(static_cast<std::size_t>(parsed.ptr - limit.data()));
  slo.limit_us = 0;
  for (const auto& known : kUnits) {
    if (unit == known.name) slo.limit_us = value * known.value;
  }
  if (unit.empty() || (slo.limit_us == 0 && value != 0)) return refuse("the limit's unit is none of us, ms, s");
  if (!(slo.limit_us > 0) || slo.limit_us > 3.6e9) return refuse("the limit is not between 0 and an hour");
  return slo;
}

}  // namespace tidemark::capacity
