// The kinds of arrival streams, each a class of its own behind ArrivalStream, and what they share. Internal to
// engine/schedule: make_arrivals is the way in.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/random.h"
#include "engine/schedule/arrivals.h"

namespace tidemark::schedule {

// Flows by weight, from a stream of their own: the times stay the same when a weight changes.
class FlowChoice {
 public:
  // `random`: the name of its stream.
  FlowChoice(const std::vector<Flow>& flows, const Load& load, std::uint64_t seed, std::string_view random);
  std::uint32_t next();

 private:
  Random random_;
  std::vector<double> cumulative_;
  std::vector<std::uint32_t> flows_;  // indices into Scenario::flows
};

struct StreamSource {
  const std::vector<Flow>* flows = nullptr;
  const Load* load = nullptr;
  std::uint64_t seed = 1;
  std::string suffix;  // of the random streams' names: "" for the first load, so that adding one changes no other

  Random times() const { return Random(seed, "arrivals" + suffix); }
  FlowChoice choice() const { return FlowChoice(*flows, *load, seed, "flows" + suffix); }
};

using Stream = std::unique_ptr<ArrivalStream>;

Stream staged_arrivals(const StreamSource& source);
Stream sine_arrivals(const StreamSource& source);
Stream burst_arrivals(const StreamSource& source);
Result<Stream> shaped_arrivals(const StreamSource& source);
Result<Stream> offset_arrivals(const StreamSource& source);
// Several streams as one, in the order of time, equal times in the order of the streams; numbered anew.
Stream merged_arrivals(std::vector<Stream> streams);

// cos(2 pi x) and sin(2 pi x), |x| < 2^52, within 2e-16, from IEEE + - * alone: the C library's differ from version to
// version, and a schedule must not.
double cos_of_turns(double x);
double sin_of_turns(double x);

}  // namespace tidemark::schedule
