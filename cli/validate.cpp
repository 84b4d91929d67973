// tidemark validate: checks a scenario and every file it names, and says what a run of it would be. Opens no socket.
#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "engine/schedule/scenario.h"
#include "engine/schedule/scenario_check.h"
#include "engine/schedule/value_reader.h"

namespace tidemark::cli {
namespace {

struct ValidateArguments {
  std::string file;
  std::vector<std::string> parameters;
  std::uint64_t seed = 1;
  bool json = false;
};

std::string counts(double least, double most) {
  return least == most ? fmt::format("{:.0f}", least) : fmt::format("{:.0f} to {:.0f}", least, most);
}

std::string flow_line(const schedule::FlowOutline& flow) {
  return fmt::format("{} step{}, {} request{}", flow.steps, flow.steps == 1 ? "" : "s",
                     counts(static_cast<double>(flow.least_requests), static_cast<double>(flow.most_requests)),
                     flow.most_requests == 1 ? "" : "s");
}

std::string table(const std::string& file, const schedule::ScenarioOutline& outline) {
  std::string text = fmt::format("{}: a valid scenario\n", file);
  const auto line = [&text](std::string_view word, const std::string& what) {
    text += fmt::format("  {:<11} {}\n", word, what);
  };
  line("name", outline.name);
  line("target", outline.target.empty() ? "given by --target or --stack" : outline.target);
  if (outline.setup.steps > 0) line("set-up", flow_line(outline.setup));
  for (const auto& flow : outline.flows) {
    line("flow", fmt::format("{}, {:.3g} %: {}", flow.name, 100 * flow.share, flow_line(flow)));
  }
  if (outline.teardown.steps > 0) line("tear-down", flow_line(outline.teardown));
  line("duration", schedule::format_duration(outline.duration));
  if (outline.arrivals) {
    line("arrivals", fmt::format("about {:.0f} flows, at most {:.0f} in a second", *outline.arrivals,
                                 outline.peak_rate.value_or(0)));
    line("requests", "about " + counts(outline.least_requests, outline.most_requests));
  }
  if (outline.users > 0) {
    line("users", fmt::format("{} at most; how many requests they send depends on the answers", outline.users));
  }
  for (const auto& feeder : outline.feeders) {
    line("feeder", fmt::format("{}: {} rows of {} in {}", feeder.name, feeder.rows, fmt::join(feeder.columns, ", "),
                               feeder.file));
  }
  for (const auto& name : outline.secrets) line("secret", "${env:" + name + "}");
  if (outline.thresholds > 0) line("thresholds", std::to_string(outline.thresholds));
  for (const auto& name : outline.unset_secrets) line("note", "${env:" + name + "} is not set here: a run needs it");
  for (const auto& note : outline.notes) line("note", note);
  return text;
}

Result<schedule::ScenarioOutline> outline_of(const ValidateArguments& arguments) {
  const auto parameters = parameters_of(arguments.parameters);
  if (!parameters) return tl::make_unexpected(parameters.error());
  const auto scenario = schedule::load_scenario(arguments.file, *parameters);
  if (!scenario) return tl::make_unexpected(scenario.error());
  return schedule::outline(*scenario, arguments.seed);
}

ExitCode run(const ValidateArguments& arguments) {
  const auto outline = outline_of(arguments);
  if (!outline && arguments.json) {
    std::string problems = outline.error().message();
    nlohmann::json list = nlohmann::json::array();
    for (std::size_t at = 0; at <= problems.size();) {
      const std::size_t end = std::min(problems.find('\n', at), problems.size());
      list.push_back(problems.substr(at, end - at));
      at = end + 1;
    }
    std::printf("%s\n", nlohmann::json{{"valid", false}, {"problems", list}}.dump(2).c_str());
    return ExitCode::usage;
  }
  if (!outline) return print_error(outline.error());
  if (arguments.json) {
    auto json = schedule::to_json(*outline);
    json["valid"] = true;
    std::printf("%s\n", json.dump(2).c_str());
  } else {
    std::fputs(table(arguments.file, *outline).c_str(), stdout);
  }
  return ExitCode::pass;
}

}  // namespace

void add_validate(CLI::App& app, ExitCode& exit_code) {
  auto arguments = std::make_shared<ValidateArguments>();
  auto* command = app.add_subcommand("validate", "check a scenario and the files it names, without sending anything");
  command->add_option("scenario", arguments->file, "scenario file (YAML)")->required();
  command->add_option("-e,--env", arguments->parameters, "KEY=VALUE for ${KEY} in the scenario; repeatable")
      ->allow_extra_args(false);
  command->add_option("--seed", arguments->seed, "of the schedule whose busiest second is counted")
      ->capture_default_str();
  command->add_flag("--json", arguments->json, "print JSON, problems too");
  command->footer(
      "Examples:\n"
      "  tidemark validate sale.yaml\n"
      "  tidemark validate sale.yaml -e rate=500 --json\n"
      "Exit codes: 0 valid, 2 not");
  command->callback([arguments, &exit_code] { exit_code = run(*arguments); });
}

}  // namespace tidemark::cli
