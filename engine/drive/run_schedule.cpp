#include "engine/drive/run_schedule.h"

#include <algorithm>
#include <utility>

namespace tidemark::drive {
namespace {

class LoggedArrivals : public schedule::ArrivalStream {
 public:
  explicit LoggedArrivals(std::vector<schedule::Arrival> arrivals) : arrivals_(std::move(arrivals)) {}

  std::optional<schedule::Arrival> next() override {
    if (position_ == arrivals_.size()) return std::nullopt;
    return arrivals_[position_++];
  }
  double expected_count() const override { return static_cast<double>(arrivals_.size()); }
  std::vector<StageMark> stages() const override {
    // A log of one instant still has a length to divide by.
    const Nanos end = std::max<Nanos>(arrivals_.back().offset, std::chrono::milliseconds(1));
    return {{Nanos{}, end, Rate::per_second(expected_count() / to_seconds(end))}};
  }

 private:
  std::vector<schedule::Arrival> arrivals_;
  std::size_t position_ = 0;
};

}  // namespace

Result<void> load_replay(RunOptions& options) {
  auto& scenario = options.scenario;
  if (scenario.load.replay && !options.replay) {
    auto log = schedule::load_access_log(scenario.load.replay->file, scenario.load.replay->speed);
    if (!log) return tl::make_unexpected(std::move(log.error()));
    options.replay = std::move(*log);
  }
  if (options.replay) scenario.flows = options.replay->scenario.flows;
  return {};
}

Result<RunSchedule> make_schedule(RunOptions& options) {
  RunSchedule schedule;
  const auto& load = options.scenario.load;
  const std::string& name = options.scenario.name;
  if (!options.replay && load.model == schedule::Load::Model::closed) {
    if (load.connections == 0) return fail(ExitCode::usage, name, "a closed load needs users", "give --connections N");
    schedule.open = false;
    schedule.stages = {{Nanos{}, load.duration, Rate{}}};
  } else if (options.replay) {
    if (options.replay->arrivals.empty()) return fail(ExitCode::usage, name, "the access log holds nothing to send");
    schedule.arrivals = std::make_unique<LoggedArrivals>(std::exchange(options.replay->arrivals, {}));
  } else {
    auto arrivals = schedule::make_arrivals(options.scenario, options.seed);
    if (!arrivals) return tl::make_unexpected(std::move(arrivals.error()));
    schedule.arrivals = std::move(*arrivals);
  }
  if (schedule.arrivals) schedule.stages = schedule.arrivals->stages();
  schedule.duration = schedule.stages.empty() ? Nanos{} : schedule.stages.back().end;
  if (schedule.duration <= Nanos{})
    return fail(ExitCode::usage, name, "the load has no duration", "give --duration 20s");
  return schedule;
}

}  // namespace tidemark::drive
