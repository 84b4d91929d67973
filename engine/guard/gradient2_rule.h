// Gradient2 of Netflix' concurrency-limits (Gradient2Limit.java): the short time is the sample, the long one an
// exponential mean over `long_window` samples (factor 2 / (n + 1), the first 10 averaged):
//   if long / short > 2: long x 0.95;  below half use the limit stays;
//   g = clamp(tolerance x long / short, 0.5, 1),  new = limit x g + queue,  limit += smoothing x (new - limit).
// Drops are ignored. Under mild overload long follows short, so the limit creeps upwards (its issue 134). One owner.
#pragma once

#include "engine/guard/concurrency_rule.h"

namespace tidemark::guard {

struct Gradient2Settings {
  std::uint32_t initial = 20;
  std::uint32_t min = 20;
  std::uint32_t max = 200;
  double smoothing = 0.2;
  double queue = 4;                 // requests allowed to wait
  double tolerance = 1.5;           // of long over short before the limit falls
  std::uint32_t long_window = 600;  // samples

  template <class Fields, class Self>
  static void fields(Fields& fields, Self& self) {
    fields.count("initial", self.initial, 1, 1'000'000);
    fields.count("min", self.min, 1, 1'000'000);
    fields.count("max", self.max, 1, 1'000'000);
    fields.number("smoothing", self.smoothing, 0.01, 1);
    fields.number("queue", self.queue, 0, 100'000);
    fields.number("tolerance", self.tolerance, 1, 100);
    fields.count("long_window", self.long_window, 10, 1'000'000'000);
  }
};

class Gradient2Rule final : public ConcurrencyRule {
 public:
  explicit Gradient2Rule(const Gradient2Settings& settings);
  void update(const RttSample& sample) override;
  double limit() const override { return limit_; }
  double long_rtt_s() const { return long_s_; }

  // One step of the limit, clamped and smoothed, for given times (any one unit).
  static double step(const Gradient2Settings& settings, double limit, double long_rtt, double short_rtt);

 private:
  Gradient2Settings settings_;
  double limit_;
  double long_s_ = 0, sum_s_ = 0;
  std::uint32_t warm_ = 0;  // samples averaged so far, up to 10
};

}  // namespace tidemark::guard
