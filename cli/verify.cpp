// tidemark verify: start the stack at the planned size, offer the planned rate, hold what was predicted against what
// was measured.
#include <fmt/format.h>

#include <cstdio>
#include <memory>

#include "cli/commands.h"
#include "cli/console.h"
#include "cli/rehearsal_arguments.h"
#include "models/capacity/plan.h"
#include "scenarios/shop/rehearsal.h"

namespace tidemark::cli {
namespace {

struct VerifyArguments {
  RehearsalArguments common;
  std::string plan_file, limits_file;
  long duration_s = 30;
  int doublings = 1;
  bool one_less = false;
};

ExitCode exit_code_of_verdict(const std::string& verdict) {
  if (verdict == "pass") return ExitCode::pass;
  return verdict == "undecided" ? ExitCode::undecided : ExitCode::gate_failed;
}

void print_verification(const capacity::Verification& verification) {
  for (const auto& step : verification.steps) std::printf("  %s\n", verification_line(step).c_str());
  for (const auto& note : verification.notes) std::printf("  note: %s\n", note.c_str());
  std::printf("verdict: %s\n", verification.verdict.c_str());
}

ExitCode verify(const VerifyArguments& arguments) {
  const auto json = read_json_file(arguments.plan_file);
  if (!json) return print_error(json.error());
  const auto plan = capacity::parse_plan(*json, arguments.plan_file);
  if (!plan) return print_error(plan.error());
  auto rehearsal = rehearsal_of(arguments.common, "verify");
  if (!rehearsal) return print_error(rehearsal.error());
  auto* options = &rehearsal->options;
  options->verification = std::chrono::seconds(arguments.duration_s);
  options->doublings = arguments.doublings;

  const auto& predicted = arguments.one_less ? plan->predicted_less : plan->predicted;
  const auto outcome = shop::verify_plan(*options, *plan, predicted, shop::planned_nodes(*plan, arguments.one_less),
                                         arguments.one_less, arguments.limits_file);
  rehearsal->outputs->end();
  if (!outcome) return print_error(outcome.error());
  const auto verification_json = capacity::to_json(outcome->verification);
  const auto written = write_json_file(options->dir / "verification.json", verification_json);
  if (!written) return print_error(written.error());
  if (arguments.common.json) {
    std::printf("%s\n", verification_json.dump(2).c_str());
  } else {
    print_verification(outcome->verification);
    std::printf("record: %s\n", outcome->run_dir.c_str());
  }
  if (outcome->summary.validity != "valid") {
    return print_error({ExitCode::invalid_measurement, outcome->run_dir.string(),
                        "the run is " + outcome->summary.validity, "run it on a quieter machine"});
  }
  return exit_code_of_verdict(outcome->verification.verdict);
}

}  // namespace

void add_verify(CLI::App& app, ExitCode& exit_code) {
  auto arguments = std::make_shared<VerifyArguments>();
  auto* command = app.add_subcommand("verify", "run a plan on the bundled stack and hold it against its prediction");
  command->add_option("plan", arguments->plan_file, "plan.json of tidemark plan")->required();
  command->add_option("--limits", arguments->limits_file, "limits.json that the gateway obeys");
  command->add_option("--duration", arguments->duration_s, "seconds of load")
      ->check(CLI::Range(5L, 86'400L))
      ->capture_default_str();
  command
      ->add_option("--doublings", arguments->doublings,
                   "how often the time of an undecided verification is doubled, by measuring on")
      ->check(CLI::Range(0, 8))
      ->capture_default_str();
  command->add_flag("--one-less", arguments->one_less, "one node less on the bottleneck: the SLO should be missed");
  add_rehearsal_arguments(*command, arguments->common);
  command->footer(
      "Examples:\n"
      "  tidemark verify runs/demo/plan.json\n"
      "  tidemark verify plan.json --one-less --duration 60 --json");
  command->callback([arguments, &exit_code] { exit_code = verify(*arguments); });
}

}  // namespace tidemark::cli
