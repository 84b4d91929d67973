// Tide, our own limiter: the wait that an arrival is about to meet decides, at the arrival. Nothing is learnt from how
// long answers take, so there is no floor that could drift: without a queue nobody is refused. docs/guards.md derives
// the rule. In short, with q the requests admitted and not yet at a worker, c the workers, s and v the mean and the
// squared coefficient of variation of the time at a worker:
//   drain rate    mu = c / s                          wait of an arrival (Little)   q / mu
//   alarm         K  = h (1 + v) / (2 (1 - load))     below load `stable_load`, q reaches K once in about e^h arrivals
//   calm          everybody is admitted while q < K; reaching K is the alarm
//   alarmed       each has a line of its own: shadow stops first, then browse, then normal; core waits up to K; within
//                 a priority high cohorts stop first, so the same users are refused at every call; what this service
//                 has already worked for is not refused before core
//   calm again    when the queue that would stand if nobody had been refused (up to K of it) has drained
// It needs started() to be told. A node that shares its processor among everything it lets in has no queue, and tide
// sees nothing there. Not thread-safe: one owner.
#pragma once

#include "engine/guard/limiter.h"

namespace tidemark::guard {

struct TideSettings {
  double evidence = 20.7;    // h: a false alarm once in about e^h arrivals, 1 in 1e9 (the sequential test's h)
  double stable_load = 0.7;  // the load at which that holds, as a share of the capacity
  Nanos target = std::chrono::milliseconds(20);    // wait up to which browse traffic is let in while alarmed
  std::uint32_t least_queue = 16;                  // requests: the target is never fewer, or workers would run dry
  Nanos longest = std::chrono::milliseconds(500);  // K is never more than this wait
  bool under_way = true;                           // believe what an Ask says of earlier calls

  template <class Fields, class Self>
  static void fields(Fields& fields, Self& self) {
    fields.number("evidence", self.evidence, 1, 100);
    fields.number("stable_load", self.stable_load, 0.1, 0.99);
    fields.duration("target", self.target, std::chrono::microseconds(1), std::chrono::minutes(1));
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
  double limit() const override { return share_; }

  bool alarmed() const { return alarmed_; }
  double alarm_requests() const;  // K
  double drain_rps() const;       // mu; 0 while unknown
  std::uint32_t queued() const { return queued_; }
  // Requests that may be queued before this one is refused, while alarmed.
  double line_requests(Ask ask) const;

 private:
  void drain_backlog(Instant now);

  TideSettings settings_;
  std::uint32_t queued_ = 0, running_ = 0;
  std::uint32_t workers_ = 0;                       // 0 until a request has waited for one
  double served_ = 0, mean_s_ = 0, square_s2_ = 0;  // decayed moments of the time at a worker
  bool alarmed_ = false;
  double backlog_ = 0;  // requests that would wait if nobody had been refused, up to K
  Instant backlog_at_{};
  double share_ = 1;  // of the last arrivals admitted, decayed
};

}  // namespace tidemark::guard
