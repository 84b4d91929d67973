#include "models/capacity/planner.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace tidemark::capacity {
namespace {

constexpr double kStartShare = 0.97;  // the search starts where slots would be this busy: fewer nodes never do
constexpr double kHelps = 1e-3;       // relative fall of the worst step's quantile below which a node does not help
constexpr std::uint32_t kMostNodes = 20'000;  // per service: past this a plan says nothing

}  // namespace

std::string quantile_name(double quantile) {
  return fmt::format("p{:g}", std::round(quantile * 1e6) / 1e4);
}

std::string human_time(double us) {
  if (!std::isfinite(us)) return "without end";
  if (us < 1000) return fmt::format("{:.0f} us", us);
  if (us < 1e6) return fmt::format("{:.1f} ms", us / 1000);
  return fmt::format("{:.2f} s", us / 1e6);
}

Planner::Planner(const CapacityModel& model, std::map<std::string, double> mix, const PlanRequest& request)
    : model_(model), request_(request), predictor_(model, std::move(mix), request.slo) {}

bool Planner::can_grow(const std::string& service) const {
  return model_.services.at(service).scales_out;
}

Result<void> Planner::check_base() {
  const Evaluation idle = predictor_.evaluate(1e-9, {});
  const auto& worst = idle.worst();
  if (worst.quantile_us <= request_.slo.limit_us) return {};
  return fail(ExitCode::undecided, "plan",
              fmt::format("{} of {} is {} where nobody waits, above the limit of {}: no node removes that",
                          quantile_name(request_.slo.quantile), worst.step->step, human_time(worst.quantile_us),
                          human_time(request_.slo.limit_us)),
              "make the step faster, or loosen the SLO");
}

Result<Nodes> Planner::least_by_utilisation(double flow_rate, const Nodes& at_least) {
  Nodes nodes;
  for (const auto& [name, service] : model_.services) {
    const double per_flow = predictor_.visits(name), busy = flow_rate * predictor_.busy_s(name);
    std::uint32_t& count = nodes[name];
    count = nodes_of(at_least, name);
    double needed = 0;
    if (service.workers > 0) needed = busy / (service.workers * kStartShare);
    if (service.workers == 0 && service.capacity_per_node.value > 0) {
      needed = flow_rate * per_flow / (service.capacity_per_node.value * kStartShare);
    }
    if (!service.scales_out) {
      if (needed * kStartShare < 0.995) continue;
      return fail(ExitCode::undecided, "plan",
                  fmt::format("{} would be {:.0f} % busy at {:.0f} requests/s, and more nodes of it are not an option",
                              name, 100 * needed * kStartShare, flow_rate * per_flow),
                  "lower the rate, or relieve it: cache, batch, shard");
    }
    const double grown = std::pow(needed, 1 / std::clamp(service.scaling_exponent, 0.1, 2.0));
    if (grown > kMostNodes) {
      return fail(ExitCode::undecided, "plan", fmt::format("{} would need more than {} nodes", name, kMostNodes));
    }
    count = std::max(count, static_cast<std::uint32_t>(std::ceil(grown - 1e-9)));
  }
  return nodes;
}

std::string Planner::most_helpful(double flow_rate, const Nodes& nodes, const Evaluation& now) {
  const std::string overloaded = now.overloaded();
  if (!overloaded.empty()) return can_grow(overloaded) ? overloaded : "";
  std::string best;
  double least = now.worst().quantile_us * (1 - kHelps);
  for (const auto& [name, visits] : now.worst().step->path) {
    const auto load = now.loads.find(name);
    if (!can_grow(name) || load == now.loads.end() || load->second.mean_wait_s <= 0) continue;
    Nodes more = nodes;
    ++more[name];
    const Evaluation next = predictor_.evaluate(flow_rate, more);
    const auto same = std::find_if(next.steps.begin(), next.steps.end(),
                                   [&](const StepResponse& step) { return step.step == now.worst().step; });
    if (same->quantile_us < least) least = same->quantile_us, best = name;
  }
  return best;
}

