#include "models/capacity/stage_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace tidemark::capacity {
namespace {

constexpr double kEdge = 0.25;  // seconds by which a window may reach over a stage's edge: clocks and rounding

double number(const nlohmann::json& fields, const char* name) {
  const auto found = fields.find(name);
  return found != fields.end() && found->is_number() ? found->get<double>() : 0.0;
}

std::string text(const nlohmann::json& fields, const char* name) {
  const auto found = fields.find(name);
  return found != fields.end() && found->is_string() ? found->get<std::string>() : std::string();
}

using Samples = std::vector<const WatermarkSample*>;

std::map<std::string, Samples> samples_by_node(const record::RunRecord& run) {
  std::map<std::string, Samples> result;
  for (const auto& sample : run.watermarks) {
    if (!sample.missed) result[sample.node].push_back(&sample);
  }
  for (auto& [node, samples] : result) {
    std::stable_sort(samples.begin(), samples.end(), [](auto* a, auto* b) { return a->t_s < b->t_s; });
  }
  return result;
}

double rise(std::uint64_t from, std::uint64_t to) {
  return to > from ? static_cast<double>(to - from) : 0.0;
}

void add_node(ServiceReading& reading, const WatermarkSample& first, const WatermarkSample& last) {
  reading.nodes += 1;
  reading.workers = std::max(reading.workers, last.workers);
  reading.seconds += last.t_s - first.t_s;
  reading.arrived += rise(first.arrived, last.arrived);
  reading.completed += rise(first.completed, last.completed);
  reading.failed += rise(first.failed, last.failed);
  reading.refused += rise(first.refused, last.refused);
  reading.busy_seconds += std::max(0.0, last.busy_seconds - first.busy_seconds);
  reading.wait_seconds += std::max(0.0, last.wait_seconds - first.wait_seconds);
  reading.cpu_seconds += std::max(0.0, last.cpu_seconds - first.cpu_seconds);
}

void read_services(Stage& stage, const std::map<std::string, Samples>& nodes, std::vector<std::string>& notes) {
  for (const auto& [node, samples] : nodes) {
    const WatermarkSample* first = nullptr;
    const WatermarkSample* last = nullptr;
    for (const auto* sample : samples) {
      if (sample->t_s < stage.from_s || sample->t_s > stage.to_s) continue;
      if (first == nullptr) first = sample;
      last = sample;
    }
    // Half a stage seen is enough for a mean; less says nothing of the stage.
    if (first == nullptr || last->t_s - first->t_s < 0.4 * (stage.to_s - stage.from_s)) {
      notes.push_back(fmt::format("{} stage {}: too few watermarks of {}; the node is left out of it", stage.run_id,
                                  stage.index, node));
      continue;
    }
    add_node(stage.services[first->service], *first, *last);
  }
}

void read_steps(Stage& stage, const record::RunRecord& run) {
  for (const auto& window : run.windows) {
    if (window.start_s < stage.from_s - kEdge || window.start_s + window.length_s > stage.to_s + kEdge) continue;
    stage.response.try_emplace(window.step, Histogram()).first->second.add(window.response);
  }
}

std::vector<Stage> read_stages(const record::RunRecord& run, std::vector<std::string>& notes) {
  std::vector<Stage> stages;
  const auto nodes = samples_by_node(run);
  for (const auto& event : run.events) {
    if (event.kind != "stage" || !event.fields.is_object()) continue;
    const double start = number(event.fields, "start_s"), end = number(event.fields, "end_s");
    if (!(end > start)) continue;
    Stage stage{.run_id = run.run_id()};
    stage.index = static_cast<int>(number(event.fields, "index"));
    stage.from_s = start + settle_s(end - start);
    stage.to_s = end;
    stage.flow_rate = number(event.fields, "rate");
    read_services(stage, nodes, notes);
    read_steps(stage, run);
    if (stage.services.empty() || !(stage.flow_rate > 0)) {
      notes.push_back(fmt::format("{} stage {}: nothing was measured; left out", stage.run_id, stage.index));
      continue;
    }
    stages.push_back(std::move(stage));
  }
  std::stable_sort(stages.begin(), stages.end(), [](const Stage& a, const Stage& b) { return a.index < b.index; });
  return stages;
}

// The first step of each flow starts as often as the flow does.
std::map<std::string, std::string> first_steps(const record::RunRecord& run, const CalibrationRun& calibration) {
  std::map<std::string, std::string> first;  // flow -> step
  const auto scenario = run.manifest.find("scenario");
  if (scenario != run.manifest.end() && scenario->is_object() && scenario->contains("flows")) {
    for (const auto& flow : (*scenario)["flows"]) {
      if (!flow.is_object() || !flow.contains("steps") || !flow["steps"].is_array() || flow["steps"].empty()) continue;
      const auto& step = flow["steps"].front();
      if (step.is_object()) first[text(flow, "name")] = text(step, "name");
    }
  }
  for (const auto& [step, flow] : calibration.flow_of_step) first.try_emplace(flow, step);
  return first;
}

void count_flows(CalibrationRun& calibration, const record::RunRecord& run) {
  for (const auto& [flow, step] : first_steps(run, calibration)) {
    double started = 0;
    for (const auto& point : run.series) {
      if (point.step == step) started += static_cast<double>(point.requests.started);
    }
    if (started > 0) calibration.flows[flow] = started;
  }
}

// From the first to the last sample of the run, so that what is in flight at a stage's edge does not matter. A ratio
// within 2 % of a whole number is that number: requests per flow are counted, and the rest is the run's edge.
void count_visits(CalibrationRun& calibration, const record::RunRecord& run) {
  for (const auto& [node, samples] : samples_by_node(run)) {
    const auto& first = *samples.front();
    const auto& last = *samples.back();
    for (const auto& [flow, count] : last.flow_requests) {
      const auto started = calibration.flows.find(flow);
      if (started == calibration.flows.end()) continue;
      const auto before = first.flow_requests.find(flow);
      const double requests = rise(before == first.flow_requests.end() ? 0 : before->second, count);
      calibration.visits[flow][last.service] += requests / started->second;
    }
  }
  for (auto& [flow, services] : calibration.visits) {
    for (auto& [service, visits] : services) {
      const double whole = std::round(visits);
      if (whole > 0 && std::abs(visits - whole) < 0.02 * whole) visits = whole;
    }
  }
}

Result<void> check_usable(const record::RunRecord& run) {
  const std::string place = run.run_id().empty() ? run.dir.string() : run.run_id();
  if (run.partial || !run.stored_summary || run.stored_summary->partial) {
    return fail(
        ExitCode::partial_record, place,
        "the run is partial: " + (run.damage.empty() ? std::string("it did not end by itself") : run.damage.front()),
        "calibrate again; nothing is fitted to a partial run");
  }
  if (run.stored_summary->validity != "valid") {
    const auto& reasons = run.stored_summary->validity_reasons;
    return fail(ExitCode::invalid_measurement, place,
                "the run is " + run.stored_summary->validity + (reasons.empty() ? "" : ": " + reasons.front()),
                "calibrate again on a quieter machine; nothing is fitted to an invalid run");
  }
  return {};
}

}  // namespace

