// What is left of a caller's patience, and what is done with it. A deadline is one instant on this machine's clock; on
// the wire travels what is left of it, less a margin for the way, so clocks need not agree (gRPC does the same with
// grpc-timeout). What cannot be finished any more is refused before work is put into it: the answer would find nobody.
// Pure values; any thread.
#pragma once

#include <algorithm>
#include <cstdint>

#include "engine/core/units.h"

namespace tidemark::guard {

struct DeadlineSettings {
  Nanos patience = std::chrono::seconds(5);     // where the caller has not said
  Nanos longest = std::chrono::seconds(60);     // a caller that says more is not believed
  Nanos margin = std::chrono::milliseconds(5);  // kept back at each hop, for the way there and the answer
  // Refused early: less left than `quantile` of the service's own recent times. 0: only what has no time left at all.
  double quantile = 0.5;

  template <class Fields, class Self>
  static void fields(Fields& fields, Self& self) {
    using namespace std::chrono;
    fields.duration("patience", self.patience, milliseconds(1), hours(1));
    fields.duration("longest", self.longest, milliseconds(1), hours(1));
    fields.duration("margin", self.margin, Nanos{}, seconds(10));
    fields.number("quantile", self.quantile, 0, 0.99);
  }
};

class Deadline {
 public:
  // From what the caller said is left, or from the default when it said nothing (negative).
  static Deadline from_call(Instant now, Nanos said, const DeadlineSettings& settings) {
    return Deadline(now + (said < Nanos{} ? settings.patience : std::min(said, settings.longest)));
  }
  explicit Deadline(Instant at) : at_(at) {}

  Instant at() const { return at_; }
  Nanos left(Instant now) const { return std::max(Nanos(at_ - now), Nanos{}); }
  bool over(Instant now) const { return now >= at_; }
  // What to tell the next hop; 0: do not call any more.
  Nanos to_hand_on(Instant now, const DeadlineSettings& settings) const {
    return std::max(left(now) - settings.margin, Nanos{});
  }
  // Is it worth beginning something that takes `need`?
  bool allows(Instant now, Nanos need) const { return !over(now) && left(now) >= need; }

 private:
  Instant at_;
};

// A quantile of recent service times, followed in constant space: each sample above it raises the estimate by
// step x q, each below lowers it by step x (1 - q), so it settles where a share q is below (Robbins and Monro 1951).
// Steps are relative, so that one setting serves microseconds and seconds. One owner.
class TimeQuantile {
 public:
  explicit TimeQuantile(double q) : q_(q) {}
  void add(Nanos sample) {
    const double s = to_seconds(sample);
    if (value_s_ <= 0) {
      value_s_ = s;
      return;
    }
    value_s_ *= 1 + kStep * (s > value_s_ ? q_ : q_ - 1);
  }
  Nanos value() const { return q_ > 0 ? from_seconds(value_s_) : Nanos{}; }

 private:
  static constexpr double kStep = 0.02;
  double q_;
  double value_s_ = 0;
};

}  // namespace tidemark::guard
