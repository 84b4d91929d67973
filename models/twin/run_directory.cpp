#include "models/twin/run_directory.h"

#include <algorithm>
#include <set>
#include <utility>

#include "engine/core/trace_id.h"
#include "engine/record/node_summary.h"
#include "engine/record/run_writer.h"
#include "models/twin/keys.h"

namespace tidemark::twin {
namespace {

using nlohmann::json;

constexpr std::int64_t kSecondNs = 1'000'000'000;
constexpr std::int64_t kWindowSeconds = 10;
constexpr std::int64_t kLongestDrainNs = 60 * kSecondNs;
constexpr std::int64_t kWallNs = 946'684'800 * kSecondNs;  // 2000-01-01, the wall clock of every simulation

// Counts and times of one step, or of all of them, over some stretch.
struct Sums {
  RequestBook requests;
  Histogram response;

  void add(const RequestBook& counts, const Histogram& times) {
    requests.started += counts.started;
    requests.ok += counts.ok;
    requests.failed += counts.failed;
    requests.timed_out += counts.timed_out;
    response.add(times);
  }
  bool active() const { return requests.started + requests.in_flight + response.total() > 0; }
};

// A client of the twin is never late: what it plans, it sends.
Histogram no_lag(const Histogram& response) {
  Histogram lag;
  if (response.total() > 0) lag.record(std::int64_t{0}, response.total());
  return lag;
}

record::StepInterval interval_of(const std::string& step, const Sums& sums) {
  return {.step = step,
          .requests = sums.requests,
          .response = sums.response,
          .service = sums.response,
          .lag = no_lag(sums.response)};
}

ThreeClocks clocks_of(const Histogram& response) {
  return {.response_us = quantiles_of(response),
          .service_us = quantiles_of(response),
          .lag_us = quantiles_of(no_lag(response))};
}

json scenario_of(const System& system) {
  json flows = json::array();
  for (const Flow& flow : system.flows) {
    json steps = json::array();
    for (const FlowStep& step : flow.steps) steps.push_back({{"name", step.name}});
    flows.push_back({{"name", flow.name}, {"weight", flow.weight}, {"steps", std::move(steps)}});
  }
  return {{"name", system.name}, {"flows", std::move(flows)}};
}

class TwinRecorder {
 public:
  TwinRecorder(const System& system, TwinRunOptions options, schedule::ArrivalStream& arrivals)
      : system_(system), options_(std::move(options)), arrivals_(arrivals), stages_(arrivals.stages()) {
    for (const Flow& flow : system.flows) {
      for (const FlowStep& step : flow.steps) names_.push_back(step.name);
    }
    // Steps of one name are one series, as in a measured run.
    series_.assign(names_.begin(), names_.end());
    std::sort(series_.begin(), series_.end());
    series_.erase(std::unique(series_.begin(), series_.end()), series_.end());
    second_.resize(series_.size());
    window_.resize(series_.size());
    whole_.resize(series_.size());
  }

  Result<Summary> run() {
    auto made = Simulation::create(system_, options_.simulation);
    if (!made) return tl::make_unexpected(std::move(made.error()));
    simulation_ = std::move(*made);
    auto writer = record::RunWriter::create(options_.out, manifest());
    if (!writer) return tl::make_unexpected(std::move(writer.error()));
    writer_ = std::move(*writer);
    simulation_->start(arrivals_);
    watermarks();
    if (auto ran = simulate(); !ran) return tl::make_unexpected(std::move(ran.error()));
    Summary summary = summarise();
    if (auto finished = writer_->finish(summary); !finished) return tl::make_unexpected(std::move(finished.error()));
    return summary;
  }

 private:
  std::string run_id() const {
    std::uint64_t hash = mixed(options_.simulation.seed);
    for (const std::string& text : {system_.name, options_.description.dump(), options_.scenario.dump()}) {
      for (const char c : text) hash = mixed(hash ^ static_cast<unsigned char>(c));
    }
    return hex16(hash);
  }

