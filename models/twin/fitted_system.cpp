#include "models/twin/fitted_system.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include "models/twin/think_mean.h"

namespace tidemark::twin {
namespace {

using capacity::CapacityModel;
using capacity::StepLatency;

// A service as one step meets it.
struct Part {
  std::string service;
  double visits = 1;    // for each call of the service above
  double hold_s = 0;    // with those it calls
  double own_s = 0;     // without
  double cv = 0;        // of its own time
  bool guessed = true;  // the model does not know the cv
  std::vector<Part> calls;
};

constexpr double kKnownCvSe = 0.2;  // above, the model's cv is its prior and no measurement

// Mean hold of a service for one flow: the flow's own where the regression could tell it apart, else the service's.
double hold_of(const CapacityModel& model, const StepLatency& step, const std::string& service,
               const std::map<std::string, RecordedFleet>& fleets) {
  const capacity::ServiceModel& fitted = model.services.at(service);
  double hold_s = fitted.hold_s.value;
  const auto flow = model.demand.find(step.flow);
  if (flow != model.demand.end()) {
    const auto demand = flow->second.find(service);
    if (demand != flow->second.end() && demand->second.visits > 0) {
      const auto& busy = demand->second.busy_s;
      if (busy.value > 0 && busy.high - busy.low < 0.4 * busy.value) hold_s = busy.value / demand->second.visits;
    }
  }
  // capacity(n) = n^e capacity(1): what does not scale holds longer.
  const auto fleet = fleets.find(service);
  const double nodes = fleet == fleets.end() ? 1 : fleet->second.nodes;
  return hold_s * std::pow(nodes, 1 - fitted.scaling_exponent);
}

// The services of `rest`, longest hold first, as the calls of one caller.
std::vector<Part> nested(std::vector<Part> rest) {
  if (rest.empty()) return {};
  double others_s = 0;
  for (std::size_t i = 1; i < rest.size(); ++i) others_s += rest[i].visits * rest[i].hold_s;
  Part& longest = rest.front();
  const bool contains = rest.size() > 1 && longest.visits >= 0.5 && others_s / longest.visits <= longest.hold_s;
  if (!contains) return rest;
  Part caller = std::move(longest);
  rest.erase(rest.begin());
  for (Part& part : rest) part.visits /= caller.visits;
  caller.calls = nested(std::move(rest));
  std::vector<Part> alone;
  alone.push_back(std::move(caller));
  return alone;
}

// The service that every flow of the model visits once: the one of them that holds longest.
std::string entry_of(const CapacityModel& model) {
  std::string entry;
  double longest = 0;
  for (const auto& [name, service] : model.services) {
    const bool everywhere = std::ranges::all_of(model.steps, [&](const StepLatency& step) {
      const auto visits = step.path.find(name);
      return visits != step.path.end() && std::abs(visits->second - 1) < 0.02;
    });
    if (!everywhere || service.hold_s.value <= longest) continue;
    entry = name;
    longest = service.hold_s.value;
  }
  return entry;
}

double own_times(Part& part) {
  double calls_s = 0;
  for (Part& call : part.calls) calls_s += call.visits * own_times(call);
  part.own_s = std::max(part.hold_s - calls_s, 0.0);
  part.hold_s = part.own_s + calls_s;
  return part.hold_s;
}

// Variances of the step's parts: of those whose cv was measured, and of those whose cv is guessed.
void add_variances(const Part& part, double times, double& known, double& guessed) {
  const double variance = times * part.cv * part.cv * part.own_s * part.own_s;
  (part.guessed ? guessed : known) += variance;
  for (const Part& call : part.calls) add_variances(call, times * call.visits, known, guessed);
}

void scale_guesses(Part& part, double factor) {
  if (part.guessed) part.cv *= factor;
  for (Part& call : part.calls) scale_guesses(call, factor);
}

double variance_of(const Histogram& histogram) {
  const double mean = histogram.mean();
  double sum = 0, count = 0;
  for (const auto& bucket : histogram.buckets()) {
    const double x = static_cast<double>(bucket.low + bucket.high) / 2 - mean;
    sum += x * x * static_cast<double>(bucket.count);
    count += static_cast<double>(bucket.count);
  }
  return count > 0 ? sum / count : 0;
}

// Where one service makes up nearly all of a step, the step's response without waits is that service's time: its shape
// is taken as it was measured, stretched to the mean and the cv that the model has from the waits as well.
ServiceTime shaped_as(const Histogram& base, const Part& part) {
  const double mean_us = base.mean(), deviation_us = std::sqrt(variance_of(base));
  const double stretch = deviation_us > 0 ? part.cv * part.own_s * 1e6 / deviation_us : 0;
  ServiceTime time{.kind = ServiceTime::Kind::empirical};
  for (const auto& bucket : base.buckets()) {
    const double middle = static_cast<double>(bucket.low + bucket.high) / 2;
    time.histogram.record(std::llround(std::max(part.own_s * 1e6 + (middle - mean_us) * stretch, 0.0)), bucket.count);
  }
  return time;
}

ServiceTime time_of(const Part& part, const StepLatency& step) {
  const double base_s = step.base.mean() / 1e6;
  if (!part.guessed && part.calls.empty() && part.own_s > 0.75 * base_s) return shaped_as(step.base, part);
  if (part.own_s <= 0 || part.cv <= 0) return {.kind = ServiceTime::Kind::constant, .mean_s = part.own_s};
  return {.kind = ServiceTime::Kind::lognormal, .mean_s = part.own_s, .cv = part.cv};
}

class Builder {
 public:
  Builder(const CapacityModel& model, const std::map<std::string, RecordedFleet>& fleets)
      : model_(model), fleets_(fleets), entry_(entry_of(model)) {}

