// Levels per service and second, from the nodes' monotone integrals. Thread-safe: pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/core/watermark.h"

namespace tidemark::report {

// One value per whole second of the run, NaN where no node of the service answered. Of several nodes the highest
// counts: a plan fails where its fullest node does.
struct ServiceLevels {
  std::vector<double> busy_share;  // of the pool, 0 to 1 (and a little above where a second was measured late)
  std::vector<double> queued;      // requests
  std::vector<double> cpu;         // cores
};

struct Levels {
  std::vector<double> x;  // seconds since the run's start
  std::map<std::string, ServiceLevels> services;
};
Levels levels_of(const std::vector<WatermarkSample>& samples);

struct Peak {
  double value = 0, t_s = 0;
  bool seen = false;
};
Peak peak_of(const std::vector<double>& x, const std::vector<double>& values);

}  // namespace tidemark::report
