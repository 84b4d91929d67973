// Waits until the nodes of a chain have nothing left to do, so that one probe's queue is not the next one's start.
// Blocking; not on a worker.
#pragma once

#include <atomic>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/units.h"
#include "engine/observe/scraper.h"

namespace tidemark::search {

// Asks every node's GET /watermark until all of them said in one round that nothing waits and at most one request is
// being served (a registry's heartbeat may be). Exit 4 when one does not answer, or is still busy at the deadline, by
// its name. Ends early, without error, when `stop_signal` is set.
Result<void> wait_until_idle(const std::vector<observe::ScrapeTarget>& nodes, Nanos at_most,
                             const std::atomic<int>* stop_signal);

}  // namespace tidemark::search