  // The operation at the entry that a step calls.
  FlowStep add(const StepLatency& step) {
    Part root = tree_of(step);
    own_times(root);
    // The whole without waits is what was measured; what the parts do not explain is the entry's own.
    root.own_s = std::max(root.own_s + step.base.mean() / 1e6 - root.hold_s, 0.0);
    double known = 0, guessed = 0;
    add_variances(root, 1, known, guessed);
    const double left = variance_of(step.base) / 1e12 - known;
    if (guessed > 0) scale_guesses(root, std::sqrt(std::clamp(left / guessed, 0.0, 9.0)));
    add_operation(root, step);
    return {.name = step.step, .service = root.service, .operation = step.step};
  }
  std::vector<Service> services() {
    std::vector<Service> all;
    for (auto& [name, service] : services_) all.push_back(std::move(service));
    return all;
  }

 private:
  Part part_of(const StepLatency& step, const std::string& name, double visits) const {
    const capacity::ServiceModel& service = model_.services.at(name);
    return {.service = name,
            .visits = visits,
            .hold_s = hold_of(model_, step, name, fleets_),
            .cv = service.hold_cv,
            .guessed = service.hold_cv_se >= kKnownCvSe};
  }

  Part tree_of(const StepLatency& step) const {
    std::vector<Part> rest;
    for (const auto& [name, visits] : step.path) {
      if (name != entry_ && visits > 0 && model_.services.contains(name)) rest.push_back(part_of(step, name, visits));
    }
    std::ranges::stable_sort(rest, std::greater{}, &Part::hold_s);
    Part root;
    if (!entry_.empty()) {
      root = part_of(step, entry_, 1);
    } else {
      root = std::move(rest.front());
      root.visits = 1;
      rest.erase(rest.begin());
    }
    root.hold_s = step.base.mean() / 1e6;
    root.guessed = true;
    root.calls = nested(std::move(rest));
    return root;
  }

  void add_operation(const Part& part, const StepLatency& step) {
    Operation operation{.name = step.step, .time = time_of(part, step), .cpu_share = 0};
    for (const Part& call : part.calls) {
      operation.then.push_back({{{.service = call.service, .operation = step.step, .times = call.visits}}});
      add_operation(call, step);
    }
    Service& service = services_[part.service];
    if (service.name.empty()) {
      service.name = part.service;
      service.workers = model_.services.at(part.service).workers;
      if (const auto fleet = fleets_.find(part.service); fleet != fleets_.end()) {
        service.nodes = fleet->second.nodes;
        service.queue_limit = fleet->second.queue_limit;
      }
    }
    service.operations.push_back(std::move(operation));
  }

  const CapacityModel& model_;
  const std::map<std::string, RecordedFleet>& fleets_;
  std::string entry_;
  std::map<std::string, Service> services_;
};

}  // namespace

std::map<std::string, RecordedFleet> recorded_fleets(const record::RunRecord& run) {
  std::map<std::string, std::set<std::string>> nodes;
  std::map<std::string, std::uint32_t> queued;
  std::set<std::string> refused;
  for (const WatermarkSample& sample : run.watermarks) {
    if (sample.missed) continue;
    nodes[sample.service].insert(sample.node);
    if (sample.refused > 0) refused.insert(sample.service);
    queued[sample.service] = std::max({queued[sample.service], sample.queued, sample.queued_max});
  }
  std::map<std::string, RecordedFleet> fleets;
  for (const auto& [service, names] : nodes) {
    RecordedFleet& fleet = fleets[service];
    fleet.nodes = static_cast<std::uint32_t>(names.size());
    if (refused.contains(service) && queued[service] > 0) fleet.queue_limit = queued[service];
  }
  return fleets;
}

Result<System> fitted_system(const CapacityModel& model, const schedule::Scenario& scenario,
                             const std::map<std::string, RecordedFleet>& fleets) {
  std::string problems;
  const auto say = [&](const std::string& problem) { problems += (problems.empty() ? "" : "\n") + problem; };
  for (const schedule::Load* load : scenario.loads()) {
    if (load->model != schedule::Load::Model::open) say("a closed load has no arrivals of its own to simulate");
  }
  System system{.name = scenario.name, .timeout = scenario.timeout};
  Builder builder(model, fleets);
  std::set<std::string> built;
  for (const schedule::Flow& flow : scenario.flows) {
    const auto branches = [](const schedule::Block& b) { return b.condition || b.loop || b.repeat > 1; };
    if (std::ranges::any_of(flow.blocks, branches)) {
      say("flow " + flow.name + ": conditions and repetitions are not simulated");
    }
    Flow& simulated = system.flows.emplace_back();
    simulated.name = flow.name;
    simulated.weight = flow.weight;
    for (const schedule::Step& step : flow.steps) {
      const auto fitted = std::ranges::find(model.steps, step.name, &StepLatency::step);
      const auto is_known = [&](const auto& visit) { return model.services.contains(visit.first); };
      if (fitted == model.steps.end() || fitted->base.total() == 0 || !std::ranges::any_of(fitted->path, is_known)) {
        say("step " + step.name + ": the model has not seen it");
        continue;
      }
      if (!built.insert(step.name).second) {
        say("step " + step.name + ": two steps of one name");
        continue;
      }
      FlowStep call = builder.add(*fitted);
      call.think = mean_of(step.think);
      simulated.steps.push_back(std::move(call));
    }
  }
  if (!problems.empty()) return fail(ExitCode::usage, "", problems);
  system.services = builder.services();
  return system;
}

}  // namespace tidemark::twin
