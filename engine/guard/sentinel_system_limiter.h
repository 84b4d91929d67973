// Sentinel's system rule (SystemRuleManager, inbound): it admits everything until the machine's load is above a
// threshold, then refuses while more than one request is in flight and
//   in flight > (most completions of a bucket x buckets per second) x (smallest rt of the window).
// The rule is named after BBR, but its window is two buckets of 500 ms: the floor is at most one second old, holds
// whatever queue stood in that second, and nothing probes for a lower one (its issue 3212). rt is at least 1 ms and 5 s
// before the first answer. Optional absolute limits as in the original: requests a second, in flight, mean rt. The load
// is whatever is given; without, it is the node's own load average, as Unix has it: what is in flight, averaged
// exponentially over `load_over`. One owner.
#pragma once

#include <functional>
#include <utility>

#include "engine/guard/bucket_ring.h"
#include "engine/guard/limiter.h"

namespace tidemark::guard {

struct SentinelSystemSettings {
  double load = 0;  // the BBR test applies while the load is above this; 0: always
  Nanos load_over = std::chrono::minutes(1);
  double max_rps = 0;      // 0: no such limit
  double max_threads = 0;  // requests in flight; 0: no such limit
  Nanos max_rt{};          // mean over the window; 0: no such limit

  template <class Fields, class Self>
  static void fields(Fields& fields, Self& self) {
    fields.number("load", self.load, 0, 1e6);
    fields.duration("load_over", self.load_over, std::chrono::milliseconds(10), std::chrono::hours(1));
    fields.number("max_rps", self.max_rps, 0, 1e9);
    fields.number("max_threads", self.max_threads, 0, 1e6);
    fields.duration("max_rt", self.max_rt, Nanos{}, std::chrono::hours(1));
  }
};

class SentinelSystemLimiter final : public Limiter {
 public:
  // `load` says the machine's load at an instant.
  explicit SentinelSystemLimiter(const SentinelSystemSettings& settings, std::function<double(Instant)> load = {})
      : settings_(settings), load_(std::move(load)) {}

  Admission admit(Instant now, Ask ask) override;
  void finished(Instant now, const Finish& finish) override;
  Kind kind() const override { return Kind::concurrency; }
  double limit() const override { return estimated_; }  // maxSuccessQps x minRt when last asked

  double max_success_rps(Instant now) const;
  double min_rt_s(Instant now) const;

 private:
  bool too_much(Instant now);
  void average_load(Instant now);

  struct Bucket {
    std::uint64_t passed = 0, succeeded = 0;
    double rt_sum_s = 0, rt_min_s = 5;
  };
  static constexpr double kBucketsPerSecond = 2;
  SentinelSystemSettings settings_;
  std::function<double(Instant)> load_;
  std::uint32_t in_flight_ = 0;
  double estimated_ = 0;
  double load_average_ = 0;
  Instant load_at_{};
  BucketRing<Bucket, 2> window_{std::chrono::milliseconds(500)};
};

}  // namespace tidemark::guard
