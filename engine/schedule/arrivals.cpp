#include "engine/schedule/arrivals.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/core/random.h"
#include "engine/schedule/time_series.h"

// The schedule is a function of the load and the seed: no operation may be fused at the compiler's whim.
#pragma clang fp contract(off)

namespace tidemark::schedule {
namespace {

// Flows by weight, from a stream of their own: the times stay the same when a weight changes.
class FlowChoice {
 public:
  FlowChoice(const std::vector<Flow>& flows, std::uint64_t seed) : random_(seed, "flows") {
    double sum = 0;
    for (const Flow& flow : flows) cumulative_.push_back(sum += flow.weight);
  }
  std::uint32_t next() {
    if (cumulative_.size() == 1) return 0;
    const double at = random_.uniform() * cumulative_.back();
    const auto found = std::ranges::upper_bound(cumulative_, at);
    return static_cast<std::uint32_t>(
        std::min<std::ptrdiff_t>(found - cumulative_.begin(), std::ssize(cumulative_) - 1));
  }

 private:
  Random random_;
  std::vector<double> cumulative_;
};

// A stage: the rate runs straight from r0 to r1.
struct Segment {
  Nanos start{}, end{};
  double r0 = 0, r1 = 0;  // per second

  double length_s() const { return to_seconds(end - start); }
  double integral() const { return (r0 + r1) / 2 * length_s(); }
  // Where the integral from the segment's start reaches y, 0 <= y <= integral(): the root of r0 t + k t^2 / 2 = y in
  // the form that cancels nothing, also for k = 0 and r0 = 0.
  Nanos at(double y) const {
    if (!(y > 0)) return start;
    const double k = (r1 - r0) / length_s();
    const double t_s = 2 * y / (r0 + std::sqrt(std::max(0.0, r0 * r0 + 2 * k * y)));
    return std::min(end, start + Nanos(std::llround(std::min(t_s, length_s()) * 1e9)));
  }
};

class StagedArrivals : public ArrivalStream {
 public:
  StagedArrivals(const Scenario& scenario, std::uint64_t seed)
      : even_(scenario.load.arrivals == Load::Arrivals::even),
        random_(seed, "arrivals"),
        choice_(scenario.flows, seed) {
    Nanos start{};
    for (const Stage& stage : scenario.load.stages) {
      segments_.push_back({start, start + stage.duration, stage.from.per_second(), stage.to.per_second()});
      start = segments_.back().end;
      integral_ += segments_.back().integral();
    }
    even_count_ = static_cast<std::uint64_t>(std::floor(integral_ + 0.5));
    position_ = even_ ? -0.5 : 0.0;
  }

  std::optional<Arrival> next() override {
    if (even_ && number_ == even_count_) return std::nullopt;
    position_ += even_ ? 1.0 : random_.exponential(1.0);
    while (current_ < segments_.size() && position_ > segments_[current_].integral()) {
      position_ -= segments_[current_].integral();
      ++current_;
    }
    const bool past_end = current_ == segments_.size();
    if (past_end && !even_) return std::nullopt;
    // Rounding may put the last of the counted even arrivals a hair beyond the last stage: it is due at its end.
    last_ = std::max(last_, past_end ? segments_.back().end : segments_[current_].at(position_));
    return Arrival{last_, choice_.next(), number_++};
  }

  double expected_count() const override { return even_ ? static_cast<double>(even_count_) : integral_; }

  std::vector<StageMark> stages() const override {
    std::vector<StageMark> marks;
    for (const Segment& segment : segments_) {
      marks.push_back({segment.start, segment.end, Rate::per_second((segment.r0 + segment.r1) / 2)});
    }
    return marks;
  }

 private:
  std::vector<Segment> segments_;
  double integral_ = 0;
  bool even_;
  std::uint64_t even_count_ = 0;
  Random random_;
  FlowChoice choice_;
  std::size_t current_ = 0;
  double position_ = 0;  // integral since the current segment's start: small, so that long runs lose no digits
  std::uint64_t number_ = 0;
  Nanos last_{};
};

class ShapedArrivals : public ArrivalStream {
 public:
  ShapedArrivals(const Scenario& scenario, std::vector<ShapeBin> bins, std::vector<std::string> notes,
                 std::uint64_t seed)
      : bins_(std::move(bins)),
        notes_(std::move(notes)),
        even_(scenario.load.arrivals == Load::Arrivals::even),
        random_(seed, "arrivals"),
        choice_(scenario.flows, seed) {
    for (const ShapeBin& bin : bins_) total_ += bin.expected;
    total_ = std::floor(total_ + 0.5);
  }

