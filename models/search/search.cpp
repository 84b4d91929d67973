#include "models/search/search.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

namespace tidemark::search {
namespace {

constexpr double kCoarse = 0.25;            // half-width above which only the middle is probed, and briefly
constexpr double kClosestToCeiling = 1.15;  // generator's ceiling over the highest passed rate: no room to look in
constexpr double kSettle = 2;               // seconds, near the limit: a queue gets its usual length
constexpr std::array kOffsets{0.0, -1.0, 1.0, -1.0};  // of the narrow probes, in steps of:
constexpr double kLeastOffset = 0.02, kMostOffset = 0.08;
constexpr int kFewestNarrow = 5;

bool missed_by(const ProbeOutcome& outcome, const SlowShare& share, double allowed) {
  return share.low > allowed || (!outcome.breach.empty() && share.share() > allowed);
}

}  // namespace

ExitCode exit_code_of(const SearchResult& result) {
  if (result.kind == "found" || result.kind == "at-least") return ExitCode::pass;
  if (result.kind == "below-minimum") return ExitCode::gate_failed;
  return result.kind == "undecided" ? ExitCode::undecided : ExitCode::invalid_measurement;
}

Search::Search(SearchOptions options) : options_(options) {}

Search::Next Search::first() {
  return risen_to(options_.min_rate);
}

Search::Next Search::step(const ProbeOutcome& outcome) {
  spent_s_ += outcome.lasted_s;
  taken_.push_back({.outcome = outcome, .crossing = {}, .evidence = outcome.validity == "valid"});
  if (outcome.validity != "valid") return after_invalid(outcome);
  attempts_ = 0;
  if (outcome.verdict == "missed") lowest_missed_ = std::min(lowest_missed_, outcome.probe.rate);
  if (phase_ == Phase::rise) return after_rise(outcome);
  find_limit();
  taken_.back().crossing = limit_;
  if (spent_s_ + kSettle + options_.probe_s > options_.within_s) return time_is_up();
  if (phase_ == Phase::narrow) return narrow_or_confirm();
  const bool low = phase_ == Phase::confirm_low;
  contradicted_ = contradicted_ || outcome.verdict == (low ? "missed" : "held");
  if (!low) return found_or_more();
  phase_ = Phase::confirm_high;
  return near("confirm", limit_->high);
}

Search::Next Search::after_invalid(const ProbeOutcome& outcome) {
  if (++attempts_ < options_.attempts && spent_s_ < options_.within_s) {
    Probe again = outcome.probe;
    again.number = ++number_;
    return again;
  }
  attempts_ = 0;
  notes_.push_back(fmt::format("{:.1f}/s was {} in every attempt{}", outcome.probe.rate, outcome.validity,
                               outcome.reasons.empty() ? "" : ": " + outcome.reasons.front()));
  if (outcome.validity != "generator-limited") return finish("environment-limited");
  ceiling_ = std::min(ceiling_, outcome.probe.rate);
  const bool room = highest_passed_ > 0 && ceiling_ / highest_passed_ > kClosestToCeiling;
  if (phase_ != Phase::rise || !room || spent_s_ >= options_.within_s) return finish("generator-limited");
  return risen_to(std::sqrt(highest_passed_ * ceiling_));
}

Search::Next Search::after_rise(const ProbeOutcome& outcome) {
  const double rate = outcome.probe.rate;
  if (outcome.verdict == "missed") {
    if (rate <= options_.min_rate) {
      if (cold_start_excused_) return finish("below-minimum");
      cold_start_excused_ = true;  // caches, pools and just-in-time compilers were cold: once more
      lowest_missed_ = std::numeric_limits<double>::infinity();
      taken_.back().evidence = false;
      return risen_to(rate);
    }
    first_missed_ = rate;
    phase_ = Phase::narrow;
    find_limit();
    taken_.back().crossing = limit_;
    return narrow_or_confirm();
  }
  highest_passed_ = std::max(highest_passed_, rate);
  if (rate >= options_.max_rate) {
    if (outcome.probe.purpose != "rise") return finish(outcome.verdict == "held" ? "at-least" : "undecided");
    return near("confirm", options_.max_rate);
  }
  if (spent_s_ >= options_.within_s) return finish("undecided");
  double next = std::min(rate * options_.growth, options_.max_rate);
  if (next >= ceiling_) {
    if (ceiling_ / rate <= kClosestToCeiling) return finish("generator-limited");
    next = std::sqrt(rate * ceiling_);
  }
  return risen_to(next);
}

// The crossing of the step that reaches its limit first. Only steps that have missed the SLO somewhere have a limit to
// be found; the others may never reach it.
void Search::find_limit() {
  const double allowed = 1 - options_.slo.quantile;
  std::set<std::string> steps;
  for (const auto& taken : taken_) {
    if (!taken.evidence) continue;
    for (const auto& [name, share] : taken.outcome.steps) {
      if (missed_by(taken.outcome, share, allowed)) steps.insert(name);
    }
  }
  const double from = lowest_missed_ / (options_.growth * options_.growth), to = first_missed_ * 1.1;
  limit_.reset();
  for (const auto& step : steps) {
    std::vector<CrossingPoint> points;
    double inflation = kUsualInflation * 20, seconds = 20;
    for (const auto& taken : taken_) {
      const auto share = taken.outcome.steps.find(step);
      if (!taken.evidence || share == taken.outcome.steps.end()) continue;
      points.push_back({.rate = taken.outcome.rate,
                        .n = share->second.n,
                        .slow = share->second.slow,
                        .inflation = 1,
                        .breach = !taken.outcome.breach.empty()});
      if (taken.outcome.probe.purpose == "rise" || !taken.outcome.breach.empty()) continue;
      inflation += share->second.inflation * share->second.seconds;
      seconds += share->second.seconds;
    }
    for (auto& point : points) point.inflation = inflation / seconds;  // one for all: a single probe's is a rough guess
    const Crossing crossing = find_crossing(points, allowed, from, to);
    if (limit_ && limit_->rate <= crossing.rate) continue;
    limit_ = crossing;
    step_ = step;
  }
  if (!limit_)
    limit_ = Crossing{.rate = std::sqrt(from * to), .low = from, .high = to};  // a miss spread over all steps
}

Search::Next Search::narrow_or_confirm() {
  phase_ = Phase::narrow;
  const double half = limit_->half_width();
  if (half <= options_.precision && narrowed_ >= kFewestNarrow) {
    phase_ = Phase::confirm_low;
    contradicted_ = false;
    return near("confirm", limit_->low);
  }
  double rate = limit_->rate;
  if (half <= kCoarse) {
    const double offset = std::clamp(half / 2, kLeastOffset, kMostOffset);
    rate *= 1 + offset * kOffsets[static_cast<std::size_t>(narrowed_) % kOffsets.size()];
    ++narrowed_;
  }
  Probe probe = near("narrow", rate);
  if (half > kCoarse) {
    probe.measure_s = options_.probe_s / 4;
    probe.longest_s = options_.probe_s / 2;
  }
  return probe;
}

Search::Next Search::found_or_more() {
  if (contradicted_ || limit_->half_width() > options_.precision) return narrow_or_confirm();
  return finish("found");
}

Search::Next Search::time_is_up() {
  if (limit_->half_width() > options_.acceptable) return finish("undecided");
  if (limit_->half_width() > options_.precision) {
    notes_.push_back("the time was up before the interval was as narrow as asked");
  }
  return finish("found");
}

Search::Next Search::finish(std::string kind) {
  SearchResult result{.kind = std::move(kind), .step = {}, .notes = notes_};
  if (result.kind == "at-least") result.rate = options_.max_rate;
  if (limit_ && (result.kind == "found" || result.kind == "undecided")) {
    if (result.kind == "found") result.rate = limit_->rate;
    result.low = limit_->low;
    result.high = limit_->high;
    result.step = step_;
  }
  return result;
}

Search::Next Search::risen_to(double rate) {
  return Probe{.number = ++number_,
               .purpose = "rise",
               .rate = rate,
               .settle_s = 1,
               .measure_s = options_.rise_s,
               .longest_s = options_.rise_s};
}

Probe Search::near(const std::string& purpose, double rate) {
  return {.number = ++number_,
          .purpose = purpose,
          .rate = std::min(rate, options_.max_rate),
          .settle_s = kSettle,
          .measure_s = options_.probe_s,
          .longest_s = options_.probe_s};
}

}  // namespace tidemark::search
