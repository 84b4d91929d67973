#include "models/twin/run_directory.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "engine/record/run_reader.h"
#include "models/capacity/fit.h"
#include "models/twin/from_model.h"
#include "tests/unit/twin/twin_systems.h"

namespace tidemark::twin {
namespace {

using std::chrono::seconds;

// A directory of its own for each test, gone at its end.
class TwinRun : public testing::Test {
 protected:
  void SetUp() override {
    dir_ = std::filesystem::temp_directory_path() /
           ("twin-" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()) + "-" +
            std::to_string(::getpid()));
    std::filesystem::remove_all(dir_);
  }
  void TearDown() override { std::filesystem::remove_all(dir_); }
  std::filesystem::path dir_;
};

System small_shop() {
  System system =
      chain({one_operation("gateway", lognormal(0.0005, 0.5), 200), one_operation("product", lognormal(0.02, 0.6), 4)});
  system.flows[0].name = "browse";
  system.flows[0].steps[0].name = "browse";
  system.services[1].queue_limit = 1000;
  return system;
}

Summary record(const System& system, const std::vector<LoadStage>& stages, const std::filesystem::path& out,
               const std::string& kind = "run") {
  const auto arrivals = arrivals_for(system, stages, 3);
  const auto summary =
      record_run(system, {.simulation = {.seed = 3, .window = {}}, .out = out, .kind = kind}, *arrivals);
  EXPECT_TRUE(summary) << summary.error().message();
  return summary ? *summary : Summary{};
}

std::map<std::string, std::string> bytes_of(const std::filesystem::path& dir) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(dir)) {
    std::ifstream in(entry.path(), std::ios::binary);
    files[entry.path().filename()] = {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }
  return files;
}

TEST_F(TwinRun, IsAWholeRecordWhoseBooksBalance) {
  const Summary summary = record(small_shop(), {{100, seconds(10)}, {250, from_seconds(12.5)}}, dir_);
  EXPECT_TRUE(summary.flows.balances());
  EXPECT_TRUE(summary.requests.balances());
  const auto run = record::read_run(dir_);
  ASSERT_TRUE(run) << run.error().message();
  EXPECT_TRUE(run->damage.empty());
  EXPECT_FALSE(run->partial);
  ASSERT_TRUE(run->stored_summary);
  EXPECT_EQ(run->stored_summary->requests.started, summary.requests.started);
  EXPECT_EQ(summary.validity, "valid");
  EXPECT_EQ(summary.first_saturated, "product-1 (workers)");
  std::uint64_t started = 0, in_seconds = 0, in_windows = 0;
  for (const auto& point : run->series) started += point.step.empty() ? point.requests.started : 0;
  for (const auto& second : run->seconds) in_seconds += second.response.total();
  for (const auto& window : run->windows) in_windows += window.response.total();
  EXPECT_EQ(started, summary.requests.started);
  EXPECT_EQ(in_seconds, summary.clocks.response_us.count);
  EXPECT_EQ(in_windows, summary.clocks.response_us.count);
  int stages = 0;
  for (const auto& event : run->events) stages += event.kind == "stage";
  EXPECT_EQ(stages, 2);
  for (const auto& window : run->windows) {
    EXPECT_FALSE(window.start_s < 10 && window.start_s + window.length_s > 10) << "no window mixes two rates";
  }
}

TEST_F(TwinRun, EqualInputsGiveEqualBytes) {
  record(small_shop(), {{150, seconds(5)}}, dir_ / "a");
  record(small_shop(), {{150, seconds(5)}}, dir_ / "b");
  EXPECT_EQ(bytes_of(dir_ / "a"), bytes_of(dir_ / "b"));
  EXPECT_GE(bytes_of(dir_ / "a").size(), 6U);
}

// A fit to a simulated calibration finds what was simulated, and the system made from that fit behaves like it.
TEST_F(TwinRun, AFitFindsWhatWasSimulatedAndTheFittedSystemBehavesAlike) {
  const System system = small_shop();
  std::vector<LoadStage> stages;
  for (const double rate : {40.0, 70.0, 100.0, 125.0, 145.0, 165.0, 180.0}) stages.push_back({rate, seconds(60)});
  record(system, stages, dir_ / "calibration", "calibration");
  const auto run = record::read_run(dir_ / "calibration");
  ASSERT_TRUE(run);
  const auto model = capacity::fit({*run});
  ASSERT_TRUE(model) << model.error().message();
  const auto& product = model->services.at("product");
  EXPECT_NEAR(product.hold_s.value, 0.02, 0.0005);
  EXPECT_NEAR(product.hold_cv, 0.6, 0.15);
  EXPECT_NEAR(product.capacity_per_node.value, 200, 8);

  const System fitted = system_of(*model, {{"product", 1}});
  ASSERT_TRUE(check_system(fitted)) << check_system(fitted).error().message();
  record(fitted, {{150, seconds(300)}}, dir_ / "fitted");
  const Summary measured = record(system, {{150, seconds(300)}}, dir_ / "measured");
  const auto again = record::read_run(dir_ / "fitted");
  ASSERT_TRUE(again);
  const Summary& simulated = *again->stored_summary;
  EXPECT_NEAR(simulated.achieved_rate, measured.achieved_rate, 0.03 * measured.achieved_rate);
  EXPECT_NEAR(simulated.clocks.response_us.p50, measured.clocks.response_us.p50,
              0.10 * measured.clocks.response_us.p50);
  EXPECT_NEAR(simulated.clocks.response_us.p99, measured.clocks.response_us.p99,
              0.15 * measured.clocks.response_us.p99);
  for (const auto& sample : again->watermarks) EXPECT_NE(sample.service, "base") << "it is nobody's node";
}

TEST_F(TwinRun, ADirectoryThatHoldsARunIsRefused) {
  record(small_shop(), {{50, seconds(1)}}, dir_);
  const auto arrivals = arrivals_for(small_shop(), {{50, seconds(1)}});
  const auto again = record_run(small_shop(), {.out = dir_}, *arrivals);
  ASSERT_FALSE(again);
}

}  // namespace
}  // namespace tidemark::twin
