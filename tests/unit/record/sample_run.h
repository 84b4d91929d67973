// Small runs with known content, for tests of the record: every second's numbers follow from its index and a seed, so
// that a reader's answer can be held against what was written. Virtual time: nothing waits.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/core/random.h"
#include "engine/record/run_reader.h"
#include "engine/record/run_writer.h"

namespace tidemark::record {

// A directory of its own, in memory where possible, removed at the end.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

nlohmann::json sample_manifest();
const std::vector<std::string>& sample_steps();  // one with a comma and a space, one called "total"

struct Second {
  Interval interval;
  std::vector<StepInterval> steps;
};

// Consecutive seconds whose books balance: in flight at the end of one is carried into the next.
class SampleLoad {
 public:
  explicit SampleLoad(std::uint64_t seed) : random_(seed, "load") {}
  Second next();

 private:
  void fill(StepInterval& step, std::uint64_t& in_flight);

  Random random_;
  int index_ = 0;
  std::uint64_t flows_in_flight_ = 0;
  std::vector<std::uint64_t> in_flight_;
};

// Adds `from` to the histograms of `into`.
void merge_clocks(StepInterval& into, const StepInterval& from);

// Writes and seals one second after the other, a window of each step every `window` seconds, and a watermark, a span
// and an event a second. Returns the summary that the run would store.
Summary write_seconds(RunWriter& writer, int seconds, std::uint64_t seed, int window = 2);

// "" when everything in `part` is a prefix of `whole`, file by file, and a stored summary is whole's; else what is not.
std::string what_is_no_prefix(const RunRecord& part, const RunRecord& whole);

std::string read_file(const std::filesystem::path& path);
void write_file(const std::filesystem::path& path, const std::string& bytes);

}  // namespace tidemark::record
