#include "scenarios/shop/entrance_guards.h"

#include "engine/core/random.h"
#include "engine/core/settings.h"
#include "scenarios/shop/priority.h"

namespace tidemark::shop {
namespace {

nlohmann::json text_of(const guard::BulkheadSettings& settings) {
  SettingsWriter out;
  guard::BulkheadSettings::fields(out, settings);
  return out.take();
}

}  // namespace

EntranceGuards::EntranceGuards(std::uint64_t seed, const std::string& node, NodeCounters& counters)
    : seed_(Random(seed, "limiter/" + node).next()), counters_(counters) {}

void EntranceGuards::configure(const GuardConfig& config) {
  const nlohmann::json limiter = config.limiter ? guard::to_json(*config.limiter) : nlohmann::json();
  if (limiter != limiter_text_) {
    limiter_ = config.limiter ? guard::make_limiter(*config.limiter, seed_) : nullptr;
    limiter_text_ = limiter;
  }
  const nlohmann::json bulkhead = config.shared.bulkhead ? text_of(*config.shared.bulkhead) : nlohmann::json();
  if (bulkhead != bulkhead_text_) {
    bulkhead_ = config.shared.bulkhead ? std::make_shared<guard::Bulkhead>(*config.shared.bulkhead) : nullptr;
    bulkhead_text_ = bulkhead;
  }
}

EntranceGuards::Decision EntranceGuards::admit(Instant now, guard::Ask ask, Pass* pass) {
  Decision decision{nullptr, now};
  if (bulkhead_) {
    pass->group = bulkhead_->group(name_of(ask.priority));
    if (!bulkhead_->enter(pass->group)) decision.refused_by = "bulkhead";
  }
  if (limiter_ && decision.refused_by == nullptr) {
    const auto admission = limiter_->admit(now, ask);
    decision.start = admission.start;
    if (admission.verdict == guard::Admission::Verdict::refused) {
      decision.refused_by = "limiter";
      if (bulkhead_) bulkhead_->leave(pass->group);
    }
  }
  if (decision.refused_by != nullptr) {
    ++*counters_.extra(std::string("refused_by_") + decision.refused_by);
    ++*counters_.extra("refused_" + std::string(name_of(ask.priority)));
    return decision;
  }
  pass->limiter = limiter_;
  pass->bulkhead = bulkhead_;
  pass->admitted = now;
  return decision;
}

void EntranceGuards::started(Pass& pass, Instant now, bool waited) {
  if (waited) pass.queued = now - pass.admitted;  // else exactly 0, which rules tell from a short wait
  if (pass.limiter) pass.limiter->started(now, pass.queued);
}

void EntranceGuards::finished(const Pass& pass, Instant now, bool dropped) {
  if (pass.bulkhead) pass.bulkhead->leave(pass.group);
  if (pass.limiter) {
    pass.limiter->finished(now, {.latency = now - pass.admitted, .queued = pass.queued, .dropped = dropped});
  }
}

void EntranceGuards::abandoned(const Pass& pass, Instant now) {
  if (pass.bulkhead) pass.bulkhead->leave(pass.group);
  if (pass.limiter) pass.limiter->abandoned(now);
}

void EntranceGuards::show() {
  if (limiter_) *counters_.extra("limit_now") = limiter_->limit();
  if (!bulkhead_) return;
  for (int i = 0; i < guard::kPriorities; ++i) {
    const std::string name(name_of(static_cast<guard::Priority>(i)));
    *counters_.extra("inside_" + name + "_now") = bulkhead_->in_use(bulkhead_->group(name));
  }
}

}  // namespace tidemark::shop
