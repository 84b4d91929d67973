#include "engine/guard/retry.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace tidemark::guard {

using Kind = RetryBudgetSettings::Kind;

RetryBudget::RetryBudget(const RetryBudgetSettings& settings)
    : settings_(settings),
      width_(std::max(settings.window / static_cast<std::int64_t>(kParts), Nanos(1))),
      tokens_(settings.most) {}

void RetryBudget::advance(Instant now) {
  const std::int64_t to = now.time_since_epoch() / width_;
  const std::int64_t steps = std::min(to - number_, static_cast<std::int64_t>(kParts));
  for (std::int64_t i = 1; i <= steps; ++i) parts_[static_cast<std::size_t>((number_ + i) % std::int64_t{kParts})] = 0;
  number_ = std::max(number_, to);
}

void RetryBudget::requested(Instant now) {
  if (settings_.kind != Kind::share) return;
  advance(now);
  parts_[static_cast<std::size_t>(number_ % std::int64_t{kParts})] += settings_.ratio;
}

void RetryBudget::answered(bool failed) {
  if (settings_.kind != Kind::tokens) return;
  tokens_ = std::clamp(tokens_ + (failed ? -1 : settings_.ratio), 0.0, settings_.most);
}

double RetryBudget::left(Instant now) {
  switch (settings_.kind) {
    case Kind::none:
      return std::numeric_limits<double>::infinity();
    case Kind::share:
      advance(now);
      return std::accumulate(parts_.begin(), parts_.end(), settings_.floor_per_second * to_seconds(settings_.window));
    case Kind::tokens:
      return tokens_ - settings_.most / 2;
  }
  return 0;
}

bool RetryBudget::take(Instant now) {
  // gRPC: while the count is at or below half of its most, none. Finagle: while a whole one is left.
  const double available = left(now);
  if (settings_.kind == Kind::tokens) return available > 0;
  if (available < 1 - 1e-9) return false;
  if (settings_.kind == Kind::share) parts_[static_cast<std::size_t>(number_ % std::int64_t{kParts})] -= 1;
  return true;
}

Retry::Retry(const RetrySettings& settings, std::uint64_t seed)
    : settings_(settings), budget_(settings.budget), random_(seed, "guard/retry") {}

Retry::Decision Retry::failed(Instant now, std::uint32_t attempt, bool repeatable, Nanos left, Nanos least) {
  budget_.answered(true);
  if (settings_.idempotent_only && !repeatable) return {Verdict::not_repeatable};
  if (attempt >= settings_.attempts) return {Verdict::attempts_spent};
  const double mean_s =
      std::min(to_seconds(settings_.first) * std::pow(settings_.factor, attempt - 1.0), to_seconds(settings_.most));
  const Nanos wait = from_seconds(mean_s * (1 + settings_.jitter * (2 * random_.uniform() - 1)));
  if (left - wait < least) return {Verdict::too_late};
  if (!budget_.take(now)) return {Verdict::over_budget};
  return {Verdict::again, wait};
}

}  // namespace tidemark::guard
