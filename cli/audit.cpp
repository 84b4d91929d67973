// tidemark audit: proves that no tagged data lies in a live place of a running stack, and the reverse.
#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "cli/commands.h"
#include "scenarios/shop/audit.h"
#include "scenarios/shop/stack_info.h"

namespace tidemark::cli {
namespace {

struct AuditArguments {
  std::string stack;
  bool json = false;
};

void print_json(const shop::AuditResult& result) {
  nlohmann::json leaks = nlohmann::json::array();
  for (const Leak& leak : result.leaks) leaks.push_back({{"where", leak.where}, {"what", leak.what}});
  const nlohmann::json body{{"scanned", result.scanned}, {"leak_count", result.leak_count}, {"leaks", leaks}};
  std::printf("%s\n", body.dump(2).c_str());
}

void print_table(const shop::AuditResult& result) {
  std::printf("%-40s %12s\n", "place", "payloads");
  std::uint64_t total = 0;
  for (const auto& [place, count] : result.scanned) {
    std::printf("%-40s %12llu\n", place.c_str(), static_cast<unsigned long long>(count));
    total += count;
  }
  std::printf("%-40s %12llu\n\n", "in all", static_cast<unsigned long long>(total));
  for (const Leak& leak : result.leaks) std::printf("leak: %s: %s\n", leak.where.c_str(), leak.what.c_str());
  if (result.leak_count > result.leaks.size()) {
    std::printf("(%zu of them listed)\n", result.leaks.size());
  }
  std::printf("leaks: %llu\n", static_cast<unsigned long long>(result.leak_count));
}

ExitCode audit(const AuditArguments& arguments) {
  const auto stack = shop::read_stack_info(arguments.stack);
  if (!stack) return print_error(stack.error());
  const auto result = shop::audit(*stack);
  if (!result) return print_error(result.error());
  if (arguments.json) {
    print_json(*result);
  } else {
    print_table(*result);
  }
  return result->leak_count == 0 ? ExitCode::pass : ExitCode::gate_failed;
}

}  // namespace

void add_audit(CLI::App& app, ExitCode& exit_code) {
  auto arguments = std::make_shared<AuditArguments>();
  auto* command = app.add_subcommand("audit", "look for tagged data in live stores, and live data in shadow ones");
  command->add_option("--stack", arguments->stack, "folder of a running stack (tidemark stack up --dir)")->required();
  command->add_flag("--json", arguments->json, "print the result as JSON");
  command->footer(
      "Reads the payload of every row, key and event; names and prefixes are not trusted.\n"
      "Exit codes: 0 no leak, 99 leaks found, 4 a store does not answer.\n\n"
      "Examples:\n"
      "  tidemark audit --stack /var/tmp/shop\n"
      "  tidemark audit --stack /var/tmp/shop --json | jq .leak_count");
  command->callback([arguments, &exit_code] { exit_code = audit(*arguments); });
}

}  // namespace tidemark::cli
