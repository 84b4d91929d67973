// tidemark new: a commented scenario to start from.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>

#include "cli/commands.h"
#include "engine/schedule/value_reader.h"
#include "scenarios/templates.h"

namespace tidemark::cli {
namespace {

struct NewArguments {
  std::string name = "get", out_file;
  bool list = false;
};

void print_list() {
  for (const auto& one : scenarios::scenario_templates()) {
    std::fputs(fmt::format("{:<10}{}\n", one.name, one.about()).c_str(), stdout);
  }
}

// Never over a file that is there: somebody may have worked on it.
Result<void> write_new(const std::string& file, std::string_view text) {
  const int out = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (out < 0 && errno == EEXIST) {
    return fail(ExitCode::usage, file, "is there already", "name another file with --out");
  }
  const bool written = out >= 0 && ::write(out, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const int error = errno;
  if (out >= 0) ::close(out);
  if (!written) return fail(ExitCode::usage, file, std::string("cannot be written: ") + std::strerror(error));
  return {};
}

ExitCode run(const NewArguments& arguments) {
  if (arguments.list) {
    print_list();
    return ExitCode::pass;
  }
  const auto all = scenarios::scenario_templates();
  const auto found = std::ranges::find(all, arguments.name, &scenarios::ScenarioTemplate::name);
  if (found == all.end()) {
    std::vector<std::string> names;
    for (const auto& one : all) names.push_back(one.name);
    return print_error(
        {ExitCode::usage, "new",
         fmt::format("there is no template '{}'{}", arguments.name, schedule::did_you_mean(arguments.name, names)),
         fmt::format("one of {}", fmt::join(names, ", "))});
  }
  if (arguments.out_file.empty()) {
    std::fwrite(found->text.data(), 1, found->text.size(), stdout);
    return ExitCode::pass;
  }
  if (auto written = write_new(arguments.out_file, found->text); !written) return print_error(written.error());
  const auto beside = std::filesystem::path(arguments.out_file).parent_path() / found->beside;
  if (std::error_code ignored; !found->beside.empty() && !std::filesystem::exists(beside, ignored)) {
    if (auto written = write_new(beside.string(), found->beside_text); !written) return print_error(written.error());
  }
  std::fputs(fmt::format("{} written; check it after each change with\n  tidemark validate {}\n", arguments.out_file,
                         arguments.out_file)
                 .c_str(),
             stdout);
  return ExitCode::pass;
}

}  // namespace

void add_new(CLI::App& app, ExitCode& exit_code) {
  auto arguments = std::make_shared<NewArguments>();
  auto* command = app.add_subcommand("new", "write a commented scenario to start from");
  command->add_option("template", arguments->name, "which one: see --list")->capture_default_str();
  command->add_option("--out", arguments->out_file, "file to write; without it, standard output");
  command->add_flag("--list", arguments->list, "list the templates");
  command->footer(
      "Examples:\n"
      "  tidemark new --list\n"
      "  tidemark new flow --out flow.yaml\n"
      "  tidemark new > get.yaml");
  command->callback([arguments, &exit_code] { exit_code = run(*arguments); });
}

}  // namespace tidemark::cli
