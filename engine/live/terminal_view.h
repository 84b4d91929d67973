// What a person sees of a run while it runs: a frame of lines for a terminal, or one plain line. Pure functions of the
// seconds so far, so that tests hold them to golden text; terminal_output.h puts them on the screen. Not thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/core/progress.h"

namespace tidemark::live {

struct ViewSize {
  int columns = 80, rows = 24;
};

// The latest second and the history that the sparkline needs. A second of another run starts afresh.
class ViewState {
 public:
  void add(const Progress& progress);
  const Progress& latest() const { return latest_; }
  const std::vector<double>& rates() const { return rates_; }  // answered per second, oldest first

 private:
  Progress latest_;
  std::vector<double> rates_;
};

// At most size.rows - 1 lines of at most size.columns - 1 columns (a full last column makes some terminals wrap).
// Rows are given in this order: progress, rate, clocks, books, generator, errors, then half of the rest to nodes,
// the busiest first, and half to steps, the busiest first. `note`: a last line, where not empty.
std::vector<std::string> frame(const ViewState& state, ViewSize size, bool colour, const std::string& note = {});

// "  37/60 s  offered 171/s  answered 170/s  p50 32.1 ms  p99 76.3 ms  lag p99 0.1 ms  in flight 10  failed 0".
std::string plain_line(const Progress& progress);

// Rows of a terminal `columns` wide that lines of these widths take, after the terminal has broken them anew.
int rows_taken(const std::vector<int>& widths, int columns);

}  // namespace tidemark::live
