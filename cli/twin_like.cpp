#include "cli/twin_like.h"

#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/console.h"
#include "engine/record/run_reader.h"
#include "models/capacity/fit.h"
#include "models/twin/like.h"

namespace tidemark::cli {
namespace {

Result<capacity::CapacityModel> read_model(const std::string& file) {
  const auto json = read_json_file(file);
  if (!json) return tl::make_unexpected(json.error());
  return capacity::parse_model(*json, file);
}

Result<capacity::CapacityModel> model_for(const TwinLikeArguments& arguments) {
  if (!arguments.model.empty()) return read_model(arguments.model);
  std::vector<record::RunRecord> runs;
  const std::vector<std::string> own = {arguments.run};
  for (const std::string& dir : arguments.calibration.empty() ? own : arguments.calibration) {
    auto run = record::read_run(dir);
    if (!run) return tl::make_unexpected(run.error());
    runs.push_back(std::move(*run));
  }
  return capacity::fit(runs);
}

void print_row(const std::string& step, const char* what, const twin::Compared& compared, double scale,
               const std::string& further = "") {
  const std::string difference =
      fmt::format("{:+.1f} % (limit {:.0f} %)", compared.difference * 100, compared.limit * 100);
  std::printf("%-12s %-14s %12.2f %12.2f %22s  %s%s\n", step.c_str(), what, compared.live / scale,
              compared.twin / scale, difference.c_str(), compared.verdict.c_str(), further.c_str());
}

void print(const twin::LikeResult& result) {
  std::printf("%-12s %-14s %12s %12s %22s  %s\n", "step", "", "live", "twin", "difference", "verdict");
  for (const auto& step : result.steps) {
    print_row(step.step, "rate /s", step.rate, 1);
    print_row("", "goodput /s", step.goodput, 1);
    print_row("", "not served /s", step.refused, 1);
    print_row("", "p50 ms", step.p50_us, 1000);
    print_row("", "p99 ms", step.p99_us, 1000,
              fmt::format(" (live {:.1f} to {:.1f})", step.p99_low_us / 1000, step.p99_high_us / 1000));
  }
  if (result.past_knee) std::printf("past the knee: quantiles are shown, not judged\n");
  for (const auto& note : result.notes) std::printf("note: %s\n", note.c_str());
  std::printf("%s: %u simulations of run %s\n", result.holds() ? "pass" : "fail", result.replicas,
              result.run_id.c_str());
}

}  // namespace

ExitCode twin_like(const TwinLikeArguments& arguments) {
  const auto run = record::read_run(arguments.run);
  if (!run) return print_error(run.error());
  const auto model = model_for(arguments);
  if (!model) return print_error(model.error());
  const auto result = twin::simulate_like(*run, *model, {.seed = arguments.seed, .replicas = arguments.replicas});
  if (!result) return print_error(result.error());
  if (arguments.json) {
    std::printf("%s\n", twin::to_json(*result).dump(2).c_str());
  } else {
    print(*result);
  }
  return result->holds() ? ExitCode::pass : ExitCode::gate_failed;
}

}  // namespace tidemark::cli
