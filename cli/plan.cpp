// tidemark plan: how many nodes of each service hold an SLO at a rate, and why.
#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/console.h"
#include "models/capacity/planner.h"

namespace tidemark::cli {
namespace {

struct PlanArguments {
  std::string model_file, slo = "p99=86ms", mix, out, limits;
  double rate = 0, headroom = 0.2;
  bool json = false;
};

// "browse=85,buy=15"
Result<std::map<std::string, double>> parse_mix(const std::string& text) {
  std::map<std::string, double> mix;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    const std::string entry = text.substr(at, end - at);
    const std::size_t equals = entry.find('=');
    double weight = 0;
    if (equals != std::string::npos && equals > 0) {
      const char* const first = entry.data() + equals + 1;
      const char* const last = entry.data() + entry.size();
      const auto parsed = std::from_chars(first, last, weight);
      if (parsed.ec == std::errc() && parsed.ptr == last && first != last && weight >= 0) {
        mix[entry.substr(0, equals)] = weight;
        at = end + 1;
        continue;
      }
    }
    return fail(ExitCode::usage, "--mix", "\"" + entry + "\" is not FLOW=WEIGHT", "for example --mix browse=85,buy=15");
  }
  return mix;
}

void print_plan(const capacity::Plan& plan) {
  const auto& request = plan.request;
  std::printf("%.0f flows/s, %s below %s for every step\n\n", request.rate,
              capacity::quantile_name(request.slo.quantile).c_str(),
              capacity::human_time(request.slo.limit_us).c_str());
  std::printf("%-13s %6s %14s  %s\n", "service", "nodes", "with headroom", "why");
  for (const auto& [name, service] : plan.services) {
    if (service.requests_per_second <= 0) continue;
    std::printf("%-13s %6u %14u  %s%s\n", name.c_str(), service.nodes_before_headroom, service.nodes,
                service.reason.c_str(), name == plan.bottleneck ? " [bottleneck]" : "");
  }
  std::printf("\n%-13s %34s %18s\n", "step", "predicted (95 % interval)", "one node less");
  for (std::size_t i = 0; i < plan.predicted.size(); ++i) {
    const auto& step = plan.predicted[i];
    std::printf(
        "%-13s %34s %18s\n", step.step.c_str(),
        fmt::format("{} ({} to {})", capacity::human_time(step.quantile_us.value),
                    capacity::human_time(step.quantile_us.low), capacity::human_time(step.quantile_us.high))
            .c_str(),
        i < plan.predicted_less.size() ? capacity::human_time(plan.predicted_less[i].quantile_us.value).c_str() : "-");
  }
  for (const auto& note : plan.notes) std::printf("note: %s\n", note.c_str());
}

ExitCode plan(const PlanArguments& arguments) {
  const auto slo = capacity::parse_slo(arguments.slo);
  if (!slo) return print_error(slo.error());
  const auto mix = parse_mix(arguments.mix);
  if (!mix) return print_error(mix.error());
  const auto model_json = read_json_file(arguments.model_file);
  if (!model_json) return print_error(model_json.error());
  const auto model = capacity::parse_model(*model_json, arguments.model_file);
  if (!model) return print_error(model.error());
  const capacity::PlanRequest request{.rate = arguments.rate, .mix = *mix, .slo = *slo, .headroom = arguments.headroom};
  const auto made = capacity::make_plan(*model, request);
  if (!made) return print_error(made.error());
  const auto json = capacity::to_json(*made);
  if (!arguments.out.empty()) {
    if (auto written = write_json_file(arguments.out, json); !written) return print_error(written.error());
  }
  if (!arguments.limits.empty()) {
    auto written = write_json_file(arguments.limits, capacity::limits_json(*made));
    if (!written) return print_error(written.error());
  }
  if (arguments.json) {
    std::printf("%s\n", json.dump(2).c_str());
    return ExitCode::pass;
  }
  print_plan(*made);
  if (!arguments.out.empty()) std::printf("plan: %s\n", arguments.out.c_str());
  if (!arguments.limits.empty()) std::printf("limits: %s\n", arguments.limits.c_str());
  return ExitCode::pass;
}

}  // namespace

void add_plan(CLI::App& app, ExitCode& exit_code) {
  auto arguments = std::make_shared<PlanArguments>();
  auto* command = app.add_subcommand("plan", "nodes per service for a rate and an SLO, from a capacity model");
  command->add_option("--model", arguments->model_file, "model.json of tidemark fit")->required();
  command->add_option("--rate", arguments->rate, "flows per second to plan for")->required();
  command->add_option("--slo", arguments->slo, "quantile=limit, for every step; p50, p90, p95, p99, p99.9; us, ms, s")
      ->capture_default_str();
  command->add_option("--mix", arguments->mix, "FLOW=WEIGHT,...; the calibration's when absent");
  command->add_option("--headroom", arguments->headroom, "share of the rate added for the second column")
      ->capture_default_str();
  command->add_option("--out", arguments->out, "write the plan here (docs/model.md)");
  command->add_option("--limits", arguments->limits, "write admission limits here, for the gateway to obey");
  command->add_flag("--json", arguments->json, "print the plan as JSON");
  command->footer(
      "Exit 7 when no number of nodes holds the SLO; the message says what stands in the way.\n"
      "Examples:\n"
      "  tidemark plan --model model.json --rate 600 --slo p99=86ms\n"
      "  tidemark plan --model model.json --rate 900 --mix browse=70,buy=30 --headroom 0.3 --out plan.json "
      "--limits limits.json");
  command->callback([arguments, &exit_code] { exit_code = plan(*arguments); });
}

}  // namespace tidemark::cli
