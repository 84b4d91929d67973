#include "models/capacity/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "models/capacity/planner.h"
#include "models/capacity/predictor.h"

namespace tidemark::capacity {
namespace {

constexpr double kBurstSeconds =
    0.1;  // of the admitted rate: two or three service times, which the nodes' queues absorb
constexpr double kLeastBurst = 10;

void note_extrapolation(Plan& plan, const CapacityModel& model) {
  double highest_rate = 0;
  for (const auto& [name, service] : model.services) {
    std::uint32_t measured = 1;
    for (const auto& point : service.points) {
      measured = std::max(measured, point.nodes);
      highest_rate = std::max(highest_rate, point.flow_rate);
    }
    const auto planned = plan.services.find(name);
    if (planned != plan.services.end() && planned->second.nodes > 2 * measured) {
      plan.notes.push_back(
          fmt::format("{}: {} nodes are planned, at most {} were measured: what they share may not keep up", name,
                      planned->second.nodes, measured));
    }
  }
  const double rate = plan.request.rate * (1 + plan.request.headroom);
  if (highest_rate > 0 && rate > 2 * highest_rate) {
    plan.notes.push_back(
        fmt::format("{:.0f} flows/s are planned for, at most {:.0f} were measured", rate, highest_rate));
  }
}

void note_mix(Plan& plan, const CapacityModel& model, const std::map<std::string, double>& mix) {
  for (const auto& [flow, share] : mix) {
    const auto measured = model.mix.find(flow);
    const double before = measured == model.mix.end() ? 0 : measured->second;
    if (std::abs(share - before) > 0.1) {
      plan.notes.push_back(
          fmt::format("{} is {:.0f} % of the mix, {:.0f} % in the calibration: what flows share is split by "
                      "regression",
                      flow, 100 * share, 100 * before));
    }
  }
}

void set_limits(Plan& plan, Planner& planner, const Nodes& nodes) {
  const double flows = planner.highest_rate(nodes, plan.request.rate * (1 + plan.request.headroom));
  for (const auto& [name, service] : plan.services) {
    const double rate = flows * planner.visits(name);
    if (rate > 0) plan.limits[name] = {rate, std::max(kLeastBurst, rate * kBurstSeconds)};
  }
}

void describe_services(Plan& plan, Planner& planner, const Nodes& before, const Nodes& after) {
  const Evaluation at_rate = planner.evaluate(plan.request.rate, before);
  for (const auto& [name, count] : before) {
    const auto& load = at_rate.loads.at(name);
    plan.services[name] = {.nodes_before_headroom = count,
                           .nodes = nodes_of(after, name),
                           .requests_per_second = load.requests_per_second,
                           .busy_share = load.busy_share,
                           .reason = planner.reason(name, plan.request.rate, before)};
  }
}

}  // namespace

Result<std::vector<PredictedStep>> predict(const CapacityModel& model, const PlanRequest& request, const Nodes& nodes) {
  if (auto checked = check_request(request); !checked) return tl::make_unexpected(checked.error());
  const auto mix = resolve_mix(model, request);
  if (!mix) return tl::make_unexpected(mix.error());
  const Evaluation evaluation = Predictor(model, *mix, request.slo).evaluate(request.rate, nodes);
  const std::string overloaded = evaluation.overloaded();
  if (!overloaded.empty()) {
    return fail(ExitCode::undecided, "predict",
                fmt::format("{} would be {:.0f} % busy with {} node(s): its queue would grow without end", overloaded,
                            100 * evaluation.loads.at(overloaded).busy_share, nodes_of(nodes, overloaded)));
  }
  return with_intervals(model, *mix, request, nodes, evaluation);
}

Result<Plan> make_plan(const CapacityModel& model, const PlanRequest& request) {
  if (auto checked = check_request(request); !checked) return tl::make_unexpected(checked.error());
  const auto mix = resolve_mix(model, request);
  if (!mix) return tl::make_unexpected(mix.error());
  Planner planner(model, *mix, request);
  const auto before = planner.size(request.rate, {});
  if (!before) return tl::make_unexpected(before.error());
  const auto after = planner.size(request.rate * (1 + request.headroom), *before);
  if (!after) return tl::make_unexpected(after.error());

  Plan plan{.request = request, .model_run_ids = model.run_ids};
  plan.request.mix = *mix;
  plan.bottleneck = planner.bottleneck(request.rate, *before);
  describe_services(plan, planner, *before, *after);
  plan.predicted = with_intervals(model, *mix, request, *before, planner.evaluate(request.rate, *before));
  Nodes less = *before;
  if (const auto found = less.find(plan.bottleneck); found != less.end() && found->second > 1) {
    --found->second;
    plan.predicted_less = with_intervals(model, *mix, request, less, planner.evaluate(request.rate, less));
  } else {
    plan.notes.push_back("one node of everything is enough: there is no node to leave out");
  }
  set_limits(plan, planner, *after);
  note_extrapolation(plan, model);
  note_mix(plan, model, *mix);
  return plan;
}

}  // namespace tidemark::capacity