Error Planner::out_of_reach(const Evaluation& evaluation, double flow_rate) const {
  const auto& worst = evaluation.worst();
  const std::string overloaded = evaluation.overloaded();
  if (!overloaded.empty()) {
    return {ExitCode::undecided, "plan",
            fmt::format("{} would be {:.0f} % busy at {:.0f} flows/s, and more nodes of it are not an option",
                        overloaded, 100 * evaluation.loads.at(overloaded).busy_share, flow_rate),
            "lower the rate, or relieve it: cache, batch, shard"};
  }
  std::string waits;
  for (const auto& [name, visits] : worst.step->path) {
    const auto load = evaluation.loads.find(name);
    if (load == evaluation.loads.end() || load->second.mean_wait_s <= 0 || can_grow(name)) continue;
    waits += fmt::format("; a mean wait of {} is {}'s, which does not scale out",
                         human_time(load->second.mean_wait_s * 1e6), name);
  }
  return {
      ExitCode::undecided, "plan",
      fmt::format("{} of {} stays at {}, above the limit of {}, however many nodes there are: {} of it is where nobody "
                  "waits{}",
                  quantile_name(request_.slo.quantile), worst.step->step, human_time(worst.quantile_us),
                  human_time(request_.slo.limit_us),
                  human_time(static_cast<double>(worst.step->base.quantile(request_.slo.quantile))), waits),
      "make the step faster, relieve what does not scale out, or loosen the SLO"};
}

Result<Nodes> Planner::size(double flow_rate, const Nodes& at_least) {
  if (auto possible = check_base(); !possible) return tl::make_unexpected(possible.error());
  auto nodes = least_by_utilisation(flow_rate, at_least);
  if (!nodes) return nodes;
  for (;;) {
    const Evaluation now = predictor_.evaluate(flow_rate, *nodes);
    if (now.holds) break;
    const std::string grow = most_helpful(flow_rate, *nodes, now);
    if (grow.empty() || (*nodes)[grow] >= kMostNodes) return tl::make_unexpected(out_of_reach(now, flow_rate));
    ++(*nodes)[grow];
  }
  // What was added for one service may have made another's node needless.
  for (auto& [name, count] : *nodes) {
    while (can_grow(name) && count > nodes_of(at_least, name)) {
      --count;
      if (predictor_.evaluate(flow_rate, *nodes).holds) continue;
      ++count;
      break;
    }
  }
  return nodes;
}

std::string Planner::bottleneck(double flow_rate, const Nodes& nodes) {
  const Evaluation now = predictor_.evaluate(flow_rate, nodes);
  const std::string helpful = now.steps.empty() ? "" : most_helpful(flow_rate, nodes, now);
  if (!helpful.empty()) return helpful;
  std::string busiest;
  double share = -1;
  for (const auto& [name, load] : now.loads) {
    if (can_grow(name) && load.busy_share > share) share = load.busy_share, busiest = name;
  }
  return busiest;
}

double Planner::highest_rate(const Nodes& nodes, double known_good) {
  double low = known_good, high = known_good * 1.25;
  for (int i = 0; i < 20 && predictor_.evaluate(high, nodes).holds; ++i) low = high, high *= 1.5;
  while (high - low > 0.01 * low) {
    const double middle = 0.5 * (low + high);
    (predictor_.evaluate(middle, nodes).holds ? low : high) = middle;
  }
  return low;
}

std::string Planner::reason(const std::string& service, double flow_rate, const Nodes& nodes) {
  const Evaluation now = predictor_.evaluate(flow_rate, nodes);
  const auto& load = now.loads.at(service);
  const std::uint32_t count = nodes_of(nodes, service);
  if (load.requests_per_second <= 0) return "1 node; this mix does not touch it";
  std::string text = fmt::format("{} node{}, {}{:.0f} % busy at {:.0f} requests/s", count, count == 1 ? "" : "s",
                                 count == 1 ? "" : "each ", 100 * load.busy_share, load.requests_per_second);
  if (!can_grow(service)) return text + "; it owns state, so more nodes are not an option";
  if (count == 1) return text;
  Nodes fewer = nodes;
  --fewer[service];
  const Evaluation less = predictor_.evaluate(flow_rate, fewer);
  if (less.loads.at(service).overloaded) {
    return text + fmt::format("; with {} it would be {:.0f} % busy and its queue would grow without end", count - 1,
                              100 * less.loads.at(service).busy_share);
  }
  const auto& worst = less.worst();
  return text + fmt::format("; with {} the {} of {} would be {}", count - 1, quantile_name(request_.slo.quantile),
                            worst.step->step, human_time(worst.quantile_us));
}

}  // namespace tidemark::capacity
