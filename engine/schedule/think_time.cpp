#include "engine/schedule/think_time.h"

#include <algorithm>
#include <cmath>

namespace tidemark::schedule {
namespace {

constexpr double kMostExponent = 700;  // e^700 is finite, and beyond every pause

double drawn_nanos(const ThinkTime& think, Random& random) {
  const auto low = static_cast<double>(think.low.count());
  const auto high = static_cast<double>(think.high.count());
  switch (think.kind) {
    case ThinkTime::Kind::none:
    case ThinkTime::Kind::constant:
      return low;
    case ThinkTime::Kind::uniform:
      return low + random.uniform() * (high - low);
    case ThinkTime::Kind::exponential:
      return random.exponential(low);
    case ThinkTime::Kind::normal:
      return low + high * random.normal();
    case ThinkTime::Kind::lognormal:
      return low * (1 + portable_expm1(std::clamp(think.sigma * random.normal(), -kMostExponent, kMostExponent)));
  }
  return 0;
}

}  // namespace

Nanos sample(const ThinkTime& think, Random& random) {
  if (think.kind == ThinkTime::Kind::none) return Nanos{};
  if (think.kind == ThinkTime::Kind::constant) return think.low;
  const double nanos = std::floor(drawn_nanos(think, random) + 0.5);
  return Nanos{static_cast<std::int64_t>(std::clamp(nanos, 0.0, static_cast<double>(ThinkTime::kLongest.count())))};
}

}  // namespace tidemark::schedule
