#include "cli/search_table.h"

#include <fmt/format.h>

#include <algorithm>

namespace tidemark::cli {
namespace {

// The step that came nearest to its limit, or went furthest past it.
std::string worst_step(const search::ProbeOutcome& outcome) {
  const auto worst = std::max_element(outcome.steps.begin(), outcome.steps.end(),
                                      [](const auto& a, const auto& b) { return a.second.share() < b.second.share(); });
  if (worst == outcome.steps.end() || worst->second.n <= 0) return "-";
  const auto& share = worst->second;
  return fmt::format("{} {:.2f} % ({:.2f} to {:.2f})", worst->first, share.share() * 100, share.low * 100,
                     share.high * 100);
}

}  // namespace

std::string probe_heading() {
  return fmt::format("{:>3}  {:<8}{:>9}{:>8}  {:<10}  {:<22}  {}", "#", "probe", "flows/s", "lasted", "SLO",
                     "limit so far", "slow requests of the worst step");
}

std::string probe_line(const search::Search::Taken& taken, double allowed) {
  const auto& outcome = taken.outcome;
  std::string limit;
  if (taken.crossing)
    limit = fmt::format("{:.1f} ({:.1f} to {:.1f})", taken.crossing->rate, taken.crossing->low, taken.crossing->high);
  std::string note = worst_step(outcome) + fmt::format(" of {:g} % allowed", allowed * 100);
  if (!outcome.breach.empty()) note = outcome.breach + ": stopped";
  if (outcome.validity != "valid") note = outcome.reasons.empty() ? outcome.validity : outcome.reasons.front();
  return fmt::format("{:>3}  {:<8}{:>9.1f}{:>7.1f}s  {:<10}  {:<22}  {}", outcome.probe.number, outcome.probe.purpose,
                     outcome.probe.rate, outcome.lasted_s, outcome.validity == "valid" ? outcome.verdict : "invalid",
                     limit, note);
}

std::string search_result(const search::SearchResult& result, const std::string& slo) {
  std::string text;
  if (result.kind == "found") {
    text =
        fmt::format("result: {:.1f} flows/s meet {} ({:.1f} to {:.1f}, 95 % interval); step {} is the first to miss it",
                    result.rate, slo, result.low, result.high, result.step.empty() ? "?" : result.step);
  } else if (result.kind == "at-least") {
    text = fmt::format("result: at least {:.1f} flows/s meet {}: it was held at --max", result.rate, slo);
  } else if (result.kind == "below-minimum") {
    text = fmt::format("result: {} is missed at --min already; give a lower one", slo);
  } else if (result.kind == "undecided" && result.high > 0) {
    text = fmt::format("result: undecided, between {:.1f} and {:.1f} flows/s; give it longer (--within)", result.low,
                       result.high);
  } else if (result.kind == "undecided") {
    text = "result: undecided: the time was up before a rate missed the SLO; give it longer (--within)";
  } else if (result.kind == "stopped") {
    text = "result: none, stopped by a signal";
  } else {
    text = fmt::format("result: {}: not the target's limit was found but the measurement's own, so there is no rate",
                       result.kind);
  }
  for (const auto& note : result.notes) text += "\n  note: " + note;
  return text;
}

}  // namespace tidemark::cli
