// Envoy's outlier detection, as Istio's DestinationRule sets it (envoyproxy/envoy: outlier_detection_impl.cc;
// istio/api: destination_rule.proto), seen from one host: `consecutive` 5xx in a row eject it. A sweep every `interval`
// takes it back when `base` times the number of its ejections (at most `longest`) is over, and forgives one ejection a
// sweep while the host is in. It comes back to the full load at once: there is no half-open. The caps that need the
// other hosts of the cluster (10 % ejected at most, min_health) belong to whoever picks among them.
#pragma once

#include "engine/guard/breaker.h"

namespace tidemark::guard {

struct OutlierSettings {
  std::uint32_t consecutive = 5;              // consecutive_5xx
  Nanos interval = std::chrono::seconds(10);  // the sweep
  Nanos base = std::chrono::seconds(30);      // base_ejection_time
  Nanos longest = std::chrono::seconds(300);  // max_ejection_time

  template <class Fields, class Self>
  static void fields(Fields& fields, Self& self) {
    using namespace std::chrono;
    fields.count("consecutive", self.consecutive, 1, 1'000'000);
    fields.duration("interval", self.interval, milliseconds(1), hours(1));
    fields.duration("base", self.base, milliseconds(1), hours(24));
    fields.duration("longest", self.longest, milliseconds(1), hours(24));
  }
};

class OutlierBreaker final : public Breaker {
 public:
  explicit OutlierBreaker(const OutlierSettings& settings) : settings_(settings) {}
  std::optional<Permit> allow(Instant now) override;
  void finished(Instant now, Permit permit, const Outcome& outcome) override;
  void abandoned(Instant, Permit) override {}
  State state(Instant now) const override;
  std::uint64_t trips() const override { return trips_; }

 private:
  void sweep(Instant now);
  Instant back_at() const;  // the sweep that takes it back

  OutlierSettings settings_;
  bool started_ = false, ejected_ = false;
  std::uint32_t failures_ = 0, ejections_ = 0;
  Instant next_sweep_{}, ejected_at_{};
  std::uint64_t trips_ = 0;
};

}  // namespace tidemark::guard
