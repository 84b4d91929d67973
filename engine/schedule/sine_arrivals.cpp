// A day's wave: rate(t) = mean + amplitude sin(2 pi (t + phase) / period). Its integral is known in closed form; the
// inverse is Newton's method inside a bracket, from IEEE + - * / alone.
#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>

#include "engine/schedule/arrival_kinds.h"

#pragma clang fp contract(off)

namespace tidemark::schedule {
namespace {

constexpr double kTurn = 2 * std::numbers::pi;

// Taylor series to theta^16 and theta^17: |theta| <= pi / 4 leaves less than 1e-17.
double cosine(double theta) {
  const double z = theta * theta;
  double sum = 0;
  for (int n = 16; n >= 2; n -= 2) sum = (1 + sum) * (-z / (n * (n - 1)));
  return 1 + sum;
}
double sine(double theta) {
  const double z = theta * theta;
  double sum = 0;
  for (int n = 17; n >= 3; n -= 2) sum = (1 + sum) * (-z / (n * (n - 1)));
  return theta * (1 + sum);
}

class SineArrivals : public ArrivalStream {
 public:
  explicit SineArrivals(const StreamSource& source)
      : sine_(*source.load->sine),
        even_(source.load->arrivals == Load::Arrivals::even),
        period_s_(to_seconds(sine_.period)),
        phase_(to_seconds(sine_.phase) / period_s_),
        whole_(sine_.mean.per_second() * period_s_),
        swing_(sine_.amplitude.per_second() * period_s_ / kTurn),
        random_(source.times()),
        choice_(source.choice()) {
    integral_ = expected_before(sine_.duration);
    even_count_ = static_cast<std::uint64_t>(std::floor(integral_ + 0.5));
    position_ = even_ ? -0.5 : 0.0;
  }

  std::optional<Arrival> next() override {
    if (even_ && number_ == even_count_) return std::nullopt;
    if (whole_ <= 0) return std::nullopt;
    position_ += even_ ? 1.0 : random_.exponential(1.0);
    if (position_ > whole_) {
      const double skipped = std::floor(position_ / whole_);
      position_ = std::max(0.0, position_ - skipped * whole_);
      start_ += sine_.period * static_cast<std::int64_t>(std::min(skipped, 1e9));
      turn_ = 0;
    }
    if (!even_ && start_ >= sine_.duration) return std::nullopt;
    turn_ = inverse(position_);
    const Nanos due = start_ + Nanos(std::llround(turn_ * static_cast<double>(sine_.period.count())));
    if (!even_ && due > sine_.duration) {
      start_ = sine_.duration;  // an ended stream stays ended
      return std::nullopt;
    }
    last_ = std::max(last_, std::min(due, sine_.duration));
    return Arrival{last_, choice_.next(), number_++};
  }

  double expected_before(Nanos offset) const override {
    offset = std::clamp(offset, Nanos{}, sine_.duration);
    const auto turns = offset.count() / sine_.period.count();
    const auto rest = static_cast<double>(offset.count() % sine_.period.count());
    return whole_ * static_cast<double>(turns) + within(rest / static_cast<double>(sine_.period.count()));
  }
  double expected_count() const override { return even_ ? static_cast<double>(even_count_) : integral_; }

  // Twelve to a period, at most a thousand in all: a window over a part of the wave says what its mean rate was.
  std::vector<StageMark> stages() const override {
    const Nanos step = std::max<Nanos>(sine_.period / 12, sine_.duration / 1000 + Nanos{1});
    std::vector<StageMark> marks;
    for (Nanos start{}; start < sine_.duration; start += step) {
      const Nanos end = std::min(start + step, sine_.duration);
      marks.push_back(
          {start, end, Rate::per_second((expected_before(end) - expected_before(start)) / to_seconds(end - start))});
    }
    return marks;
  }

 private:
  // The integral from a period's start to the share u of it.
  double within(double u) const { return whole_ * u + swing_ * (cos_of_turns(phase_) - cos_of_turns(phase_ + u)); }

  // Where in a period the integral reaches y. Never before the last one: positions ascend within a period.
  double inverse(double y) const {
    double low = turn_, high = 1;
    double u = std::clamp(y / whole_, low, high);
    for (int i = 0; i < 64; ++i) {
      const double error = within(u) - y;
      (error > 0 ? high : low) = u;
      const double slope = whole_ + swing_ * kTurn * sin_of_turns(phase_ + u);
      double to = slope > 0 ? u - error / slope : low;
      if (!(to > low && to < high)) to = low + (high - low) / 2;
      if (std::abs(to - u) < 1e-17 || high - low < 1e-16) return to;
      u = to;
    }
    return u;
  }

  Sine sine_;
  bool even_;
  double period_s_, phase_;
  double whole_, swing_;  // arrivals of a whole period; of the amplitude over a turn's radian
  double integral_ = 0;
  std::uint64_t even_count_ = 0;
  Random random_;
  FlowChoice choice_;
  Nanos start_{};        // of the current period
  double position_ = 0;  // integral since then: small, so that long runs lose no digits
  double turn_ = 0;      // share of the period at the last arrival
  std::uint64_t number_ = 0;
  Nanos last_{};
};

}  // namespace

double cos_of_turns(double x) {
  x = std::abs(x - std::floor(x + 0.5));  // [0, 1/2]
  if (x > 0.25) return -cos_of_turns(0.5 - x);
  return x <= 0.125 ? cosine(kTurn * x) : sine(kTurn * (0.25 - x));
}

double sin_of_turns(double x) {
  return cos_of_turns(x - 0.25);
}

Stream sine_arrivals(const StreamSource& source) {
  return std::make_unique<SineArrivals>(source);
}

}  // namespace tidemark::schedule
