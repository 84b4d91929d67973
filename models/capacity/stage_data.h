// Load stages cut out of a calibration run: what each node and each step did between two watermark samples, warm-up cut
// away. Internal to the fit. Reads watermarks, series, windows and the "stage" events; of the manifest only the run id,
// the kind and the names of flows and steps. Pure; thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/histogram.h"
#include "engine/record/run_reader.h"

namespace tidemark::capacity {

// One service during one stage: means over its nodes, differences of monotone integrals over the time between two
// samples.
struct ServiceReading {
  std::uint32_t nodes = 0, workers = 0;                        // workers: per node, 0: unbounded
  double seconds = 0;                                          // node-seconds observed
  double arrived = 0, completed = 0, failed = 0, refused = 0;  // over all nodes
  double busy_seconds = 0, wait_seconds = 0, cpu_seconds = 0;
  double rate_per_node() const { return completed / seconds; }
  double arrivals_per_node() const { return arrived / seconds; }
  double busy_per_node() const { return busy_seconds / seconds; }
  double busy_share() const { return workers > 0 ? busy_per_node() / workers : 0; }
  double hold_s() const { return completed > 0 ? busy_seconds / completed : 0; }
  double wait_s() const { return arrived > 0 ? wait_seconds / arrived : 0; }  // mean per arrival (Little)
  // Busy share >= 0.9, or the mean wait above the mean hold.
  bool saturated() const { return workers > 0 && (busy_share() >= 0.9 || wait_s() > hold_s()); }
};

struct Stage {
  std::string run_id;
  int index = 0;
  double from_s = 0, to_s = 0;  // after settling
  double flow_rate = 0;         // offered, flows per second
  std::map<std::string, ServiceReading> services;
  std::map<std::string, Histogram> response;  // per step
};

// One run directory's part of a calibration.
struct CalibrationRun {
  std::string run_id;
  std::vector<Stage> stages;
  std::map<std::string, std::string> flow_of_step;
  std::map<std::string, double> flows;                          // flow -> flows started in the run
  std::map<std::string, std::map<std::string, double>> visits;  // flow -> service -> requests per flow
  std::vector<std::string> notes;
};

// Several runs read as one calibration.
struct Calibration {
  std::vector<std::string> run_ids;
  std::vector<Stage> stages;
  std::map<std::string, std::string> flow_of_step;
  std::map<std::string, double> flows;
  std::map<std::string, std::map<std::string, double>> visits;  // flow -> service, mean over runs weighted by flows
  std::vector<std::string> notes;
};
Calibration pool(const std::vector<CalibrationRun>& runs);

// Whether the means of a service in a stage are those of a steady state: its slots neither full nor falling behind.
bool steady(const ServiceReading& reading);
// Whether every service was steady, so that the stage's waits and responses mean something.
bool steady(const Stage& stage);

// Seconds cut from the start of a load stage of that length: 2 s, or a fifth of a stage shorter than 10 s.
double settle_s(double stage_length_s);

// Exit 5 for a partial run, 6 for an invalid one, 7 for one without load stages or watermarks.
Result<CalibrationRun> read_calibration(const record::RunRecord& run);

// Step -> flow from the resolved scenario in the manifest; a step that it does not name belongs to the flow of its own
// name.
std::map<std::string, std::string> flows_of_steps(const record::RunRecord& run);

}  // namespace tidemark::capacity
