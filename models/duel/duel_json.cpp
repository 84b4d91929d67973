#include <nlohmann/json.hpp>

#include "models/duel/duel.h"

namespace tidemark::duel {
namespace {

constexpr std::array<const char*, guard::kPriorities> kPriorityNames = {"core", "normal", "browse", "shadow"};

nlohmann::json to_json(const Estimate& estimate) {
  return {{"mean", estimate.mean}, {"low", estimate.low}, {"high", estimate.high}};
}

nlohmann::json to_json(const Overload& overload) {
  nlohmann::json passed = nlohmann::json::object();
  for (std::size_t p = 0; p < overload.passed.size(); ++p) {
    if (overload.passed[p] >= 0) passed[kPriorityNames[p]] = overload.passed[p];
  }
  return {{"load", overload.load},
          {"share_of_optimum", to_json(overload.share)},
          {"share_of_optimal_value", to_json(overload.value_share)},
          {"first_more", to_json(overload.first_more)},
          {"first_more_value", to_json(overload.first_more_value)},
          {"p50_ms", overload.p50_ms},
          {"p99_ms", overload.p99_ms},
          {"core_p99_ms", overload.core_p99_ms},
          {"passed", passed}};
}

nlohmann::json to_json(const ContenderResult& contender) {
  nlohmann::json overloads = nlohmann::json::array();
  for (const Overload& overload : contender.overloads) overloads.push_back(to_json(overload));
  return {{"name", contender.name},
          {"limiter", guard::to_json(contender.limiter)},
          {"tuning", {{"score", contender.tuning_score}, {"score_of_start", contender.tuning_base}}},
          {"overloads", overloads},
          {"calm",
           {{"ended", contender.calm_ended}, {"refused", contender.calm_refused}, {"failed", contender.calm_failed}}},
          {"step", {{"recovery_ms", contender.recovery_ms}, {"share_per_50ms", contender.step_share}}}};
}

}  // namespace

nlohmann::json to_json(const DuelResult& result) {
  nlohmann::json contenders = nlohmann::json::array();
  for (const ContenderResult& contender : result.contenders) contenders.push_back(to_json(contender));
  return {{"schema", "tidemark-duel/1"},
          {"system", result.system},
          {"capacity_rps", result.capacity_rps},
          {"seeds", result.plan.seeds},
          {"tune", result.plan.tune},
          {"calm_s", to_seconds(result.plan.calm)},
          {"overload_s", to_seconds(result.plan.overload)},
          {"contenders", contenders}};
}

}  // namespace tidemark::duel
