#include "models/twin/service_time.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

// A fused multiply-add rounds once where two operations round twice: which one the compiler picks must not change a
// run.
#pragma clang fp contract(off)

namespace tidemark::twin {
namespace {

constexpr double kMostNs = 1e15;  // eleven days: a tail that no run sees

double portable_exp(double x) {
  return 1.0 + portable_expm1(x);
}

}  // namespace

double mean_s(const ServiceTime& time) {
  switch (time.kind) {
    case ServiceTime::Kind::mixture: {
      double weight = 0, sum = 0;
      for (const auto& part : time.parts) weight += part.weight, sum += part.weight * part.mean_s;
      return weight > 0 ? sum / weight : 0;
    }
    case ServiceTime::Kind::empirical:
      return time.histogram.mean() * 1e-6;
    default:
      return time.mean_s;
  }
}

QuantileTable::QuantileTable(const ServiceTime& time) : time_(time) {
  if (time_.kind == ServiceTime::Kind::lognormal && (time_.cv <= 0 || time_.mean_s <= 0))
    time_.kind = ServiceTime::Kind::constant;
  if (time_.kind == ServiceTime::Kind::lognormal) {
    const double variance = portable_log(1.0 + time_.cv * time_.cv);
    sigma_ = std::sqrt(variance);
    mu_ = portable_log(time_.mean_s) - variance / 2;
  }
  if (time_.kind == ServiceTime::Kind::empirical) {
    buckets_ = time_.histogram.buckets();
    std::uint64_t sum = 0;
    for (const auto& bucket : buckets_) cumulative_.push_back(sum += bucket.count);
    if (buckets_.empty()) time_.kind = ServiceTime::Kind::constant, time_.mean_s = 0;
  }
  if (time_.kind == ServiceTime::Kind::constant) return;
  for (const bool upper : {false, true}) {
    auto& values = values_[upper];
    values.reserve(kPoints + 2);
    for (std::size_t i = 0; i <= kPoints; ++i) {
      const std::uint64_t first = std::bit_cast<std::uint64_t>(0x1.0p-21) >> (52 - kPointBits);
      values.push_back(exact_ns(std::bit_cast<double>((first + i) << (52 - kPointBits)), upper));
    }
    values.push_back(values.back());
  }
}

double QuantileTable::exact_ns(double tail, bool upper) const {
  double seconds = time_.mean_s;
  if (time_.kind == ServiceTime::Kind::exponential) {
    seconds *= -portable_log(upper ? tail : 1.0 - tail);
  } else if (time_.kind == ServiceTime::Kind::lognormal) {
    const double z = normal_quantile(tail);
    seconds = portable_exp(mu_ + sigma_ * (upper ? -z : z));
  } else if (time_.kind == ServiceTime::Kind::empirical) {
    const double rank = (upper ? 1.0 - tail : tail) * static_cast<double>(cumulative_.back());
    const auto found =
        std::ranges::lower_bound(cumulative_, rank, {}, [](std::uint64_t n) { return static_cast<double>(n); });
    const auto i = std::min(static_cast<std::size_t>(found - cumulative_.begin()), buckets_.size() - 1);
    const auto& bucket = buckets_[i];
    const double before = static_cast<double>(cumulative_[i] - bucket.count);
    const double inside = std::clamp((rank - before) / static_cast<double>(bucket.count), 0.0, 1.0);
    seconds = (static_cast<double>(bucket.low) + inside * static_cast<double>(bucket.high - bucket.low)) * 1e-6;
  }
  return std::min(seconds * 1e9, kMostNs);
}

double QuantileTable::at(double u) const {
  if (values_[0].empty()) return time_.mean_s * 1e9;
  const bool upper = u >= 0.5;
  const double tail = upper ? 1.0 - u : u;
  if (tail < 0x1.0p-21) return exact_ns(tail, upper);
  const auto bits = std::bit_cast<std::uint64_t>(tail);
  constexpr std::uint64_t kInside = (std::uint64_t{1} << (52 - kPointBits)) - 1;
  const std::size_t i = (bits >> (52 - kPointBits)) - (std::bit_cast<std::uint64_t>(0x1.0p-21) >> (52 - kPointBits));
  const double inside = static_cast<double>(bits & kInside) * (1.0 / static_cast<double>(kInside + 1));
  const auto& values = values_[upper];
  return values[i] + inside * (values[i + 1] - values[i]);
}

ServiceTimes::ServiceTimes(const ServiceTime& time, std::uint64_t seed, std::string_view stream)
    : random_(seed, stream) {
  if (time.kind != ServiceTime::Kind::mixture) {
    parts_.emplace_back(time);
    cumulative_.push_back(1);
    return;
  }
  const double weights = std::accumulate(time.parts.begin(), time.parts.end(), 0.0,
                                         [](double sum, const TimePart& part) { return sum + part.weight; });
  double sum = 0;
  for (const auto& part : time.parts) {
    parts_.emplace_back(ServiceTime{.kind = ServiceTime::Kind::lognormal, .mean_s = part.mean_s, .cv = part.cv});
    cumulative_.push_back((sum += part.weight) / weights);
  }
}

void ServiceTimes::refill() {
  for (auto& drawn : drawn_) {
    // The half step keeps it inside (0, 1).
    double u = (static_cast<double>(random_.next() >> 12) + 0.5) * 0x1.0p-52;
    std::size_t part = 0;
    if (parts_.size() > 1) {
      // One number chooses the part, and what is left of it the time.
      while (part + 1 < parts_.size() && u >= cumulative_[part]) ++part;
      const double from = part == 0 ? 0 : cumulative_[part - 1];
      u = std::clamp((u - from) / (cumulative_[part] - from), 0x1.0p-53, 1.0 - 0x1.0p-53);
    }
    drawn = static_cast<std::int64_t>(parts_[part].at(u) + 0.5);
  }
  at_ = 0;
}

void Bits::refill() {
  for (auto& drawn : drawn_) drawn = random_.next();
  at_ = 0;
}

}  // namespace tidemark::twin
