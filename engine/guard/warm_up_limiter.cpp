#include "engine/guard/warm_up_limiter.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tidemark::guard {

WarmUpLimiter::WarmUpLimiter(const WarmUpSettings& settings)
    : count_(settings.rate_rps), cold_factor_(settings.cold_factor) {
  const double factor = cold_factor_;
  const double stored = to_seconds(settings.period) * count_;
  warning_ = std::floor(std::floor(stored) / (factor - 1));
  max_ = warning_ + std::floor(2 * stored / (1 + factor));
  slope_ = (factor - 1) / count_ / (max_ - warning_);
}

double WarmUpLimiter::limit() const {
  if (tokens_ < warning_) return count_;
  return 1 / ((tokens_ - warning_) * slope_ + 1 / count_);
}

void WarmUpLimiter::refill(Instant now) {
  const std::int64_t second = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
  if (second == second_.number) return;
  previous_ = second_;
  second_ = {.number = second};
  const auto passed = static_cast<double>(previous_.number == second - 1 ? previous_.passed : 0);
  // The original starts with no tokens and a last refill in 1970: its first refill fills to the brim.
  const double due = filled_second_ < 0 ? max_ : static_cast<double>(second - filled_second_) * count_;
  const bool idle = passed < std::floor(std::floor(count_) / cold_factor_);
  if (tokens_ < warning_ || (tokens_ > warning_ && idle)) tokens_ = std::min(max_, tokens_ + due);
  tokens_ = std::max(0.0, tokens_ - passed);
  filled_second_ = second;
}

Admission WarmUpLimiter::admit(Instant now, Ask /*ask*/) {
  refill(now);
  std::uint64_t passed = 0;
  passed_.each(now, [&passed](std::uint64_t count) { passed += count; });
  const double allowed = tokens_ < warning_ ? count_ : std::nextafter(limit(), std::numeric_limits<double>::infinity());
  if (static_cast<double>(passed + 1) > allowed) return {.verdict = Admission::Verdict::refused, .start = now};
  ++passed_.at(now);
  ++second_.passed;
  return {.start = now};
}

}  // namespace tidemark::guard
