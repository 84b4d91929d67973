#include "engine/guard/degrade_plan.h"

#include <algorithm>

namespace tidemark::guard {

DegradePlan::DegradePlan(DegradeSettings settings) {
  for (DegradeStep& step : settings.steps) steps_.push_back({.rule = std::move(step)});
}

void DegradePlan::watch(Instant now, const std::map<std::string, double>& signals) {
  const auto since = [now](std::optional<Instant>& start, bool holds) {
    if (!holds) {
      start.reset();
    } else if (!start) {
      start = now;
    }
  };
  for (Step& step : steps_) {
    const auto signal = signals.find(step.rule.signal);
    since(step.high_since, signal != signals.end() && signal->second >= step.rule.on);
    since(step.low_since, signal != signals.end() && signal->second <= step.rule.off);
  }
}

std::vector<DegradePlan::Change> DegradePlan::update(Instant now, const std::map<std::string, double>& signals) {
  watch(now, signals);
  std::vector<Change> changes;
  const auto change = [&](std::size_t index, bool taken) {
    Step& step = steps_[index];
    step.taken = taken;
    step.high_since.reset();
    step.low_since.reset();
    changes.push_back({index, taken});
  };
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    const Hold hold = steps_[i].hold;
    if (hold != Hold::automatic && steps_[i].taken != (hold == Hold::on)) change(i, hold == Hold::on);
  }
  // The last step that is on, and the first that is off, of those that nobody holds.
  const auto automatic = [&](std::size_t i) { return steps_[i].hold == Hold::automatic; };
  for (std::size_t i = steps_.size(); i-- > 0;) {
    if (!automatic(i) || !steps_[i].taken) continue;
    const auto& low = steps_[i].low_since;
    if (low && now - *low >= steps_[i].rule.back) {
      change(i, false);
      return changes;
    }
    break;
  }
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    if (!automatic(i) || steps_[i].taken) continue;
    const auto& high = steps_[i].high_since;
    if (high && now - *high >= steps_[i].rule.after) {
      change(i, true);
      // The next one's time begins now: it is to see what this one does.
      for (std::size_t k = i + 1; k < steps_.size(); ++k) steps_[k].high_since.reset();
    }
    break;
  }
  return changes;
}

bool DegradePlan::hold(std::string_view name, Hold hold) {
  const auto found = std::ranges::find_if(steps_, [&](const Step& step) { return step.rule.name == name; });
  if (found == steps_.end()) return false;
  found->hold = hold;
  return true;
}

bool DegradePlan::taken(std::string_view name) const {
  return std::ranges::any_of(steps_, [&](const Step& step) { return step.rule.name == name && step.taken; });
}

}  // namespace tidemark::guard
