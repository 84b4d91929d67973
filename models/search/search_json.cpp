#include <nlohmann/json.hpp>

#include "models/search/search_json.h"

namespace tidemark::search {
namespace {

nlohmann::json to_json(const SlowShare& share) {
  return {{"requests", share.n}, {"slow", share.slow}, {"share", share.share()},
          {"low", share.low},    {"high", share.high}, {"inflation", share.inflation}};
}

nlohmann::json to_json(const Search::Taken& taken) {
  const ProbeOutcome& outcome = taken.outcome;
  nlohmann::json json = {
      {"number", outcome.probe.number},      {"purpose", outcome.probe.purpose}, {"rate", outcome.probe.rate},
      {"arrived_rate", outcome.rate},        {"measured_s", outcome.measured_s}, {"lasted_s", outcome.lasted_s},
      {"verdict", outcome.verdict},          {"breach", outcome.breach},         {"validity", outcome.validity},
      {"validity_reasons", outcome.reasons}, {"evidence", taken.evidence},       {"dir", outcome.dir},
      {"steps", nlohmann::json::object()}};
  for (const auto& [name, share] : outcome.steps) json["steps"][name] = to_json(share);
  if (taken.crossing) {
    json["limit_so_far"] = {
        {"rate", taken.crossing->rate}, {"low", taken.crossing->low}, {"high", taken.crossing->high}};
  }
  return json;
}

}  // namespace

nlohmann::json to_json(const SearchOptions& options, const std::string& slo, const std::vector<Search::Taken>& taken,
                       const SearchResult& result) {
  nlohmann::json json = {{"schema", "tidemark.search/1"},
                         {"slo", slo},
                         {"result", result.kind},
                         {"exit_code", static_cast<int>(exit_code_of(result))},
                         {"step", result.step},
                         {"notes", result.notes},
                         {"options",
                          {{"min_rate", options.min_rate},
                           {"max_rate", options.max_rate},
                           {"growth", options.growth},
                           {"probe_s", options.probe_s},
                           {"precision", options.precision},
                           {"within_s", options.within_s}}},
                         {"probes", nlohmann::json::array()}};
  // A number that is not one is left out: an invalid or undecided search has no "rate" to be read by mistake.
  if (result.rate > 0) json["rate"] = result.rate;
  if (result.high > 0) json["low"] = result.low;
  if (result.high > 0) json["high"] = result.high;
  double lasted_s = 0;
  for (const auto& one : taken) {
    json["probes"].push_back(to_json(one));
    lasted_s += one.outcome.lasted_s;
  }
  json["load_s"] = lasted_s;
  return json;
}

}  // namespace tidemark::search
