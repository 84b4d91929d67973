// A node's watermark as Prometheus text (exposition format 0.0.4), names prefixed tidemark_. Off the request path.
// Thread-safe: a pure function.
#pragma once

#include <string>

#include "engine/core/watermark.h"

namespace tidemark::observe {

// Extra counters become tidemark_<name>_total, or gauges without the ending when the name ends in "_now".
std::string prometheus_text(const WatermarkSample& sample);

}  // namespace tidemark::observe
