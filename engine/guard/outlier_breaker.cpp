#include "engine/guard/outlier_breaker.h"

#include <algorithm>

namespace tidemark::guard {

Instant OutlierBreaker::back_at() const {
  const Instant over = ejected_at_ + std::min(settings_.base * ejections_, std::max(settings_.longest, settings_.base));
  if (over <= next_sweep_) return next_sweep_;
  const std::int64_t sweeps = (over - next_sweep_ + settings_.interval - Nanos(1)) / settings_.interval;
  return next_sweep_ + sweeps * settings_.interval;
}

void OutlierBreaker::sweep(Instant now) {
  if (!started_) {
    started_ = true;
    next_sweep_ = now + settings_.interval;
  }
  if (ejected_) {
    const Instant back = back_at();
    if (now < back) return;
    ejected_ = false;
    failures_ = 0;
    next_sweep_ = back + settings_.interval;
  }
  if (now < next_sweep_) return;
  const std::int64_t sweeps = (now - next_sweep_) / settings_.interval + 1;
  next_sweep_ += sweeps * settings_.interval;
  ejections_ -= static_cast<std::uint32_t>(std::min<std::int64_t>(sweeps, ejections_));
}

std::optional<Breaker::Permit> OutlierBreaker::allow(Instant now) {
  sweep(now);
  if (ejected_) return std::nullopt;
  return Permit{};
}

void OutlierBreaker::finished(Instant now, Permit, const Outcome& outcome) {
  sweep(now);
  failures_ = outcome.failed ? failures_ + 1 : 0;
  if (ejected_ || failures_ < settings_.consecutive) return;
  ejected_ = true;
  ejected_at_ = now;
  ++ejections_;
  ++trips_;
}

Breaker::State OutlierBreaker::state(Instant now) const {
  return ejected_ && now < back_at() ? State::open : State::closed;
}

}  // namespace tidemark::guard