Calibration pool(const std::vector<CalibrationRun>& runs) {
  Calibration all;
  for (const auto& run : runs) {
    all.run_ids.push_back(run.run_id);
    all.stages.insert(all.stages.end(), run.stages.begin(), run.stages.end());
    all.notes.insert(all.notes.end(), run.notes.begin(), run.notes.end());
    for (const auto& [step, flow] : run.flow_of_step) all.flow_of_step.emplace(step, flow);
    for (const auto& [flow, started] : run.flows) {
      all.flows[flow] += started;
      const auto visits = run.visits.find(flow);
      if (visits == run.visits.end()) continue;
      for (const auto& [service, count] : visits->second) all.visits[flow][service] += count * started;
    }
  }
  for (auto& [flow, services] : all.visits) {
    for (auto& [service, count] : services) count /= all.flows[flow];
  }
  return all;
}

bool steady(const ServiceReading& reading) {
  if (reading.workers == 0) return true;
  const double behind = reading.arrived - reading.completed - reading.failed - reading.refused;
  return reading.refused == 0 && reading.busy_share() < 0.94 && behind <= 3 * std::sqrt(reading.arrived) + 3;
}

bool steady(const Stage& stage) {
  return std::all_of(stage.services.begin(), stage.services.end(),
                     [](const auto& entry) { return steady(entry.second); });
}

double settle_s(double stage_length_s) {
  return stage_length_s < 10 ? 0.2 * stage_length_s : 2.0;
}

std::map<std::string, std::string> flows_of_steps(const record::RunRecord& run) {
  std::map<std::string, std::string> flow_of_step;
  const auto scenario = run.manifest.find("scenario");
  if (scenario != run.manifest.end() && scenario->is_object() && scenario->contains("flows")) {
    for (const auto& flow : (*scenario)["flows"]) {
      if (!flow.is_object() || !flow.contains("steps")) continue;
      for (const auto& step : flow["steps"]) {
        if (step.is_object()) flow_of_step[text(step, "name")] = text(flow, "name");
      }
    }
  }
  for (const auto& window : run.windows) flow_of_step.try_emplace(window.step, window.step);
  flow_of_step.erase("");
  return flow_of_step;
}

Result<CalibrationRun> read_calibration(const record::RunRecord& run) {
  if (auto usable = check_usable(run); !usable) return tl::make_unexpected(usable.error());
  CalibrationRun calibration{.run_id = run.run_id()};
  calibration.flow_of_step = flows_of_steps(run);
  calibration.stages = read_stages(run, calibration.notes);
  if (calibration.stages.empty()) {
    return fail(ExitCode::undecided, calibration.run_id, "no load stage with watermarks",
                "calibrate with several load stages and scraped nodes (tidemark demo does)");
  }
  count_flows(calibration, run);
  count_visits(calibration, run);
  return calibration;
}

}  // namespace tidemark::capacity