  json manifest() {
    json nodes = json::array();
    for (std::size_t n = 0; n < simulation_->nodes(); ++n) {
      const NodeName name = simulation_->node_name(n);
      if (recorded(name.service)) nodes.push_back({{"node", name.node}, {"service", name.service}});
    }
    json manifest = {{"schema", "tidemark.manifest/1"},
                     {"run_id", run_id()},
                     {"kind", options_.kind},
                     {"tidemark_version", TIDEMARK_VERSION},
                     {"started_at", "2000-01-01T00:00:00Z"},
                     {"seed", options_.simulation.seed},
                     {"clock", {{"monotonic_ns", Nanos(kEpoch.time_since_epoch()).count()}, {"wall_ns", kWallNs}}},
                     {"host", {{"name", "twin"}, {"cores", 1}, {"kernel", "simulated"}}},
                     {"scenario", options_.scenario.is_null() ? scenario_of(system_) : options_.scenario},
                     {"steps", series_},
                     {"nodes", std::move(nodes)},
                     {"twin", options_.description}};
    return manifest;
  }

  bool recorded(const std::string& service) const {
    const auto found = std::ranges::find(system_.services, service, &Service::name);
    return found == system_.services.end() || found->recorded;
  }

  // In strides that end at whole seconds and where a load stage begins or ends, until everything has been answered.
  Result<void> simulate() {
    std::set<std::int64_t> cuts;
    for (const auto& stage : stages_) cuts.insert({stage.start.count(), stage.end.count()});
    end_ns_ = cuts.empty() ? 0 : *cuts.rbegin();
    const std::int64_t drain =
        system_.timeout.count() > 0 ? std::min(system_.timeout.count(), kLongestDrainNs) : kLongestDrainNs;
    while (now_ns_ < end_ns_ || (!simulation_->idle() && now_ns_ < end_ns_ + drain)) {
      std::int64_t next = (now_ns_ / kSecondNs + 1) * kSecondNs;
      if (const auto cut = cuts.upper_bound(now_ns_); cut != cuts.end()) next = std::min(next, *cut);
      announce_stages();
      simulation_->run_until(Nanos(next));
      now_ns_ = next;
      collect();
      const bool whole_second = next % kSecondNs == 0;
      if (cuts.contains(next) || (whole_second && next - window_start_ns_ >= kWindowSeconds * kSecondNs)) end_window();
      if (!whole_second) continue;
      if (auto ended = end_second(); !ended) return ended;
      if (options_.stop && options_.stop()) {
        stop_reason_ = "interrupted";
        break;
      }
    }
    end_window();
    return now_ns_ > second_start_ns_ ? end_second() : Result<void>{};
  }

  void announce_stages() {
    for (; next_stage_ < stages_.size() && stages_[next_stage_].start.count() <= now_ns_; ++next_stage_) {
      const auto& stage = stages_[next_stage_];
      writer_->event(to_seconds(stage.start), "stage",
                     {{"index", next_stage_},
                      {"start_s", to_seconds(stage.start)},
                      {"end_s", to_seconds(stage.end)},
                      {"rate", stage.rate.per_second()}});
    }
  }

  void collect() {
    const Results& results = simulation_->results();
    for (std::size_t i = 0; i < series_.size(); ++i) second_[i].requests.in_flight = 0;
    for (std::size_t s = 0; s < results.steps.size(); ++s) {
      const StepResult& step = results.steps[s];
      const auto i = static_cast<std::size_t>(std::ranges::lower_bound(series_, step.step) - series_.begin());
      second_[i].add(step.requests, step.response);
      second_[i].requests.in_flight += step.requests.in_flight;
      window_[i].add(step.requests, step.response);
    }
    flows_.planned += results.flows.planned;
    flows_.completed += results.flows.completed;
    flows_.aborted += results.flows.aborted;
    flows_.in_flight = results.flows.in_flight;
    for (std::size_t a = 1; a < results.answers.size(); ++a) answers_[a] += results.answers[a];
    events_ += results.events;
    retries_ += results.retries;
    if (now_ns_ <= end_ns_) {
      for (const auto& step : results.steps) {
        offered_ += static_cast<double>(step.requests.started);
        answered_ += static_cast<double>(step.requests.ok + step.requests.failed + step.requests.timed_out);
      }
    }
    simulation_->reset_results();
  }

  void end_window() {
    std::vector<record::StepInterval> steps;
    for (std::size_t i = 0; i < series_.size(); ++i) {
      if (window_[i].response.total() > 0) steps.push_back(interval_of(series_[i], window_[i]));
    }
    if (!steps.empty()) writer_->window(seconds(window_start_ns_), seconds(now_ns_ - window_start_ns_), steps);
    for (Sums& sums : window_) sums = {};
    window_start_ns_ = now_ns_;
  }

