#include "cli/console.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <iterator>
#include <thread>

namespace tidemark::cli {

std::string verification_line(const capacity::StepVerification& step) {
  const std::string measured = fmt::format("measured {:.1f} ms ({:.1f} to {:.1f})", step.measured_us.value / 1000,
                                           step.measured_us.low / 1000, step.measured_us.high / 1000);
  if (!std::isfinite(step.predicted_us)) {
    return fmt::format("{:<10} predicted beyond capacity, {}: SLO {}", step.step, measured, step.slo);
  }
  return fmt::format("{:<10} predicted {:.1f} ms, {}, error {:+.0f} %: SLO {}", step.step, step.predicted_us / 1000,
                     measured, step.error * 100, step.slo);
}

Result<nlohmann::json> read_json_file(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return fail(ExitCode::usage, file.string(), "cannot be read", "check the path");
  const std::string text((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  auto json = nlohmann::json::parse(text, nullptr, false);
  if (json.is_discarded()) return fail(ExitCode::usage, file.string(), "is not valid JSON");
  return json;
}

Result<void> write_json_file(const std::filesystem::path& file, const nlohmann::json& json) {
  std::ofstream stream(file, std::ios::binary | std::ios::trunc);
  stream << json.dump(2) << '\n';
  stream.flush();
  if (!stream) return fail(ExitCode::partial_record, file.string(), "cannot be written");
  return {};
}

std::filesystem::path stamped_dir(const std::string& prefix) {
  return std::filesystem::path("runs") / fmt::format("{}-{:%Y%m%d-%H%M%S}", prefix, fmt::gmtime(std::time(nullptr)));
}

Cores split_cores() {
  if (std::thread::hardware_concurrency() < 2) return {};
  return {.generator = 0, .stack = 1};
}

}  // namespace tidemark::cli