  std::optional<Arrival> next() override {
    while (left_in_bin_ == 0) {
      if (current_ == bins_.size()) return std::nullopt;
      open_bin();
    }
    const ShapeBin& bin = bins_[current_ - 1];
    double share = 0;  // of the bin, [0, 1]
    if (even_) {
      share = (static_cast<double>(bin_count_ - left_in_bin_) + 0.5) / static_cast<double>(bin_count_);
    } else {
      // The smallest of m uniform draws on what remains of the bin: uniform order statistics, one at a time.
      remaining_ += remaining_ * portable_expm1(-random_.exponential(1.0) / static_cast<double>(left_in_bin_));
      share = 1.0 - remaining_;
    }
    --left_in_bin_;
    const Nanos length = bin.end - bin.start;
    const Nanos into(static_cast<std::int64_t>(share * static_cast<double>(length.count())));
    last_ = std::max(last_, bin.start + std::clamp(into, Nanos{}, std::max(Nanos{}, length - Nanos{1})));
    return Arrival{last_, choice_.next(), number_++};
  }

  double expected_count() const override { return total_; }

  std::vector<StageMark> stages() const override {
    const Nanos end = bins_.back().end;
    return {{Nanos{}, end, Rate::per_second(total_ / to_seconds(end))}};
  }
  std::vector<std::string> notes() const override { return notes_; }

 private:
  // The bin's share of the rounded running integral: each bin is within 1 of its own, every prefix within 1/2.
  void open_bin() {
    integral_ += bins_[current_++].expected;
    const auto due = static_cast<std::uint64_t>(std::floor(integral_ + 0.5));
    bin_count_ = left_in_bin_ = due - planned_;
    planned_ = due;
    remaining_ = 1.0;
  }

  std::vector<ShapeBin> bins_;
  std::vector<std::string> notes_;
  bool even_;
  double total_ = 0;
  Random random_;
  FlowChoice choice_;
  std::size_t current_ = 0;  // bins opened so far
  double integral_ = 0;
  std::uint64_t planned_ = 0, bin_count_ = 0, left_in_bin_ = 0;
  double remaining_ = 1.0;  // share of the bin after the last draw
  std::uint64_t number_ = 0;
  Nanos last_{};
};

class ReplayedArrivals : public ArrivalStream {
 public:
  explicit ReplayedArrivals(LogReplay log) : arrivals_(std::move(log.arrivals)), notes_(notes_of(log)) {}

  std::optional<Arrival> next() override {
    if (position_ == arrivals_.size()) return std::nullopt;
    return arrivals_[position_++];
  }
  double expected_count() const override { return static_cast<double>(arrivals_.size()); }
  std::vector<StageMark> stages() const override {
    const Nanos end = arrivals_.empty() ? Nanos{} : arrivals_.back().offset;
    return {{Nanos{}, end, Rate::per_second(end > Nanos{} ? expected_count() / to_seconds(end) : 0)}};
  }
  std::vector<std::string> notes() const override { return notes_; }

 private:
  static std::vector<std::string> notes_of(const LogReplay& log) {
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

  std::vector<Arrival> arrivals_;
  std::vector<std::string> notes_;
  std::size_t position_ = 0;
};

}  // namespace

Result<std::unique_ptr<ArrivalStream>> make_arrivals(const Scenario& scenario, std::uint64_t seed) {
  const Load& load = scenario.load;
  if (load.model == Load::Model::closed) {
    return fail(ExitCode::usage, scenario.name, "a closed load has no planned arrivals");
  }
  if (load.replay) {
    auto log = load_access_log(load.replay->file, load.replay->speed);
    if (!log) return tl::make_unexpected(log.error());
    return std::make_unique<ReplayedArrivals>(std::move(*log));
  }
  if (scenario.flows.empty()) return fail(ExitCode::usage, scenario.name, "has no flows");
  if (load.shape) {
    auto series = load_time_series(load.shape->file);
    if (!series) return tl::make_unexpected(series.error());
    auto bins = fit_shape(*series, *load.shape);
    if (!bins) return tl::make_unexpected(bins.error());
    return std::make_unique<ShapedArrivals>(scenario, std::move(*bins), std::move(series->notes), seed);
  }
  if (load.stages.empty())
    return fail(ExitCode::usage, scenario.name, "an open load needs stages, a shape or a replay");
  return std::make_unique<StagedArrivals>(scenario, seed);
}

}  // namespace tidemark::schedule
