// Every command registers itself on the CLI11 application: one file per command, parse, call, print. `exit_code` is
// where a command leaves the process's exit code (engine/core/error.h); CLI11's own codes never reach the shell.
#pragma once

#include <CLI/CLI.hpp>
#include <map>
#include <string>
#include <vector>

#include "engine/core/error.h"

namespace tidemark::cli {

void add_run(CLI::App& app, ExitCode& exit_code);
void add_ctl(CLI::App& app, ExitCode& exit_code);
void add_guard(CLI::App& app, ExitCode& exit_code);
void add_new(CLI::App& app, ExitCode& exit_code);
void add_validate(CLI::App& app, ExitCode& exit_code);
void add_stack(CLI::App& app, ExitCode& exit_code);  // stack up|down|status, and the hidden `node`
void add_audit(CLI::App& app, ExitCode& exit_code);
void add_fault(CLI::App& app, ExitCode& exit_code);
void add_duel(CLI::App& app, ExitCode& exit_code);
void add_fit(CLI::App& app, ExitCode& exit_code);
void add_plan(CLI::App& app, ExitCode& exit_code);
void add_verify(CLI::App& app, ExitCode& exit_code);
void add_report(CLI::App& app, ExitCode& exit_code);
void add_search(CLI::App& app, ExitCode& exit_code);
void add_twin(CLI::App& app, ExitCode& exit_code);
void add_demo(CLI::App& app, ExitCode& exit_code);

// KEY=VALUE arguments of -e, the last one of a key winning.
Result<std::map<std::string, std::string>> parameters_of(const std::vector<std::string>& pairs);

// Prints `error` on standard error ("tidemark: PLACE: WHAT", "  try: ADVICE") and returns its code.
ExitCode print_error(const Error& error);

}  // namespace tidemark::cli
