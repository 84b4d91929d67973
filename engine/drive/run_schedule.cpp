#include "engine/drive/run_schedule.h"

#include <algorithm>
#include <utility>

namespace tidemark::drive {
namespace {

using StageMark = schedule::ArrivalStream::StageMark;

// Where any load begins another stage, a window begins; the rates are those of the open loads.
std::vector<StageMark> marks_of(const schedule::Scenario& scenario, const schedule::ArrivalStream* arrivals) {
  std::vector<StageMark> open;
  if (arrivals != nullptr) open = arrivals->stages();
  std::vector<Nanos> cuts;
  for (const StageMark& mark : open) {
    cuts.push_back(mark.start);
    cuts.push_back(mark.end);
  }
  for (const schedule::Load* load : scenario.loads()) {
    if (load->model == schedule::Load::Model::open) continue;
    Nanos at{};
    cuts.push_back(at);
    for (const auto& stage : load->user_stages()) cuts.push_back(at += stage.duration);
  }
  std::ranges::sort(cuts);
  const auto repeated = std::ranges::unique(cuts);
  cuts.erase(repeated.begin(), repeated.end());
  std::vector<StageMark> marks;
  for (std::size_t i = 1; i < cuts.size(); ++i) {
    const auto whole = std::ranges::find_if(
        open, [&](const StageMark& mark) { return mark.start == cuts[i - 1] && mark.end == cuts[i]; });
    if (whole != open.end()) {
      marks.push_back(*whole);
      continue;
    }
    double planned = 0;
    if (arrivals != nullptr) planned = arrivals->expected_before(cuts[i]) - arrivals->expected_before(cuts[i - 1]);
    marks.push_back({cuts[i - 1], cuts[i], Rate::per_second(planned / to_seconds(cuts[i] - cuts[i - 1]))});
  }
  return marks;
}

Result<void> add_users(const RunOptions& options, RunSchedule& schedule) {
  // Flows of an open load are numbered from 0; each closed load beside another numbers its own far above.
  constexpr std::uint64_t kApart = std::uint64_t{1} << 48U;
  const auto loads = options.scenario.loads();
  for (std::size_t i = 0; i < loads.size(); ++i) {
    if (loads[i]->model == schedule::Load::Model::open) continue;
    const auto most =
        std::ranges::max(loads[i]->user_stages(), {}, [](const auto& s) { return std::max(s.from, s.to); });
    if (std::max(most.from, most.to) == 0) {
      return fail(ExitCode::usage, options.scenario.name, "a closed load needs users", "give --connections N");
    }
    const bool alone = loads.size() == 1;
    schedule.users.emplace_back(options.scenario, *loads[i], i, options.seed, options.partition,
                                alone ? 0 : (i + 1) * kApart);
  }
  return {};
}

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
  const auto loads = options.scenario.loads();
  const std::string& name = options.scenario.name;
  const auto is_open = [](const schedule::Load* load) { return load->model == schedule::Load::Model::open; };
  if (options.replay) {
    if (options.replay->arrivals.empty()) return fail(ExitCode::usage, name, "the access log holds nothing to send");
    schedule.arrivals = schedule::partitioned(schedule::replayed(*options.replay), options.partition);
  } else if (std::ranges::any_of(loads, is_open)) {
    auto arrivals = schedule::make_arrivals(options.scenario, options.seed, options.partition);
    if (!arrivals) return tl::make_unexpected(std::move(arrivals.error()));
    schedule.arrivals = std::move(*arrivals);
  }
  schedule.open = schedule.arrivals != nullptr;
  if (schedule.open && !schedule.arrivals->stages().empty())
    schedule.open_duration = schedule.arrivals->stages().back().end;
  if (schedule.open) schedule.notes = schedule.arrivals->notes();
  if (!options.replay) {
    if (auto added = add_users(options, schedule); !added) return tl::make_unexpected(std::move(added.error()));
  }
  schedule.stages = options.replay ? schedule.arrivals->stages() : marks_of(options.scenario, schedule.arrivals.get());
  schedule.duration = schedule.stages.empty() ? Nanos{} : schedule.stages.back().end;
  if (schedule.duration <= Nanos{})
    return fail(ExitCode::usage, name, "the load has no duration", "give --duration 20s");
  for (const schedule::Load* load : loads)
    schedule.grace = std::max(schedule.grace, load->grace.value_or(options.scenario.timeout));
  return schedule;
}

}  // namespace tidemark::drive
