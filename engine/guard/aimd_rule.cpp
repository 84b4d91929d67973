#include "engine/guard/aimd_rule.h"

#include <algorithm>
#include <cmath>

namespace tidemark::guard {

AimdRule::AimdRule(const AimdSettings& settings)
    : settings_(settings), limit_(std::clamp<double>(settings.initial, settings.min, settings.max)) {}

void AimdRule::update(const RttSample& sample) {
  if (sample.dropped || sample.rtt > settings_.timeout) {
    limit_ = std::floor(limit_ * settings_.backoff);
  } else if (sample.in_flight * 2.0 >= limit_) {
    limit_ += 1;
  }
  limit_ = std::max<double>(settings_.min, std::min<double>(settings_.max, limit_));
}

}  // namespace tidemark::guard
