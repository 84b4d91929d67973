// Tide, our own limiter: the wait that an arrival is about to meet decides, at the arrival. Nothing is learnt from how
// long answers take, so there is no floor that could drift: without a queue nobody is refused. docs/guards.md derives
// the rule. In short, with q the requests admitted and not yet at a worker, c the workers, s and v the mean and the
// squared coefficient of variation of the time at a worker, and A the arrivals a second:
//   drain rate    mu = c / s                          wait of an arrival (Little)   q / mu
//   alarm         K  = h (1 + v) / (2 (1 - load))     below load `stable_load`, q reaches K once in about e^h arrivals
//   calm          everybody is admitted while q < K; reaching K is the alarm
//   alarmed       admitted are the most important `level` of the arrivals, level = (mu + (T - q) / settle) / A: what
//                 drains, corrected so that the queue returns to T, which is just long enough not to run dry; above T,
//                 3 x settle for core and 2 x for normal, so that a swing cuts them last
//   calm again    when the queue that would stand if nobody had been refused (up to K of it) has drained
// Most important is what this service has already worked for, then core, normal, browse, shadow; within a priority the
// low cohorts, so the same users are refused at every call and at every service. It needs started() to be told. A node
// that shares its processor among everything it lets in has no queue, and tide sees nothing there. Not thread-safe: one
// owner.
#pragma once

#include <array>

#include "engine/guard/limiter.h"

namespace tidemark::guard {

struct TideSettings {
  double evidence = 20.7;    // h: a false alarm once in about e^h arrivals, 1 in 1e9 (the sequential test's h)
  double stable_load = 0.7;  // the load at which that holds, as a share of the capacity
  Nanos settle = std::chrono::milliseconds(100);   // in which the queue returns to T while alarmed
  std::uint32_t least_queue = 4;                   // requests: T is never fewer
  Nanos longest = std::chrono::milliseconds(500);  // K is never more than this wait
  bool under_way = true;                           // believe what an Ask says of earlier calls

  template <class Fields, class Self>
  static void fields(Fields& fields, Self& self) {
    fields.number("evidence", self.evidence, 1, 100);
    fields.number("stable_load", self.stable_load, 0.1, 0.99);
    fields.duration("settle", self.settle, std::chrono::milliseconds(1), std::chrono::minutes(1));
    fields.count("least_queue", self.least_queue, 1, 100'000);
    fields.duration("longest", self.longest, std::chrono::milliseconds(1), std::chrono::minutes(1));
    fields.flag("under_way", self.under_way);
  }
};

class TideLimiter final : public Limiter {
 public:
  explicit TideLimiter(const TideSettings& settings) : settings_(settings) {}
  Admission admit(Instant now, Ask ask) override;
  void started(Instant now, Nanos queued) override;
  void finished(Instant now, const Finish& finish) override;
  void abandoned(Instant now) override;
  Kind kind() const override { return Kind::level; }
  double limit() const override { return level_; }

  bool alarmed() const { return alarmed_; }
  double alarm_requests() const;   // K
  double target_requests() const;  // T
  double drain_rps() const;        // mu; 0 while unknown
  std::uint32_t queued() const { return queued_; }
  // The share of the arrivals of late that are more important than this one.
  double rank(Ask ask) const;

 private:
  static constexpr int kClasses = kPriorities + 1;  // under way, then by priority

  int class_of(Ask ask) const;
  double cv2() const;
  double arrivals_rps() const;
  void count_arrival(Instant now, Ask ask);
  bool refused(Ask ask);

  TideSettings settings_;
  std::uint32_t queued_ = 0, running_ = 0;
  std::uint32_t workers_ = 0;                       // 0 until a request has waited for one
  double served_ = 0, mean_s_ = 0, square_s2_ = 0;  // decayed moments of the time at a worker
  std::array<double, kClasses> arrived_{};          // decayed counts
  bool seen_ = false;
  Instant first_{}, last_{};  // arrivals
  bool alarmed_ = false;
  double backlog_ = 0;  // requests that would wait if nobody had been refused, up to K
  double level_ = 1;    // the share of the arrivals that was admitted when last asked
};

}  // namespace tidemark::guard
