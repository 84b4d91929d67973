// tidemark ctl: changes the rate of a run under way, pauses, resumes or stops it, or says how it stands.
#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "engine/drive/control_socket.h"
#include "engine/schedule/value_reader.h"

namespace tidemark::cli {
namespace {

using Kind = drive::ControlRequest::Kind;

struct CtlArguments {
  std::string dir, rate;
  Kind kind = Kind::status;
  bool json = false;
};

Result<drive::ControlRequest> request_of(const CtlArguments& arguments) {
  drive::ControlRequest request{.kind = arguments.kind, .factor = {}, .rate = {}};
  if (arguments.kind != Kind::rate) return request;
  const bool factor = arguments.rate.ends_with('x');
  const auto number =
      schedule::parse_number(std::string_view(arguments.rate).substr(0, arguments.rate.size() - (factor ? 1 : 0)));
  if (!number || *number <= 0) {
    return fail(ExitCode::usage, "rate", "'" + arguments.rate + "' is neither a factor nor a rate",
                "write 2x for twice the planned rate, or 500 for 500 flows a second");
  }
  (factor ? request.factor : request.rate) = *number;
  return request;
}

std::string table(const drive::ControlStatus& status) {
  std::string text = fmt::format("{} at {:.1f} s", status.state, status.t_s);
  if (status.planned_s != status.t_s) text += fmt::format(" (the schedule's {:.1f} s)", status.planned_s);
  if (status.end_s >= 0) text += fmt::format(", sends until {:.1f} s", status.end_s);
  text += fmt::format("\nrate {:g}x the planned one", status.factor);
  if (status.rate > 0) text += fmt::format(", {:.6g} flows/s", status.rate);
  if (status.users > 0) text += fmt::format("; {} users", status.users);
  text +=
      fmt::format("\nflows     {} planned, {} completed, {} aborted, {} dropped, {} in flight\n", status.flows.planned,
                  status.flows.completed, status.flows.aborted, status.flows.dropped, status.flows.in_flight);
  text += fmt::format("requests  {} started, {} ok, {} failed, {} timed out, {} in flight\n", status.requests.started,
                      status.requests.ok, status.requests.failed, status.requests.timed_out, status.requests.in_flight);
  return text + fmt::format("connections {}, requests waiting for one {}\n", status.connections, status.waiting);
}

ExitCode ctl(const CtlArguments& arguments) {
  const auto request = request_of(arguments);
  if (!request) return print_error(request.error());
  const auto reply = drive::ask_run(arguments.dir, *request);
  if (!reply) return print_error(reply.error());
  if (arguments.json) {
    std::fputs(drive::to_line(*reply).c_str(), stdout);
  } else {
    std::fputs(table(reply->status).c_str(), stdout);
  }
  return ExitCode::pass;
}

}  // namespace

void add_ctl(CLI::App& app, ExitCode& exit_code) {
  auto arguments = std::make_shared<CtlArguments>();
  auto* command = app.add_subcommand("ctl", "change the rate of a run under way, pause, resume or stop it");
  command->add_option("run_dir", arguments->dir, "run directory of the running `tidemark run`")->required();
  command->add_flag("--json", arguments->json, "print the run's answer as JSON");
  command->require_subcommand(1);
  const auto add = [&](const char* word, Kind kind, const char* help) {
    auto* action = command->add_subcommand(word, help);
    action->callback([arguments, kind, &exit_code] {
      arguments->kind = kind;
      exit_code = ctl(*arguments);
    });
    action->add_flag("--json", arguments->json, "print the run's answer as JSON");
    return action;
  };
  add("status", Kind::status, "where the run stands");
  add("rate", Kind::rate, "the rest of the schedule at another rate")
      ->add_option("rate", arguments->rate, "2x: twice the planned rate; 500: that many flows a second now")
      ->required();
  add("pause", Kind::pause, "start nothing more until resume; what is under way goes on");
  add("resume", Kind::resume, "go on where the schedule was paused");
  add("stop", Kind::stop, "start nothing more, wait for what is under way, write the summary");
  command->footer(
      "Examples:\n"
      "  tidemark ctl runs/sale rate 2x\n"
      "  tidemark ctl runs/sale pause\n"
      "  tidemark ctl runs/sale status --json");
}

}  // namespace tidemark::cli
