// A degrade plan: what is switched off, in which order, when things get tight, and on again when they are not. Steps
// are ordered: the next is taken only while all before it are on, and they are undone from the last one back, so that
// what hurts least goes first and comes back last, and the plan is in one of n + 1 states that can be named and
// rehearsed.
//
// Each step watches one named signal, with hysteresis in level and in time: it is taken when the signal has been at or
// above `on` for `after`, and undone when it has been at or below `off` for `back`. Between the two nothing changes. At
// most one step a direction is taken at an instant, so that the effect of one is seen before the next. A person may
// hold a step on or off. A decision over `now` and readings; what a step does belongs to whoever asks. One owner.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/units.h"

namespace tidemark::guard {

struct DegradeStep {
  std::string name;        // the feature that goes: "recommendations", "comments", "images"
  std::string signal;      // "busy", "queued_ms", "refused_share", ...: the caller's words
  double on = 0, off = 0;  // off < on
  Nanos after = std::chrono::seconds(2);
  Nanos back = std::chrono::seconds(10);

  template <class Fields, class Self>
  static void fields(Fields& fields, Self& self) {
    using namespace std::chrono;
    fields.text("name", self.name);
    fields.text("signal", self.signal);
    fields.number("on", self.on, -1e12, 1e12);
    fields.number("off", self.off, -1e12, 1e12);
    fields.duration("after", self.after, Nanos{}, hours(1));
    fields.duration("back", self.back, Nanos{}, hours(1));
  }
};

struct DegradeSettings {
  std::vector<DegradeStep> steps;

  template <class Fields, class Self>
  static void fields(Fields& fields, Self& self) {
    fields.list("steps", self.steps, 64, [](auto& in, auto& step) { DegradeStep::fields(in, step); });
  }
};

class DegradePlan {
 public:
  struct Change {
    std::size_t step;
    bool taken;  // else undone
  };
  enum class Hold : std::uint8_t { automatic, on, off };

  explicit DegradePlan(DegradeSettings settings);

  // Readings of now; a signal that is missing has not changed anything: its step stays as it is and its times begin
  // anew. The changes, in the order in which they are to be made.
  std::vector<Change> update(Instant now, const std::map<std::string, double>& signals);
  // By hand: the step is taken or undone at the next update, whatever the signals and its neighbours.
  // False: no such step.
  bool hold(std::string_view name, Hold hold);

  bool taken(std::size_t step) const { return steps_[step].taken; }
  bool taken(std::string_view name) const;  // false for a name that is none
  std::size_t size() const { return steps_.size(); }
  const DegradeStep& step(std::size_t index) const { return steps_[index].rule; }

 private:
  struct Step {
    DegradeStep rule;
    bool taken = false;
    Hold hold = Hold::automatic;
    std::optional<Instant> high_since, low_since;
  };
  void watch(Instant now, const std::map<std::string, double>& signals);

  std::vector<Step> steps_;
};

}  // namespace tidemark::guard
