// Two tests that look at one outcome after the other and decide as soon as the outcomes allow it. Pure values.
#pragma once

#include <algorithm>
#include <cmath>

namespace tidemark::guard {

// Page's cumulative sum (E. S. Page 1954; optimal by Lorden 1971, Moustakides 1986) for a share of bad outcomes that
// rises from p0 to p1: S = max(0, S + ln(P1(outcome) / P0(outcome))). With an alarm at S >= h, the mean number of
// outcomes to a false one is at least e^h for every share up to p0 (Wald's inequality, from a start at 0).
class Cusum {
 public:
  // 0 < p0 < p1 < 1.
  Cusum(double p0, double p1) : bad_(std::log(p1 / p0)), good_(std::log((1 - p1) / (1 - p0))) {}

  // Never above `most`, so that it comes down again as soon as outcomes are good.
  void add(bool bad, double most) { sum_ = std::clamp(sum_ + (bad ? bad_ : good_), 0.0, most); }
  // A start above 0 finds at once what has only seemed to be over (fast initial response, Lucas and Crosier 1982).
  void start(double sum) { sum_ = sum; }
  double sum() const { return sum_; }

 private:
  double bad_, good_;
  double sum_ = 0;
};

// Wald's sequential probability ratio test (A. Wald 1945) between a healthy share of bad outcomes and a sick one: the
// decision is wrong with a probability of at most about `miss` for either truth.
class Sprt {
 public:
  enum class Verdict { open, healthy, sick };
  struct Errors {
    double sick_taken_for_healthy, healthy_taken_for_sick;
  };

  // 0 < healthy < sick < 1.
  Sprt(double healthy, double sick, Errors errors)
      : bad_(std::log(healthy / sick)),
        good_(std::log((1 - healthy) / (1 - sick))),
        upper_(std::log((1 - errors.healthy_taken_for_sick) / errors.sick_taken_for_healthy)),
        lower_(std::log(errors.healthy_taken_for_sick / (1 - errors.sick_taken_for_healthy))) {}

  void restart() { sum_ = 0; }
  Verdict add(bool bad) {
    sum_ += bad ? bad_ : good_;
    if (sum_ >= upper_) return Verdict::healthy;
    return sum_ <= lower_ ? Verdict::sick : Verdict::open;
  }

 private:
  double bad_, good_, upper_, lower_;
  double sum_ = 0;
};

}  // namespace tidemark::guard
