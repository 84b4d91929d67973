#include "models/twin/think_mean.h"

#include <cmath>

namespace tidemark::twin {

Nanos mean_of(const schedule::ThinkTime& think) {
  using Kind = schedule::ThinkTime::Kind;
  switch (think.kind) {
    case Kind::none:
      return Nanos{};
    case Kind::uniform:
      return (think.low + think.high) / 2;
    case Kind::lognormal:
      return from_seconds(to_seconds(think.low) * std::exp(think.sigma * think.sigma / 2));
    case Kind::constant:
    case Kind::exponential:
    case Kind::normal:
      return think.low;
  }
  return Nanos{};
}

}  // namespace tidemark::twin
