// tidemark report: one HTML page from a run directory and, where there are any, the model, the plan and its
// verifications.
#include "reports/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/console.h"
#include "engine/record/run_reader.h"

namespace tidemark::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kReportSpans = 20'000;  // a sample: enough for who calls whom, and how often

struct ReportArguments {
  std::string run_dir, model, plan, out, title;
  std::vector<std::string> verifications;
  bool json = false;
};

// In the run directory, else beside it: where `demo`, `fit` and `plan` leave their files.
fs::path beside(const fs::path& run_dir, const char* file) {
  for (const fs::path& dir : {run_dir, run_dir / ".."}) {
    std::error_code ignored;
    if (fs::is_regular_file(dir / file, ignored)) return (dir / file).lexically_normal();
  }
  return {};
}

std::vector<fs::path> verifications_beside(const fs::path& run_dir) {
  std::vector<fs::path> files;
  for (const fs::path& dir : {run_dir, run_dir / ".."}) {
    std::error_code problem;
    for (const auto& entry : fs::directory_iterator(dir, problem)) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with("verification") && name.ends_with(".json")) files.push_back(entry.path().lexically_normal());
    }
    if (!files.empty()) break;
  }
  std::sort(files.begin(), files.end());
  return files;
}

template <class Value, class Parse>
Result<Value> read(const fs::path& file, Parse parse) {
  const auto json = read_json_file(file);
  if (!json) return tl::make_unexpected(json.error());
  return parse(*json, file.string());
}

// A file that was named must be good; one that only lies beside the run is left out with a word when it is not, so that
// a damaged neighbour never costs the page of a killed run.
template <class Value, class Parse, class Use>
Result<void> take(const fs::path& file, bool named, Parse parse, Use use) {
  if (file.empty()) return {};
  auto value = read<Value>(file, parse);
  if (value) {
    use(std::move(*value));
    return {};
  }
  if (named) return tl::make_unexpected(value.error());
  std::fprintf(stderr, "tidemark: left out of the report: %s\n", value.error().message().c_str());
  return {};
}

Result<report::ReportInput> gather(const ReportArguments& arguments) {
  const fs::path run_dir = arguments.run_dir;
  auto run = record::read_run(run_dir);
  if (!run) return tl::make_unexpected(run.error());
  report::ReportInput input{.run = std::move(*run)};
  if (!arguments.title.empty()) input.title = arguments.title;

  const fs::path model = arguments.model.empty() ? beside(run_dir, "model.json") : fs::path(arguments.model);
  const auto modelled = take<capacity::CapacityModel>(model, !arguments.model.empty(), capacity::parse_model,
                                                      [&](auto value) { input.model = std::move(value); });
  if (!modelled) return tl::make_unexpected(modelled.error());
  const fs::path plan = arguments.plan.empty() ? beside(run_dir, "plan.json") : fs::path(arguments.plan);
  const auto planned = take<capacity::Plan>(plan, !arguments.plan.empty(), capacity::parse_plan,
                                            [&](auto value) { input.plan = std::move(value); });
  if (!planned) return tl::make_unexpected(planned.error());
  const bool named = !arguments.verifications.empty();
  std::vector<fs::path> files(arguments.verifications.begin(), arguments.verifications.end());
  if (!named) files = verifications_beside(run_dir);
  for (const fs::path& file : files) {
    const auto verified = take<capacity::Verification>(file, named, capacity::parse_verification, [&](auto value) {
      input.verifications.push_back(std::move(value));
    });
    if (!verified) return tl::make_unexpected(verified.error());
  }
  const auto spans = record::read_spans(run_dir, [&input](const Span& span) {
    if (input.spans.size() < kReportSpans) input.spans.push_back(span);
  });
  if (!spans) std::fprintf(stderr, "tidemark: report without topology: %s\n", spans.error().message().c_str());
  return input;
}

ExitCode report(const ReportArguments& arguments) {
  const auto input = gather(arguments);
  if (!input) return print_error(input.error());
  const fs::path file = arguments.out.empty() ? fs::path(arguments.run_dir) / "report.html" : fs::path(arguments.out);
  const auto written = report::write_report(*input, file);
  if (!written) return print_error(written.error());
  const bool partial = input->run.partial || input->run.summary().partial;
  const ExitCode code = partial ? ExitCode::partial_record : ExitCode::pass;
  if (arguments.json) {
    const nlohmann::json answer = {{"report", file.string()},
                                   {"partial", partial},
                                   {"damage", input->run.damage},
                                   {"exit_code", static_cast<int>(code)}};
    std::printf("%s\n", answer.dump(2, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
  } else {
    std::printf("report: %s%s\n", file.c_str(), partial ? " (PARTIAL record)" : "");
  }
  return code;
}

}  // namespace

void add_report(CLI::App& app, ExitCode& exit_code) {
  auto arguments = std::make_shared<ReportArguments>();
  auto* command = app.add_subcommand("report", "write the HTML capacity report of a run directory");
  command->add_option("run", arguments->run_dir, "run directory; a killed or damaged one gives a page marked PARTIAL")
      ->required();
  command->add_option("--model", arguments->model,
                      "model.json of tidemark fit; default: in the run directory or beside it");
  command->add_option("--plan", arguments->plan,
                      "plan.json of tidemark plan; default: in the run directory or beside it");
  command->add_option("--verification", arguments->verifications,
                      "verification.json of tidemark verify, repeatable; default: verification*.json in the run "
                      "directory or beside it");
  command->add_option("--out", arguments->out, "the page; default: report.html in the run directory");
  command->add_option("--title", arguments->title, "heading of the page");
  command->add_flag("--json", arguments->json, "print path and state as JSON");
  command->footer(
      "Exit 0, or 5 when the record is partial (the page is written all the same).\n"
      "Examples:\n"
      "  tidemark report runs/run-20261122-211500\n"
      "  tidemark report runs/demo/verify --title 'Winter sale' --out sale.html\n"
      "  tidemark report runs/verify --plan plan.json --verification verification.json");
  command->callback([arguments, &exit_code] { exit_code = report(*arguments); });
}

}  // namespace tidemark::cli
