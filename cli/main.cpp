// The one binary. Commands live in their own files; this one only assembles them and keeps CLI11's exit codes out of
// the shell.
#include <cstdio>
#include <exception>

#include "cli/commands.h"

namespace {

// CLI11 returns 100-114 and 127 for its own errors, which collide with what other tools mean by them.
tidemark::ExitCode exit_code_of(const CLI::App& app, const CLI::ParseError& error) {
  const int theirs = app.exit(error);  // prints help, version or the message
  return theirs == 0 ? tidemark::ExitCode::pass : tidemark::ExitCode::usage;
}

int run(int argc, char** argv) {
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi2") || !__builtin_cpu_supports("fma")) {
    std::fprintf(stderr,
                 "tidemark: this processor lacks the x86-64-v3 instructions (AVX2, BMI2, FMA) it was built for\n");
    return static_cast<int>(tidemark::ExitCode::environment);
  }
  tidemark::ExitCode exit_code = tidemark::ExitCode::pass;
  CLI::App app("tidemark: rehearses a sale on a whole chain of services and says how many servers it takes",
               "tidemark");
  app.set_version_flag("--version", "tidemark " TIDEMARK_VERSION);
  app.require_subcommand(1);
  app.footer(
      "Examples:\n"
      "  tidemark demo                                           the whole loop on the bundled chain, in about 5 "
      "minutes\n"
      "  tidemark run --target http://127.0.0.1:8080/ --rate 1000 --duration 20s\n"
      "  tidemark run sale.yaml --stack ./stack -e items=500\n"
      "  tidemark search sale.yaml --stack ./stack --slo p99=86ms\n"
      "Exit codes: 0 pass, 1 internal, 2 usage, 3 refused target, 4 environment, 5 partial record, 6 invalid "
      "measurement,\n"
      "  7 undecided, 99 gate failed, 130/143 signal");
  tidemark::cli::add_demo(app, exit_code);
  tidemark::cli::add_stack(app, exit_code);
  tidemark::cli::add_fault(app, exit_code);
  tidemark::cli::add_guard(app, exit_code);
  tidemark::cli::add_new(app, exit_code);
  tidemark::cli::add_validate(app, exit_code);
  tidemark::cli::add_run(app, exit_code);
  tidemark::cli::add_search(app, exit_code);
  tidemark::cli::add_ctl(app, exit_code);
  tidemark::cli::add_fit(app, exit_code);
  tidemark::cli::add_plan(app, exit_code);
  tidemark::cli::add_verify(app, exit_code);
  tidemark::cli::add_twin(app, exit_code);
  tidemark::cli::add_duel(app, exit_code);
  tidemark::cli::add_report(app, exit_code);
  tidemark::cli::add_audit(app, exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    exit_code = exit_code_of(app, error);
  }
  return static_cast<int>(exit_code);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "tidemark: internal error: %s\n", error.what());
    return static_cast<int>(tidemark::ExitCode::internal);
  }
}
