// When flows arrive: a stream of planned starts, exact and repeatable by seed. The whole schedule is a function of the
// load and the seed; nothing here knows the clock. Not thread-safe: one owner.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/units.h"
#include "engine/schedule/scenario.h"
#include "engine/schedule/text_table.h"

namespace tidemark::schedule {

struct Arrival {
  Nanos offset{};            // since the run's start, never decreasing
  std::uint32_t flow = 0;    // index into Scenario::flows
  std::uint64_t number = 0;  // 0, 1, 2, ...
};

// Agent `index` of `count`: it sends what is its own of the one schedule, so that all of them together send exactly
// that. Arrivals by their number, virtual users by theirs.
struct Partition {
  std::uint32_t index = 0, count = 1;  // index < count
  bool owns(std::uint64_t number) const { return number % count == index; }
};

class ArrivalStream {
 public:
  virtual ~ArrivalStream() = default;
  virtual std::optional<Arrival> next() = 0;
  // The exact number of arrivals where it is known before drawing (even arrivals, shapes, replay); else the
  // expectation.
  virtual double expected_count() const = 0;
  // How many of them are planned before `offset`, on average: the integral of the rate.
  virtual double expected_before(Nanos offset) const = 0;
  // Load-stage boundaries, ascending, first 0, last the end: series windows are cut there. `rate` is the planned mean.
  struct StageMark {
    Nanos start{}, end{};
    Rate rate;
  };
  virtual std::vector<StageMark> stages() const = 0;
  // What was mended in a shape or a log while reading it, one line each for a person: rows sorted, gaps filled, lines
  // skipped.
  virtual std::vector<std::string> notes() const { return {}; }
};

// even: the k-th arrival is where the integral of the rate reaches k + 1/2 (fractions carry across stages).
// poisson: unit-exponential gaps mapped through the inverse of the same integral. Shapes: each bin of the file gets
// round(count x scale) arrivals with the rounding error carried along, so that planned = integral +- 1 per bin; inside
// a bin they are evenly spaced, or, with poisson, uniformly drawn (a Poisson process given its count).
// Bursts, recorded offsets and a sine: docs/scenario.md. Several open loads are one stream, in the order of time.
Result<std::unique_ptr<ArrivalStream>> make_arrivals(const Scenario& scenario, std::uint64_t seed,
                                                     Partition partition = {});

// A stream's share for one agent; `ordered`'s arrivals before an offset.
std::unique_ptr<ArrivalStream> partitioned(std::unique_ptr<ArrivalStream> whole, Partition partition);
std::size_t arrivals_before(const std::vector<Arrival>& ordered, Nanos offset);

// A combined-format access log as a scenario: one flow per distinct (method, path) up to 1,000, the rest share "other";
// offsets from the recorded times. Malformed lines are counted and the first ten located.
struct LogReplay {
  Scenario scenario;
  std::vector<Arrival> arrivals;
  TextTable targets;  // per arrival: the request target as recorded
  std::uint64_t malformed = 0, skipped_methods = 0, reordered = 0;
  std::vector<std::string> first_malformed;
};
// The log's arrivals are moved out of it.
std::unique_ptr<ArrivalStream> replayed(LogReplay& log);
Result<LogReplay> load_access_log(const std::filesystem::path& file, double speed);

}  // namespace tidemark::schedule
