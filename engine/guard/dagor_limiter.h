// DAGOR (Zhou et al., "Overload control for scaling WeChat microservices", SoCC 2018): a node is overloaded when the
// mean queueing time of a window (1 s or 2,000 requests, whichever ends first) is above 20 ms. It admits by a pair of
// business priority B and user priority U, small is important, against a level (B*, U*): B < B*, or B == B* and U <=
// U*. The level moves once a window by counts of what arrived at each pair: overloaded, it falls until what it would
// have admitted is at most (1 - alpha) x admitted; else it rises until that is at least admitted + beta x arrived. B is
// the Ask's priority and U its cohort, the same at every service, so a request whose first call was admitted has its
// second one admitted too. Callers that drop by the level a reply carries are not part of it. One owner.
#pragma once

#include <array>

#include "engine/guard/limiter.h"

namespace tidemark::guard {

struct DagorSettings {
  Nanos target = std::chrono::milliseconds(20);  // mean queueing time
  Nanos window = std::chrono::seconds(1);
  std::uint32_t window_requests = 2000;
  double alpha = 0.05;
  double beta = 0.01;

  template <class Fields, class Self>
  static void fields(Fields& fields, Self& self) {
    fields.duration("target", self.target, std::chrono::microseconds(1), std::chrono::hours(1));
    fields.duration("window", self.window, std::chrono::milliseconds(1), std::chrono::hours(1));
    fields.count("window_requests", self.window_requests, 1, 1'000'000'000);
    fields.number("alpha", self.alpha, 0.0001, 0.9);
    fields.number("beta", self.beta, 0.0001, 0.9);
  }
};

class DagorLimiter final : public Limiter {
 public:
  static constexpr int kUsers = 128;
  static constexpr int kLevels = kPriorities * kUsers;

  explicit DagorLimiter(const DagorSettings& settings) : settings_(settings) {}
  Admission admit(Instant now, Ask ask) override;
  void started(Instant now, Nanos queued) override;
  void finished(Instant /*now*/, const Finish& /*finish*/) override {}
  Kind kind() const override { return Kind::level; }
  double limit() const override { return (level_ + 1.0) / kLevels; }
  // B* x 128 + U*: what is admitted at most.
  int level() const { return level_; }

 private:
  void end_window(Instant now);

  DagorSettings settings_;
  int level_ = kLevels - 1;
  bool begun_ = false;
  Instant window_start_{};
  std::array<std::uint32_t, kLevels> arrived_at_{};
  std::uint64_t arrived_ = 0, admitted_ = 0, started_ = 0;
  double queued_s_ = 0;
};

}  // namespace tidemark::guard
