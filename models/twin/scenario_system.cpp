// The flows of a scenario on a system's operations.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "engine/core/words.h"
#include "models/twin/system_file.h"
#include "models/twin/think_mean.h"

namespace tidemark::twin {
namespace {

constexpr std::size_t kMostSteps = 10'000;  // of one flow, repetitions unrolled

class FlowMapper {
 public:
  FlowMapper(const System& system, std::vector<std::string>& notes) : notes_(notes) {
    for (const Flow& flow : system.flows) {
      for (const FlowStep& step : flow.steps) {
        known_.emplace(step.name, step);
        names_.push_back(step.name);
      }
    }
  }

  // Unrolls the blocks: each is a range of steps, nested ones listed behind the outer.
  std::vector<FlowStep> steps_of(const schedule::Flow& flow) {
    flow_ = &flow;
    steps_.clear();
    unroll(0, static_cast<std::uint32_t>(flow.steps.size()), 0);
    return std::move(steps_);
  }
  const std::vector<std::string>& problems() const { return problems_; }

 private:
  void unroll(std::uint32_t from, std::uint32_t end, std::size_t block) {
    const auto& blocks = flow_->blocks;
    std::uint32_t at = from;
    while (at < end) {
      while (block < blocks.size() && blocks[block].first < at) ++block;
      if (block < blocks.size() && blocks[block].first == at && blocks[block].end <= end) {
        const auto& inner = blocks[block];
        if (inner.condition) note(fmt::format("flow {}: conditions are taken to hold", flow_->name));
        if (inner.loop) note(fmt::format("flow {}: a while loop is taken to pass once", flow_->name));
        const std::uint32_t times = inner.loop ? 1 : inner.repeat;
        for (std::uint32_t i = 0; i < times && steps_.size() <= kMostSteps; ++i)
          unroll(inner.first, inner.end, block + 1);
        at = inner.end;
        while (block < blocks.size() && blocks[block].first < at) ++block;
      } else {
        add(flow_->steps[at++]);
      }
    }
  }

  void add(const schedule::Step& step) {
    const auto found = known_.find(step.name);
    if (found == known_.end()) {
      problems_.push_back(fmt::format("flows.{}.steps: the system has no step '{}'{}", flow_->name, step.name,
                                      did_you_mean(step.name, names_)));
      return;
    }
    if (steps_.size() == kMostSteps) problems_.push_back(fmt::format("flows.{}: more than 10000 steps", flow_->name));
    if (steps_.size() > kMostSteps) return;
    steps_.push_back(found->second);
    steps_.back().think = mean_of(step.think);
  }

  void note(std::string text) {
    if (std::ranges::find(notes_, text) == notes_.end()) notes_.push_back(std::move(text));
  }

  std::vector<std::string>& notes_;
  std::map<std::string, FlowStep> known_;
  std::vector<std::string> names_, problems_;
  const schedule::Flow* flow_ = nullptr;
  std::vector<FlowStep> steps_;
};

}  // namespace

Result<System> with_scenario(const System& system, const schedule::Scenario& scenario,
                             std::vector<std::string>& notes) {
  System result = system;
  result.flows.clear();
  result.timeout = scenario.timeout;
  FlowMapper mapper(system, notes);
  for (const schedule::Flow& flow : scenario.flows) {
    const auto own = std::ranges::find(system.flows, flow.name, &Flow::name);
    result.flows.push_back({.name = flow.name,
                            .weight = flow.weight,
                            .priority = own == system.flows.end() ? guard::Priority::normal : own->priority,
                            .steps = mapper.steps_of(flow)});
  }
  if (!mapper.problems().empty()) {
    std::string all;
    for (const auto& problem : mapper.problems()) all += (all.empty() ? "" : "\n") + scenario.name + ": " + problem;
    return fail(ExitCode::usage, "", all, "name the step in the flows of the system");
  }
  for (const schedule::Load* load : scenario.loads()) {
    if (load->model == schedule::Load::Model::closed)
      return fail(ExitCode::usage, scenario.name, "a closed load has no planned arrivals and is not simulated",
                  "give the twin an open load");
  }
  if (!scenario.setup.steps.empty() || !scenario.teardown.steps.empty())
    notes.push_back("set-up and tear-down are not simulated");
  if (!scenario.thresholds.empty()) notes.push_back("thresholds are not judged");
  if (auto checked = check_system(result); !checked) return tl::make_unexpected(std::move(checked.error()));
  return result;
}

}  // namespace tidemark::twin
