#include "store_runs.h"

#include <fstream>
#include <iterator>

namespace tidemark::test {

drive::RunOptions StoreRunTest::prepared(const std::string& yaml, Tagged tagged) {
  return options_of(schedule::parse_scenario(yaml, "scenario.yaml", {}), tagged);
}

drive::RunOptions StoreRunTest::prepared_file(const std::filesystem::path& file,
                                              const std::map<std::string, std::string>& overrides, Tagged tagged) {
  return options_of(schedule::load_scenario(file, overrides), tagged);
}

drive::RunOptions StoreRunTest::options_of(Result<schedule::Scenario> scenario, Tagged tagged) {
  drive::RunOptions options;
  if (!scenario) {
    ADD_FAILURE() << scenario.error().message();
    return options;
  }
  options.scenario = std::move(*scenario);
  options.out_dir = folder_ / ("run-" + std::to_string(++runs_));
  options.run_id = kRunId;
  if (tagged == Tagged::yes) options.signer = traffic::TagSigner("0123456789abcdef");
  return options;
}

Summary StoreRunTest::finished(drive::RunOptions options) {
  const std::filesystem::path dir = options.out_dir;
  auto summary = drive::run(std::move(options));
  if (!summary) {
    ADD_FAILURE() << summary.error().message();
    return {};
  }
  expect_sound(*summary, dir);
  for (const auto& [kind, count] : summary->errors) RecordProperty("error", kind + " x" + std::to_string(count));
  return std::move(*summary);
}

Error StoreRunTest::refused(const std::string& yaml, Tagged tagged) {
  auto summary = drive::run(prepared(yaml, tagged));
  if (summary) {
    ADD_FAILURE() << "was not refused";
    return {};
  }
  return std::move(summary.error());
}

bool StoreRunTest::written_anywhere(const std::string& text) const {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_)) {
    if (!entry.is_regular_file() || entry.path().string().find("/run-") == std::string::npos) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string content{std::istreambuf_iterator<char>(file), {}};
    if (content.find(text) != std::string::npos) return true;
  }
  return false;
}

}  // namespace tidemark::test
