#include "engine/schedule/arrival_kinds.h"

#include <algorithm>
#include <cmath>
#include <optional>

// The schedule is a function of the load and the seed: no operation may be fused at the compiler's whim.
#pragma clang fp contract(off)

namespace tidemark::schedule {
namespace {

// A stage: the rate runs straight from r0 to r1.
struct Segment {
  Nanos start{}, end{};
  double r0 = 0, r1 = 0;  // per second

  double length_s() const { return to_seconds(end - start); }
  double integral() const { return (r0 + r1) / 2 * length_s(); }
  double integral_until(Nanos offset) const {
    const double t_s = to_seconds(std::min(offset, end) - start);
    return r0 * t_s + (r1 - r0) / length_s() * t_s * t_s / 2;
  }
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
  explicit StagedArrivals(const StreamSource& source)
      : even_(source.load->arrivals == Load::Arrivals::even), random_(source.times()), choice_(source.choice()) {
    Nanos start{};
    for (const Stage& stage : source.load->stages) {
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

  double expected_before(Nanos offset) const override {
    double sum = 0;
    for (const Segment& segment : segments_) {
      if (offset <= segment.start) break;
      sum += segment.integral_until(offset);
    }
    return sum;
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

}  // namespace

Stream staged_arrivals(const StreamSource& source) {
  return std::make_unique<StagedArrivals>(source);
}

}  // namespace tidemark::schedule
