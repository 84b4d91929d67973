#include "engine/drive/trace.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "engine/drive/run_phases.h"

namespace tidemark::drive {
namespace {

bool show_pass(const std::string& name, Iteration pass, const schedule::Secrets& secrets,
               const std::function<void(const std::string&)>& show) {
  for (Exchange& exchange : pass.exchanges) {
    scrub(exchange, secrets);
    show(to_text(exchange));
  }
  show(fmt::format("=== {}: {}, {} request{}\n\n", name,
                   pass.completed ? "completed" : "FAILED: " + secrets.redacted(pass.problem), pass.exchanges.size(),
                   pass.exchanges.size() == 1 ? "" : "s"));
  return pass.completed;
}

}  // namespace

Result<bool> trace(RunOptions options, const std::string& flow, const std::function<void(const std::string&)>& show) {
  const auto& flows = options.scenario.flows;
  if (!flow.empty() && std::none_of(flows.begin(), flows.end(), [&](const auto& one) { return one.name == flow; })) {
    std::vector<std::string> names;
    for (const auto& one : flows) names.push_back(one.name);
    return fail(ExitCode::usage, "--flow " + flow, "the scenario has no such flow",
                fmt::format("there are {}", fmt::join(names, ", ")));
  }
  auto phases = RunPhases::prepare(options);
  if (!phases) return tl::make_unexpected(std::move(phases.error()));
  if (auto plan = phases->compile(); !plan) return tl::make_unexpected(std::move(plan.error()));
  bool good = true, first = true;
  auto up = phases->set_up_watched();
  if (!up) return tl::make_unexpected(std::move(up.error()));
  if (*up) good = show_pass("set-up", std::move(**up), phases->secrets(), show);
  for (const auto& one : flows) {
    if ((!good && first) || (!flow.empty() && one.name != flow)) continue;  // nothing works without its set-up
    first = false;
    auto pass = phases->once(one);
    if (!pass) return tl::make_unexpected(std::move(pass.error()));
    good &= show_pass("flow " + one.name, std::move(*pass), phases->secrets(), show);
  }
  auto down = phases->tear_down_watched();
  if (!down) return tl::make_unexpected(std::move(down.error()));
  if (*down) good &= show_pass("tear-down", std::move(**down), phases->secrets(), show);
  return good;
}

}  // namespace tidemark::drive
