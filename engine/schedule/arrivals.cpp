#include "engine/schedule/arrivals.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "engine/schedule/arrival_kinds.h"

namespace tidemark::schedule {
namespace {

class ReplayedArrivals : public ArrivalStream {
 public:
  ReplayedArrivals(std::vector<Arrival> arrivals, std::vector<std::string> notes)
      : arrivals_(std::move(arrivals)), notes_(std::move(notes)) {}

  std::optional<Arrival> next() override {
    if (position_ == arrivals_.size()) return std::nullopt;
    return arrivals_[position_++];
  }
  double expected_before(Nanos offset) const override {
    return static_cast<double>(arrivals_before(arrivals_, offset));
  }
  double expected_count() const override { return static_cast<double>(arrivals_.size()); }
  std::vector<StageMark> stages() const override {
    if (arrivals_.empty()) return {{}};
    // A log of one instant still has a length to divide by.
    const Nanos end = std::max<Nanos>(arrivals_.back().offset, std::chrono::milliseconds(1));
    return {{Nanos{}, end, Rate::per_second(expected_count() / to_seconds(end))}};
  }
  std::vector<std::string> notes() const override { return notes_; }

 private:
  std::vector<Arrival> arrivals_;
  std::vector<std::string> notes_;
  std::size_t position_ = 0;
};

std::vector<std::string> notes_of(const LogReplay& log) {
  std::vector<std::string> notes;
  if (log.malformed > 0) {
    notes.push_back(
        fmt::format("{} malformed lines left out, the first at {}", log.malformed, log.first_malformed.front()));
  }
  if (log.skipped_methods > 0)
    notes.push_back(fmt::format("{} requests other than GET and HEAD left out", log.skipped_methods));
  if (log.reordered > 0)
    notes.push_back(fmt::format("{} lines stood after a later one: sorted by time", log.reordered));
  return notes;
}

// One agent's share: the arrivals whose number is its own, modulo the number of agents.
class PartitionedArrivals : public ArrivalStream {
 public:
  PartitionedArrivals(Stream whole, Partition partition) : whole_(std::move(whole)), partition_(partition) {}

  std::optional<Arrival> next() override {
    auto arrival = whole_->next();
    while (arrival && !partition_.owns(arrival->number)) arrival = whole_->next();
    return arrival;
  }
  double expected_before(Nanos offset) const override { return whole_->expected_before(offset) / partition_.count; }
  double expected_count() const override { return whole_->expected_count() / partition_.count; }
  std::vector<StageMark> stages() const override {
    auto marks = whole_->stages();
    for (StageMark& mark : marks) mark.rate = Rate::per_second(mark.rate.per_second() / partition_.count);
    return marks;
  }
  std::vector<std::string> notes() const override { return whole_->notes(); }

 private:
  Stream whole_;
  Partition partition_;
};

Result<Stream> arrivals_of(const Scenario& scenario, const StreamSource& source) {
  const Load& load = *source.load;
  if (load.shape) return shaped_arrivals(source);
  if (load.offsets) return offset_arrivals(source);
  if (load.bursts) return burst_arrivals(source);
  if (load.sine) return sine_arrivals(source);
  if (!load.stages.empty()) return staged_arrivals(source);
  return fail(ExitCode::usage, scenario.name,
              "an open load needs stages, a sine, bursts, a shape, recorded offsets or a replay");
}

}  // namespace

FlowChoice::FlowChoice(const std::vector<Flow>& flows, const Load& load, std::uint64_t seed, std::string_view random)
    : random_(seed, random) {
  double sum = 0;
  for (std::uint32_t i = 0; i < flows.size(); ++i) {
    if (!load.starts(flows[i])) continue;
    flows_.push_back(i);
    cumulative_.push_back(sum += flows[i].weight);
  }
}

std::uint32_t FlowChoice::next() {
  if (cumulative_.size() == 1) return flows_.front();
  const double at = random_.uniform() * cumulative_.back();
  const auto found = std::ranges::upper_bound(cumulative_, at) - cumulative_.begin();
  return flows_[static_cast<std::size_t>(std::min<std::ptrdiff_t>(found, std::ssize(cumulative_) - 1))];
}

std::size_t arrivals_before(const std::vector<Arrival>& ordered, Nanos offset) {
  const auto end = std::ranges::lower_bound(ordered, offset, {}, &Arrival::offset);
  return static_cast<std::size_t>(end - ordered.begin());
}

Stream replayed(LogReplay& log) {
  return std::make_unique<ReplayedArrivals>(std::move(log.arrivals), notes_of(log));
}

Stream partitioned(Stream whole, Partition partition) {
  if (partition.count <= 1) return whole;
  return std::make_unique<PartitionedArrivals>(std::move(whole), partition);
}

Result<std::unique_ptr<ArrivalStream>> make_arrivals(const Scenario& scenario, std::uint64_t seed,
                                                     Partition partition) {
  if (scenario.load.replay) {
    auto log = load_access_log(scenario.load.replay->file, scenario.load.replay->speed);
    if (!log) return tl::make_unexpected(log.error());
    return partitioned(replayed(*log), partition);
  }
  std::vector<Stream> streams;
  const auto loads = scenario.loads();
  for (std::size_t i = 0; i < loads.size(); ++i) {
    if (loads[i]->model == Load::Model::closed) continue;
    const auto starts = [&](const Flow& flow) { return loads[i]->starts(flow); };
    if (std::ranges::none_of(scenario.flows, starts)) return fail(ExitCode::usage, scenario.name, "has no flows");
    auto stream = arrivals_of(scenario, {.flows = &scenario.flows,
                                         .load = loads[i],
                                         .seed = seed,
                                         .suffix = i == 0 ? std::string() : fmt::format("/{}", i)});
    if (!stream) return tl::make_unexpected(std::move(stream.error()));
    streams.push_back(std::move(*stream));
  }
  if (streams.empty()) return fail(ExitCode::usage, scenario.name, "a closed load has no planned arrivals");
  return partitioned(streams.size() == 1 ? std::move(streams.front()) : merged_arrivals(std::move(streams)), partition);
}

}  // namespace tidemark::schedule