  Result<void> end_second() {
    Sums total;
    std::vector<record::StepInterval> steps;
    for (std::size_t i = 0; i < series_.size(); ++i) {
      total.add(second_[i].requests, second_[i].response);
      total.requests.in_flight += second_[i].requests.in_flight;
      if (second_[i].active()) steps.push_back(interval_of(series_[i], second_[i]));
      whole_[i].add(second_[i].requests, second_[i].response);
      whole_[i].requests.in_flight = second_[i].requests.in_flight;
    }
    FlowBook flows = flows_;
    flows.planned -= told_.planned;
    flows.completed -= told_.completed;
    flows.aborted -= told_.aborted;
    told_ = flows_;
    const double length_s = seconds(now_ns_ - second_start_ns_);
    writer_->second(
        {.start_s = seconds(second_start_ns_), .length_s = length_s, .flows = flows, .total = interval_of("", total)},
        steps);
    watermarks();
    if (options_.progress) {
      const auto rate = [length_s](std::uint64_t count) { return static_cast<double>(count) / length_s; };
      options_.progress({.now_s = seconds(now_ns_),
                         .end_s = seconds(end_ns_),
                         .rate = rate(total.requests.started),
                         .ok_rate = rate(total.requests.ok),
                         .failed_rate = rate(total.requests.failed + total.requests.timed_out)});
    }
    for (Sums& sums : second_) sums = {};
    second_start_ns_ = now_ns_;
    return writer_->seal();
  }

  void watermarks() {
    for (std::size_t n = 0; n < simulation_->nodes(); ++n) {
      if (!recorded(simulation_->node_name(n).service)) continue;
      auto sample = simulation_->watermark(n);
      writer_->watermark(sample);
      samples_.push_back(std::move(sample));
    }
  }

  Summary summarise() {
    Summary summary;
    summary.run_id = run_id();
    summary.duration_s = seconds(now_ns_);
    summary.flows = flows_;
    Sums all;
    for (std::size_t i = 0; i < series_.size(); ++i) {
      all.add(whole_[i].requests, whole_[i].response);
      all.requests.in_flight += whole_[i].requests.in_flight;
      summary.by_step[series_[i]] = {.requests = whole_[i].requests, .clocks = clocks_of(whole_[i].response)};
    }
    summary.requests = all.requests;
    summary.clocks = clocks_of(all.response);
    const double sending_s = seconds(std::min(end_ns_, now_ns_));
    if (sending_s > 0) {
      summary.offered_rate = offered_ / sending_s;
      summary.achieved_rate = answered_ / sending_s;
    }
    for (std::size_t a = 1; a < answers_.size(); ++a) {
      if (answers_[a] > 0) summary.errors[text_of(static_cast<Answer>(a))] = answers_[a];
    }
    auto nodes = record::summarise_nodes(samples_);
    summary.nodes = std::move(nodes.nodes);
    summary.first_saturated = std::move(nodes.first_saturated);
    summary.notes = options_.notes;
    summary.notes.insert(summary.notes.begin(), "simulated by tidemark twin: nothing was sent");
    summary.stop_reason = stop_reason_;
    return summary;
  }

  static double seconds(std::int64_t ns) { return static_cast<double>(ns) * 1e-9; }

  const System& system_;
  TwinRunOptions options_;
  schedule::ArrivalStream& arrivals_;
  std::vector<schedule::ArrivalStream::StageMark> stages_;
  std::vector<std::string> names_, series_;
  std::unique_ptr<Simulation> simulation_;
  std::unique_ptr<record::RunWriter> writer_;
  std::int64_t now_ns_ = 0, end_ns_ = 0, second_start_ns_ = 0, window_start_ns_ = 0;
  std::size_t next_stage_ = 0;
  std::vector<Sums> second_, window_, whole_;  // per series
  FlowBook flows_, told_;                      // up to now; up to the last second that was written
  std::array<std::uint64_t, kAnswers> answers_{};
  std::uint64_t events_ = 0, retries_ = 0;
  double offered_ = 0, answered_ = 0;
  std::vector<WatermarkSample> samples_;
  std::string stop_reason_;
};

}  // namespace

Result<Summary> record_run(const System& system, TwinRunOptions options, schedule::ArrivalStream& arrivals) {
  return TwinRecorder(system, std::move(options), arrivals).run();
}

}  // namespace tidemark::twin
