// Finds the highest rate that meets an SLO. A state machine: it is told what a probe showed and says what to probe
// next, or the result; it opens no socket and reads no clock, so tests drive it with simulated systems. One owner.
//
// 1. Rise: the rate grows by `growth` until a probe misses the SLO. Short probes; a breach ends one within 2 s.
// // 2. Narrow: each probe goes where all probes so far say that the limit lies (crossing.h). While that is vague a
// probe is
//    ended as soon as it is decided and extended to twice its length while it is not; later ones lie a little below and
//    above the limit and are measured whole (a probe ended by its own luck would lean to that side), until the interval
//    is as narrow as asked.
// 3. Confirm: a probe at the lower end must not miss the SLO and one at the upper end must not hold it, or the search
//    goes on narrowing with what they showed.
//
// A probe whose run was not valid is never evidence. It is made again, up to `attempts` times; a rate that stays
// generator-limited becomes a ceiling, and where the limit is not found below it the search has no rate to tell.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/core/error.h"
#include "models/capacity/plan.h"
#include "models/search/crossing.h"
#include "models/search/slo_watch.h"

namespace tidemark::search {

struct SearchOptions {
  capacity::Slo slo;
  double min_rate = 10, max_rate = 1e6;  // flows per second; min_rate is where the rise begins
  double growth = 2;                     // of the rise, > 1
  double rise_s = 3;                     // measured seconds of a rising probe
  double probe_s = 24;                   // measured seconds of a probe near the limit
  double precision = 0.04;               // aim: half the 95 % interval over the rate
  double acceptable = 0.15;              // when the time is up: wider than this is no result
  double within_s = 480;                 // seconds of load in all; then the result is what is known
  int attempts = 3;                      // of a probe whose run was not valid
};

struct SearchResult {
  // "found" | "at-least" (held at max_rate) | "below-minimum" (missed at min_rate) | "undecided" |
  // "generator-limited" | "environment-limited"
  std::string kind;
  double rate = 0, low = 0, high = 0;  // found: with its 95 % interval; at-least: rate only; undecided: low and high
  std::string step;                    // whose limit it is
  std::vector<std::string> notes;
};

// found, at-least: 0. below-minimum: 99. undecided: 7. The limited ones: 6.
ExitCode exit_code_of(const SearchResult& result);

class Search {
 public:
  using Next = std::variant<Probe, SearchResult>;
  explicit Search(SearchOptions options);

  Next first();
  Next step(const ProbeOutcome& outcome);  // of the probe that was last asked for

  // So far, each with the interval as it was after it.
  struct Taken {
    ProbeOutcome outcome;
    std::optional<Crossing> crossing;
    bool evidence = true;  // false: its run was not valid, or it was the first and met a cold system
  };
  const std::vector<Taken>& taken() const { return taken_; }

 private:
  enum class Phase { rise, narrow, confirm_low, confirm_high };

  Next after_invalid(const ProbeOutcome& outcome);
  Next after_rise(const ProbeOutcome& outcome);
  Next narrow_or_confirm();
  Next found_or_more();
  Next finish(std::string kind);
  Next time_is_up();
  Next risen_to(double rate);
  Probe near(const std::string& purpose, double rate);
  void find_limit();

  SearchOptions options_;
  Phase phase_ = Phase::rise;
  std::vector<Taken> taken_;
  std::optional<Crossing> limit_;
  std::string step_;           // whose crossing limit_ is
  double highest_passed_ = 0;  // by a rising probe
  double lowest_missed_ = std::numeric_limits<double>::infinity(), first_missed_ = 0;
  double ceiling_ = std::numeric_limits<double>::infinity();  // the generator's
  double spent_s_ = 0;
  int attempts_ = 0, narrowed_ = 0, number_ = 0;
  bool contradicted_ = false, cold_start_excused_ = false;
  std::vector<std::string> notes_;
};

}  // namespace tidemark::search
