// What a run's watermark samples say of each node: highest levels, and when and by what it saturated. One rule for the
// runner (engine/drive), which summarises while it still has the samples, and for the reader, which has them from disk.
// Thread-safe: a pure function.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/core/summary.h"
#include "engine/core/watermark.h"

namespace tidemark::record {

struct NodeSummaries {
  std::map<std::string, NodeSummary> nodes;
  std::string first_saturated;  // "product-1 (workers)": the earliest, by name on a tie; "" when none
};

// Samples in any order; each node's are taken by time, from one sample that was not missed to the next. A node is
// saturated from the start of the first 3 s during which
//   "cpu"      its process used >= 0.9 of a core, or
//   "workers"  its pool was busy for >= 0.9 of its slots' time (a pool without bound never is), or
//   "wait"     requests waited longer in sum than they were served, and at least a tenth of a request was waiting on
//   average.
// On a tie in that order: a busy processor fills the pool, and a full pool makes requests wait, never the reverse. A
// counter that runs backwards (the node was restarted) starts the measurement anew. `refused` counts from the first
// sample on.
NodeSummaries summarise_nodes(std::vector<WatermarkSample> samples);

}  // namespace tidemark::record
