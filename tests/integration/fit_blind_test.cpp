// Fit and plan read measurements only. The manifest of a run directory may declare service times; deleting them, or
// lying in them, changes neither the model nor the plan by a byte.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "engine/record/run_files.h"
#include "engine/record/run_reader.h"
#include "engine/record/run_writer.h"
#include "models/capacity/fit.h"
#include "tests/unit/models/chain_simulator.h"

namespace tidemark::capacity {
namespace {

namespace fs = std::filesystem;
using record::RunRecord;

class TempFolder {
 public:
  TempFolder() {
    std::string pattern = (fs::temp_directory_path() / "tidemark-blind-XXXXXX").string();
    if (mkdtemp(pattern.data()) != nullptr) path_ = pattern;
  }
  ~TempFolder() { fs::remove_all(path_); }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

struct Outcome {
  std::string model, plan;
};

Outcome learn(const std::vector<RunRecord>& runs) {
  const auto model = fit(runs);
  if (!model) return {model.error().message(), ""};
  const auto plan = make_plan(*model, {.rate = 560});
  return {to_json(*model).dump(), plan ? to_json(*plan).dump() : plan.error().message()};
}

const std::vector<RunRecord>& calibration() {
  static const auto runs = tidemark::testing::calibrate(tidemark::testing::shop_chain(), "product", 240, 6, 3);
  return runs;
}

// The three ways a manifest can be: as declared, silent, and lying tenfold.
void declare(nlohmann::json& manifest) {
  manifest["topology"] =
      "services:\n  product:\n    nodes: 1\n    workers: 4\n    operations: {get: {mean: 18.5ms, cv: 0.65}}\n";
}
void erase(nlohmann::json& manifest) {
  manifest.erase("topology");
}
void lie(nlohmann::json& manifest) {
  manifest["topology"] =
      "services:\n  product:\n    nodes: 9\n    workers: 400\n    operations: {get: {mean: 2ms, cv: 0.01}}\n";
  manifest["declared"] = {{"product", {{"service_time_ms", 2}, {"workers", 400}}}};
}

TEST(FitIsBlind, ToWhatARecordDeclares) {
  const Outcome as_declared = learn(calibration());
  ASSERT_FALSE(as_declared.plan.empty()) << as_declared.model;
  for (const auto change : {declare, erase, lie}) {
    auto runs = calibration();
    for (auto& run : runs) change(run.manifest);
    const Outcome changed = learn(runs);
    EXPECT_EQ(changed.model, as_declared.model);
    EXPECT_EQ(changed.plan, as_declared.plan);
  }
}

record::StepInterval interval_of(const std::string& step, const RequestBook& requests, const Histogram& response) {
  return {.step = step, .requests = requests, .response = response, .service = response, .lag = Histogram()};
}

// The record as a runner would have written it, with the changed manifest: checksums are those of what is written.
Result<fs::path> write_run(const RunRecord& run, const fs::path& dir, void (*change)(nlohmann::json&)) {
  nlohmann::json manifest = run.manifest;
  manifest.update({{"schema", record::kManifestSchema},
                   {"seed", 1},
                   {"tidemark_version", "test"},
                   {"started_at", "2026-01-01T00:00:00Z"},
                   {"clock", {{"monotonic_ns", 0}, {"wall_ns", 0}}},
                   {"host", {{"name", "test"}, {"cores", 2}, {"kernel", "test"}}},
                   {"steps", {"browse", "buy"}}});
  change(manifest);
  auto writer = record::RunWriter::create(dir, manifest);
  if (!writer) return tl::make_unexpected(writer.error());
  for (const auto& event : run.events) (*writer)->event(event.t_s, event.kind, event.fields);
  for (const auto& sample : run.watermarks) (*writer)->watermark(sample);
  for (const auto& total : run.seconds) {
    record::Interval interval{.start_s = total.start_s, .length_s = 1, .total = interval_of("", {}, total.response)};
    std::vector<record::StepInterval> steps;
    for (const auto& point : run.series) {
      if (point.t_s != total.start_s) continue;
      if (point.step.empty()) {
        interval.flows = point.flows;
      } else {
        steps.push_back(interval_of(point.step, point.requests, Histogram()));
      }
    }
    (*writer)->second(interval, steps);
  }
  for (const auto& window : run.windows) {
    (*writer)->window(window.start_s, window.length_s, {interval_of(window.step, {}, window.response)});
  }
  if (auto finished = (*writer)->finish(*run.stored_summary); !finished) return tl::make_unexpected(finished.error());
  return dir;
}

TEST(FitIsBlind, ToWhatARunDirectoryDeclares) {
  const TempFolder folder;
  ASSERT_FALSE(folder.path().empty());
  std::vector<Outcome> outcomes;
  for (const auto& [name, change] : std::initializer_list<std::pair<const char*, void (*)(nlohmann::json&)>>{
           {"declared", declare}, {"erased", erase}, {"lying", lie}}) {
    std::vector<RunRecord> runs;
    for (const auto& run : calibration()) {
      const auto dir = write_run(run, folder.path() / (name + run.run_id()), change);
      ASSERT_TRUE(dir) << dir.error().message();
      auto read = record::read_run(*dir);
      ASSERT_TRUE(read) << read.error().message();
      ASSERT_FALSE(read->partial) << (read->damage.empty() ? "" : read->damage.front());
      runs.push_back(std::move(*read));
    }
    outcomes.push_back(learn(runs));
  }
  ASSERT_FALSE(outcomes[0].plan.empty()) << outcomes[0].model;
  for (const auto& outcome : outcomes) {
    EXPECT_EQ(outcome.model, outcomes[0].model);
    EXPECT_EQ(outcome.plan, outcomes[0].plan);
  }
  // Nothing was lost on the way through the files either.
  EXPECT_EQ(outcomes[0].plan, learn(calibration()).plan);
}

}  // namespace
}  // namespace tidemark::capacity
