// Admits while fewer requests are in flight than a ConcurrencyRule allows, and tells the rule how each one ended: the
// SimpleLimiter of Netflix' concurrency-limits. The original notes how many were in flight when a request began; here
// it is how many are when it ends, since nothing is kept per request. Not thread-safe: one owner.
#pragma once

#include <memory>
#include <utility>

#include "engine/guard/concurrency_rule.h"
#include "engine/guard/limiter.h"

namespace tidemark::guard {

class ConcurrencyLimiter final : public Limiter {
 public:
  explicit ConcurrencyLimiter(std::unique_ptr<ConcurrencyRule> rule) : rule_(std::move(rule)) {}  // never null

  Admission admit(Instant now, Ask ask) override;
  void finished(Instant now, const Finish& finish) override;
  Kind kind() const override { return Kind::concurrency; }
  double limit() const override { return rule_->limit(); }
  std::uint32_t in_flight() const { return in_flight_; }

 private:
  std::unique_ptr<ConcurrencyRule> rule_;
  std::uint32_t in_flight_ = 0;
};

}  // namespace tidemark::guard
