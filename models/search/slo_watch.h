// Watches one probe of a search second by second: counts what broke the SLO, ends the probe as soon as more of it would
// teach nothing, and within two seconds of a breach. A state machine without clock or socket; one owner (the recorder's
// thread while the run lasts, then whoever reads the outcome).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/core/progress.h"
#include "models/capacity/plan.h"
#include "models/search/slow_share.h"

namespace tidemark::search {

struct Probe {
  int number = 0;
  std::string purpose;   // "rise": where is the limit at all? "narrow", "confirm": near it
  double rate = 0;       // flows per second
  double settle_s = 1;   // from the start, not measured: queues reach their usual length
  double measure_s = 3;  // at least
  double longest_s = 3;  // an undecided probe is extended up to this
};

struct ProbeOutcome {
  Probe probe;
  double rate = 0;  // flows per second that arrived while it measured: a schedule of chance is off by a little
  double measured_s = 0, lasted_s = 0;
  std::map<std::string, SlowShare> steps;
  std::string breach;                 // "" or what was broken so clearly that the probe was ended at once
  std::string verdict = "undecided";  // "held" | "missed" | "undecided", by 95 % intervals over all steps
  std::string validity = "valid";     // of the run, as in its summary
  std::vector<std::string> reasons;   // why it is not valid
  std::string dir;                    // the probe's run directory
};

class SloWatch {
 public:
  SloWatch(capacity::Slo slo, Probe probe);

  // Takes the next second of the run (made with slow_us = the SLO's limit). A text that is not empty ends the probe:
  // - a breach: in one second more than half of what the SLO allows to be fast was not (p99: above 50.5 %), or in two
  //   seconds running more than a fifth (20.8 %). Requests under way for longer than the limit count as slow already.
  // - after settle_s + measure_s: a verdict by 99.5 % intervals (wider than the 95 % of the outcome, because it is
  // asked
  //   for each second).
  std::string second(const Progress& progress);
  ProbeOutcome outcome() const;  // validity, reasons and dir are the caller's to fill in

 private:
  struct Step {
    std::vector<SlowSecond> seconds;
    SlowSecond breach;  // the last second, what is overdue included
  };
  std::string breach_in(const Progress& progress);
  std::string verdict(double z) const;

  capacity::Slo slo_;
  Probe probe_;
  std::map<std::string, Step> steps_;
  double arrived_ = 0, measured_s_ = 0, lasted_s_ = 0;
  int bad_seconds_ = 0;
  std::string breach_;
};

}  // namespace tidemark::search
