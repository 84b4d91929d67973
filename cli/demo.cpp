// tidemark demo: the whole loop on the bundled stack. Calibrate, fit, plan, verify, report.
#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <memory>

#include "cli/commands.h"
#include "cli/console.h"
#include "cli/rehearsal_arguments.h"
#include "engine/core/random.h"
#include "engine/record/run_reader.h"
#include "models/capacity/fit.h"
#include "models/capacity/plan.h"
#include "reports/report.h"
#include "scenarios/shop/rehearsal.h"

namespace tidemark::cli {
namespace {

// The demo's sale: a rate drawn by seed, before anything is measured, from what two cores can carry.
constexpr double kLowestRate = 400, kHighestRate = 760;
constexpr std::size_t kReportSpans = 20'000;

struct DemoArguments {
  RehearsalArguments common;
  std::string slo = "p99=86ms";
  std::string calibrated;  // folder of an earlier rehearsal whose calibration is used again
  double rate = 0, headroom = 0.2;
  long stage_s = 7, duration_s = 30;
  int doublings = 1;
};

struct DemoResult {
  capacity::CapacityModel model;
  capacity::Plan plan;
  shop::VerifyOutcome planned, one_less;
  std::filesystem::path report;
};

Result<std::vector<record::RunRecord>> read_runs(const std::vector<std::filesystem::path>& dirs) {
  std::vector<record::RunRecord> runs;
  for (const auto& dir : dirs) {
    auto run = record::read_run(dir);
    if (!run) return tl::make_unexpected(run.error());
    runs.push_back(std::move(*run));
  }
  return runs;
}

Result<std::filesystem::path> write_page(const shop::RehearsalOptions& options, const DemoResult& result) {
  auto run = record::read_run(result.planned.run_dir);
  if (!run) return tl::make_unexpected(run.error());
  report::ReportInput input{.run = std::move(*run),
                            .model = result.model,
                            .plan = result.plan,
                            .verifications = {result.planned.verification, result.one_less.verification},
                            .title = "tidemark capacity report: " + options.scenario.name};
  const auto spans = record::read_spans(result.planned.run_dir, [&input](const Span& span) {
    if (input.spans.size() < kReportSpans) input.spans.push_back(span);
  });
  if (!spans) return tl::make_unexpected(spans.error());
  const auto file = options.dir / "report.html";
  const auto written = report::write_report(input, file);
  if (!written) return tl::make_unexpected(written.error());
  return file;
}

std::string plan_line(const capacity::Plan& plan) {
  std::string line;
  for (const auto& [service, counts] : plan.services) {
    if (!line.empty()) line += ", ";
    line += fmt::format("{} {} ({})", service, counts.nodes_before_headroom, counts.nodes);
  }
  return "plan, nodes before (with) headroom: " + line;
}

// The runs of an earlier rehearsal, or new ones.
Result<std::vector<std::filesystem::path>> calibration_of(const shop::RehearsalOptions& options,
                                                          const std::filesystem::path& earlier) {
  return earlier.empty() ? shop::calibrate(options) : shop::calibration_runs(earlier);
}

Result<DemoResult> rehearse(const shop::RehearsalOptions& options, const capacity::PlanRequest& request,
                            const std::filesystem::path& calibrated) {
  const auto dirs = calibration_of(options, calibrated);
  if (!dirs) return tl::make_unexpected(dirs.error());
  const auto runs = read_runs(*dirs);
  if (!runs) return tl::make_unexpected(runs.error());
  auto model = capacity::fit(*runs);
  if (!model) return tl::make_unexpected(model.error());
  auto plan = capacity::make_plan(*model, request);
  if (!plan) return tl::make_unexpected(plan.error());
  const auto limits_file = options.dir / "limits.json";
  for (const auto& [file, json] : {std::pair{options.dir / "model.json", capacity::to_json(*model)},
                                   std::pair{options.dir / "plan.json", capacity::to_json(*plan)},
                                   std::pair{limits_file, capacity::limits_json(*plan)}}) {
    const auto written = write_json_file(file, json);
    if (!written) return tl::make_unexpected(written.error());
  }
  if (options.say) options.say(plan_line(*plan));

  DemoResult result{.model = std::move(*model), .plan = std::move(*plan)};
  auto planned = shop::verify_plan(options, result.plan, result.plan.predicted, shop::planned_nodes(result.plan, false),
                                   false, limits_file);
  if (!planned) return tl::make_unexpected(planned.error());
  result.planned = std::move(*planned);
  if (options.say) options.say("verified the plan: " + result.planned.verification.verdict);
  auto one_less =
      shop::verify_plan(options, result.plan, result.plan.predicted_less, shop::planned_nodes(result.plan, true), true);
  if (!one_less) return tl::make_unexpected(one_less.error());
  result.one_less = std::move(*one_less);
  for (const auto& [name, outcome] :
       {std::pair{"verification.json", &result.planned}, std::pair{"verification-one-less.json", &result.one_less}}) {
    const auto written = write_json_file(options.dir / name, capacity::to_json(outcome->verification));
    if (!written) return tl::make_unexpected(written.error());
  }
  auto page = write_page(options, result);
  if (!page) return tl::make_unexpected(page.error());
  result.report = *page;
  return result;
}

void print_steps(const char* title, const capacity::Verification& verification) {
  std::printf("%s\n", title);
  for (const auto& step : verification.steps) std::printf("  %s\n", verification_line(step).c_str());
}

nlohmann::json demo_json(const DemoResult& result, const std::string& verdict, ExitCode code) {
  return {{"verdict", verdict},
          {"exit_code", static_cast<int>(code)},
          {"report", result.report.string()},
          {"rate", result.plan.request.rate},
          {"bottleneck", result.plan.bottleneck},
          {"nodes_before_headroom", shop::planned_nodes(result.plan, false)},
          {"verification", capacity::to_json(result.planned.verification)},
          {"verification_one_less", capacity::to_json(result.one_less.verification)},
          {"leaks", result.planned.summary.leaks.size() + result.one_less.summary.leaks.size()},
          {"validity", result.planned.summary.validity},
          {"validity_one_less", result.one_less.summary.validity}};
}

// The plan came true when the planned nodes hold the SLO. Whether one node less would have held it too is shown, not
// judged: it makes the plan generous, not wrong.
ExitCode judge(const DemoResult& result, std::string& verdict) {
  verdict = result.planned.verification.verdict;
  if (result.planned.summary.validity != "valid") {
    verdict = result.planned.summary.validity;
    return ExitCode::invalid_measurement;
  }
  if (verdict == "pass") return ExitCode::pass;
  return verdict == "undecided" ? ExitCode::undecided : ExitCode::gate_failed;
}

ExitCode demo(const DemoArguments& arguments) {
  const auto slo = capacity::parse_slo(arguments.slo);
  if (!slo) return print_error(slo.error());
  auto rehearsal = rehearsal_of(arguments.common, "demo");
  if (!rehearsal) return print_error(rehearsal.error());
  auto* options = &rehearsal->options;
  options->stage = std::chrono::seconds(arguments.stage_s);
  options->verification = std::chrono::seconds(arguments.duration_s);
  options->doublings = arguments.doublings;
  capacity::PlanRequest request;
  request.slo = *slo;
  request.headroom = arguments.headroom;
  request.rate = arguments.rate;
  if (request.rate == 0) {
    Random random(arguments.common.seed, "demo/rate");
    request.rate = std::round(kLowestRate + (kHighestRate - kLowestRate) * random.uniform());
  }
  if (options->say) {
    options->say(fmt::format("target: {:.0f} flows/s, SLO {}, seed {}, record {}", request.rate, arguments.slo,
                             arguments.common.seed, options->dir.string()));
  }
  const auto result = rehearse(*options, request, arguments.calibrated);
  rehearsal->outputs->end();
  if (!result) return print_error(result.error());

  std::string verdict;
  const ExitCode code = judge(*result, verdict);
  if (arguments.common.json) {
    std::printf("%s\n", demo_json(*result, verdict, code).dump(2).c_str());
    return code;
  }
  const auto& bottleneck = result->plan.services.at(result->plan.bottleneck);
  print_steps(
      fmt::format("at the planned {} {} nodes:", bottleneck.nodes_before_headroom, result->plan.bottleneck).c_str(),
      result->planned.verification);
  print_steps(fmt::format("with one {} node less:", result->plan.bottleneck).c_str(), result->one_less.verification);
  std::printf("shadow audit: %zu leaks\n", result->planned.summary.leaks.size());
  std::printf("verdict: %s. %.0f flows/s need %u %s nodes (%u with headroom)\n", verdict.c_str(),
              result->plan.request.rate, bottleneck.nodes_before_headroom, result->plan.bottleneck.c_str(),
              bottleneck.nodes);
  std::printf("report: %s\n", result->report.c_str());
  return code;
}

}  // namespace

void add_demo(CLI::App& app, ExitCode& exit_code) {
  auto arguments = std::make_shared<DemoArguments>();
  auto* command =
      app.add_subcommand("demo", "rehearse a sale on the bundled stack: calibrate, fit, plan, verify, report");
  command->add_option("--rate", arguments->rate, "flows per second to plan for; default: drawn by the seed")
      ->check(CLI::PositiveNumber);
  command->add_option("--slo", arguments->slo, "holds for every step")->capture_default_str();
  command->add_option("--headroom", arguments->headroom, "share added to the rate")
      ->check(CLI::Range(0.0, 10.0))
      ->capture_default_str();
  command
      ->add_option("--calibrated", arguments->calibrated, "folder of an earlier rehearsal: use its calibration again")
      ->check(CLI::ExistingDirectory);
  command->add_option("--stage", arguments->stage_s, "seconds of one calibration stage; 21 of them")
      ->check(CLI::Range(2L, 3600L))
      ->capture_default_str();
  command->add_option("--duration", arguments->duration_s, "seconds of a verification")
      ->check(CLI::Range(5L, 86'400L))
      ->capture_default_str();
  command
      ->add_option("--doublings", arguments->doublings,
                   "how often the time of an undecided verification is doubled, by measuring on")
      ->check(CLI::Range(0, 8))
      ->capture_default_str();
  add_rehearsal_arguments(*command, arguments->common);
  command->footer(
      "Examples:\n"
      "  tidemark demo\n"
      "  tidemark demo --rate 600 --slo p99=86ms --headroom 0.3 --seed 7\n"
      "  tidemark demo --rate 700 --calibrated runs/demo-20261122-211500");
  command->callback([arguments, &exit_code] { exit_code = demo(*arguments); });
}

}  // namespace tidemark::cli
