// What the histograms of a run with 200 series hold at most: every copy that the generator and its recorder keep (two
// intervals, the second, the window, the whole run), each of the three clocks filled from 1 us to the time-out.
// usage: histogram_memory [SERIES=200] [TIMEOUT_S=30]     prints the resident set they add
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <vector>

#include "engine/drive/interval_stats.h"

namespace {

double resident_mib() {
  std::ifstream file("/proc/self/statm");
  double total = 0, resident = 0;
  file >> total >> resident;
  return resident * 4096 / 1048576;
}

void fill(tidemark::drive::SeriesStats& series, std::int64_t timeout_us) {
  for (double value = 1; value < static_cast<double>(timeout_us); value *= 1.003) {
    series.response.record(static_cast<std::int64_t>(value));
    series.service.record(static_cast<std::int64_t>(value));
    series.lag.record(static_cast<std::int64_t>(value));
  }
}

}  // namespace

int main(int argc, char** argv) {
  using namespace tidemark::drive;
  const auto series = static_cast<std::size_t>(argc > 1 ? std::atoi(argv[1]) : 200);
  const std::int64_t timeout_us = (argc > 2 ? std::atoi(argv[2]) : 30) * std::int64_t{1'000'000};
  constexpr int kCopies = 5;
  const double before = resident_mib();
  Mailbox mailbox(series, 2, true);  // as the runner makes it for more than 32 series
  std::vector<std::unique_ptr<IntervalStats>> copies;
  for (int i = 0; i < kCopies; ++i) {
    copies.push_back(mailbox.empty());
    for (auto& one : copies.back()->series) fill(one, timeout_us);
    fill(*copies.back()->total, timeout_us);
  }
  const double held = resident_mib() - before;
  std::printf("%zu series, %d copies, three clocks each filled to %lld s: %.1f MiB, limit 64: %s\n", series, kCopies,
              static_cast<long long>(timeout_us / 1'000'000), held, held <= 64 ? "met" : "missed");
  return copies.size() == kCopies ? 0 : 1;
}
