// tidemark twin --like RUN: a recorded run simulated from its fitted model, and the differences.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/core/error.h"

namespace tidemark::cli {

struct TwinLikeArguments {
  std::string run;                       // run directory
  std::string model;                     // model.json; empty: fitted from `calibration`, or from the run itself
  std::vector<std::string> calibration;  // run directories
  std::uint64_t seed = 1;
  std::uint32_t replicas = 10;
  bool json = false;
};

// Prints the table or the JSON. 0: every judged difference is within its limit; 99: one is not; else the error's code.
ExitCode twin_like(const TwinLikeArguments& arguments);

}  // namespace tidemark::cli
