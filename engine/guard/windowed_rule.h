// WindowedLimit of Netflix' concurrency-limits (WindowedLimit.java): a rule sees one sample a window, made of the mean
// time, the most requests in flight and whether anything was dropped. A window ends at the first sample after
// `window` (the original's shortest and longest window are one second both) and is skipped with fewer than 10 samples;
// times below 100 us are ignored. One owner.
#pragma once

#include <memory>
#include <utility>

#include "engine/guard/concurrency_rule.h"

namespace tidemark::guard {

class WindowedRule final : public ConcurrencyRule {
 public:
  // `window` > 0 (the original's default: 1 s); `rule` never null.
  WindowedRule(Nanos window, std::unique_ptr<ConcurrencyRule> rule) : window_(window), rule_(std::move(rule)) {}
  void update(const RttSample& sample) override;
  double limit() const override { return rule_->limit(); }

 private:
  struct Window {
    double sum_s = 0;
    std::uint32_t samples = 0, in_flight = 0;
    bool dropped = false;
  };
  Nanos window_;
  std::unique_ptr<ConcurrencyRule> rule_;
  Instant end_ = Instant::min();  // of the current window
  Window current_;
};

}  // namespace tidemark::guard
