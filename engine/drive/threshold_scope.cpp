// What the braces of thresholds stand for in a compiled plan.
#include <fmt/format.h>

#include <algorithm>

#include "engine/drive/threshold_watch.h"
#include "engine/schedule/value_reader.h"

namespace tidemark::drive {
namespace {

using schedule::Threshold;

class ScopeFinder {
 public:
  ScopeFinder(const RequestPlan& plan, const schedule::Scenario& scenario,
              const std::vector<std::pair<std::string, std::string>>& nodes)
      : plan_(plan), scenario_(scenario), nodes_(nodes) {}

  ThresholdScope find(const Threshold& threshold) {
    ThresholdScope scope;
    if (!threshold.node.empty()) {
      check_node(threshold);
      return scope;
    }
    scope.everything = threshold.step.empty() && threshold.flow.empty() && threshold.group.empty();
    if (scope.everything) return scope;
    for (std::size_t f = 0; f < plan_.flows.size() && f < scenario_.flows.size(); ++f) {
      for (std::size_t s = 0; s < plan_.flows[f].steps.size(); ++s) {
        const CompiledStep& step = plan_.flows[f].steps[s];
        if (!is_named(threshold, scenario_.flows[f], s, *step.step)) continue;
        if (plan_.series[step.series] != step.step->name) share_other(threshold, step.step->name);
        if (std::ranges::find(scope.series, step.series) == scope.series.end()) scope.series.push_back(step.series);
      }
    }
    if (scope.series.empty()) complain(threshold);
    return scope;
  }

  const std::vector<std::string>& problems() const { return problems_; }

 private:
  static bool is_named(const Threshold& threshold, const schedule::Flow& flow, std::size_t index,
                       const schedule::Step& step) {
    if (!threshold.step.empty()) return step.name == threshold.step;
    if (!threshold.flow.empty()) return flow.name == threshold.flow;
    return std::ranges::any_of(flow.blocks, [&](const schedule::Block& block) {
      return block.group == threshold.group && block.first <= index && index < block.end;
    });
  }

  void complain(const Threshold& threshold) {
    std::vector<std::string> known;
    for (const auto& flow : scenario_.flows) {
      if (!threshold.flow.empty()) known.push_back(flow.name);
      for (const auto& step : flow.steps) {
        if (!threshold.step.empty()) known.push_back(step.name);
      }
      for (const auto& block : flow.blocks) {
        if (!threshold.group.empty()) known.push_back(block.group);
      }
    }
    const bool step = !threshold.step.empty();
    const std::string& name = step ? threshold.step : threshold.flow.empty() ? threshold.group : threshold.flow;
    problems_.push_back(fmt::format("{}: no {} is named '{}'{}", threshold.expression,
                                    step                     ? "step"
                                    : threshold.flow.empty() ? "group"
                                                             : "flow",
                                    name, schedule::did_you_mean(name, known)));
  }

  // Its numbers are mixed with those of steps that nobody asked about: better no verdict than that one.
  void share_other(const Threshold& threshold, const std::string& step) {
    problems_.push_back(
        fmt::format("{}: step '{}' has no numbers of its own, since the scenario has more than {} steps",
                    threshold.expression, step, RequestPlan::kMaxSeries - 1));
  }

  void check_node(const Threshold& threshold) {
    std::vector<std::string> known;
    for (const auto& [node, service] : nodes_) {
      if (names_node(threshold.node, node, service)) return;
      known.push_back(node);
      known.push_back(service);
    }
    problems_.push_back(fmt::format("{}: no node or service '{}' is scraped{}{}", threshold.expression, threshold.node,
                                    known.empty() ? ": only a stack has nodes (--stack DIR)" : "",
                                    schedule::did_you_mean(threshold.node, known)));
  }

  const RequestPlan& plan_;
  const schedule::Scenario& scenario_;
  const std::vector<std::pair<std::string, std::string>>& nodes_;
  std::vector<std::string> problems_;
};

}  // namespace

Result<std::vector<ThresholdScope>> threshold_scopes(const std::vector<Threshold>& thresholds, const RequestPlan& plan,
                                                     const schedule::Scenario& scenario,
                                                     const std::vector<std::pair<std::string, std::string>>& nodes) {
  ScopeFinder finder(plan, scenario, nodes);
  std::vector<ThresholdScope> scopes;
  for (const Threshold& threshold : thresholds) scopes.push_back(finder.find(threshold));
  if (finder.problems().empty()) return scopes;
  return fail(ExitCode::usage, "thresholds", fmt::format("{}", fmt::join(finder.problems(), "; ")),
              "correct the name in braces");
}

}  // namespace tidemark::drive
