#include "models/search/slow_share.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace tidemark::search {
namespace {

constexpr std::size_t kLags = 4;
constexpr double kPriorSeconds = 10;
constexpr double kFewForHeld = 4;  // times 1 / allowed

double inflation_of(std::span<const SlowSecond> seconds, double n, double slow) {
  const double share = n > 0 ? slow / n : 0;
  const auto count = static_cast<double>(seconds.size());
  if (share <= 0 || share >= 1 || seconds.size() < 3 * kLags) return kUsualInflation;
  double variance = 0;
  for (std::size_t lag = 0; lag <= kLags; ++lag) {
    double sum = 0;
    for (std::size_t i = 0; i + lag < seconds.size(); ++i) {
      sum += (seconds[i].slow - share * seconds[i].n) * (seconds[i + lag].slow - share * seconds[i + lag].n);
    }
    variance += (lag == 0 ? 1.0 : 2.0 * (1 - static_cast<double>(lag) / (kLags + 1))) * sum;
  }
  const double unbiased = variance / (1 - (kLags + 1) / count);
  const double seen = std::max(1.0, unbiased / (n * share * (1 - share)));
  return (seen * count + kUsualInflation * kPriorSeconds) / (count + kPriorSeconds);
}

}  // namespace

SlowShare slow_share(std::span<const SlowSecond> seconds, double z) {
  SlowShare result;
  for (const auto& second : seconds) {
    result.n += second.n;
    result.slow += second.slow;
  }
  result.seconds = static_cast<double>(seconds.size());
  result.inflation = inflation_of(seconds, result.n, result.slow);
  const double n = result.n / result.inflation;
  if (n <= 0) return result;
  const double p = result.share(), z2 = z * z;
  const double centre = (p + z2 / (2 * n)) / (1 + z2 / n);
  const double half = z / (1 + z2 / n) * std::sqrt(p * (1 - p) / n + z2 / (4 * n * n));
  result.low = std::max(0.0, centre - half);
  result.high = std::min(1.0, centre + half);
  return result;
}

std::string verdict_on(const SlowShare& share, double allowed) {
  if (share.low > allowed) return "missed";
  if (share.high <= allowed) return "held";
  if (share.n < kFewForHeld / allowed && share.share() <= allowed) return "held";
  return "undecided";
}

}  // namespace tidemark::search
