// tidemark duel: limiters under the same seeded overloads of a simulated system.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/console.h"
#include "engine/core/words.h"
#include "models/duel/duel.h"
#include "models/twin/system_file.h"

namespace tidemark::cli {
namespace {

struct DuelArguments {
  std::string system, good_within = "500ms", overload = "6s", calm = "10m", place = "twin", out;
  std::string limiters = "tide,none,fixed,adaptive_window,aimd,vegas,gradient2,envoy,sentinel_system,dagor";
  std::uint32_t seeds = 30, tune = 50;
  bool json = false, quiet = false;
};

Result<Nanos> duration_of(const std::string& option, const std::string& text) {
  const auto duration = parse_duration(text);
  if (!duration || *duration < duel::kWindow || *duration > std::chrono::hours(24)) {
    return fail(ExitCode::usage, option, "must be a time from 50ms to 24h, such as 6s or 10m");
  }
  return *duration;
}

// The services whose nodes the file puts a limiter before; without any, every one.
std::vector<std::string> guarded_in(const twin::System& system) {
  std::vector<std::string> names;
  for (const twin::Service& service : system.services) {
    if (service.guard.limiter) names.push_back(service.name);
  }
  return names;
}

// Split at commas, but not inside {}.
std::vector<std::string> words_of(const std::string& list) {
  std::vector<std::string> words(1);
  int depth = 0;
  for (const char c : list) {
    depth += (c == '{') - (c == '}');
    if (c == ',' && depth == 0) {
      words.emplace_back();
    } else {
      words.back() += c;
    }
  }
  return words;
}

// A kind, or settings as JSON.
Result<duel::Contender> contender_of(const duel::Arena& arena, const std::string& word) {
  if (word.starts_with('{')) {
    const auto json = nlohmann::json::parse(word, nullptr, false);
    if (json.is_discarded()) return fail(ExitCode::usage, "--limiters", "'" + word + "' is not JSON");
    const auto settings = guard::parse_limiter(json, "--limiters");
    if (!settings) return tl::make_unexpected(settings.error());
    return duel::Contender{word, *settings};
  }
  const auto kinds = guard::limiter_kinds();
  if (std::ranges::find(kinds, word) == kinds.end()) {
    const std::vector<std::string> names(kinds.begin(), kinds.end());
    return fail(ExitCode::usage, "--limiters",
                fmt::format("'{}' is none of {}{}", word, fmt::join(names, ", "), did_you_mean(word, names)));
  }
  return duel::Contender{word, duel::starting_point(arena, word)};
}

Result<duel::DuelPlan> plan_of(const duel::Arena& arena, const DuelArguments& arguments) {
  duel::DuelPlan plan{.seeds = arguments.seeds, .tune = arguments.tune};
  const auto overload = duration_of("--overload", arguments.overload), calm = duration_of("--calm", arguments.calm);
  if (!overload) return tl::make_unexpected(overload.error());
  if (!calm) return tl::make_unexpected(calm.error());
  plan.overload = *overload;
  plan.calm = *calm;
  for (const std::string& word : words_of(arguments.limiters)) {
    auto contender = contender_of(arena, word);
    if (!contender) return tl::make_unexpected(contender.error());
    plan.contenders.push_back(std::move(*contender));
  }
  return plan;
}

std::string percent(double share) {
  return share < 0 ? "-" : fmt::format("{:.1f}%", 100 * share);
}

std::string more(const duel::Estimate& estimate) {
  return fmt::format("{:+.1f} ({:+.1f} to {:+.1f})", 100 * estimate.mean, 100 * estimate.low, 100 * estimate.high);
}

void print_overload(const duel::DuelResult& result, std::size_t which) {
  const double load = result.contenders.front().overloads[which].load;
  std::printf("\nat %gx, share of the best possible; first: how much more %s has, in points, 95 %% interval\n", load,
              result.contenders.front().name.c_str());
  std::printf("%-16s %7s %22s %7s %22s %6s %6s %6s  %s\n", "limiter", "answers", "first", "value", "first", "p50 ms",
              "p99 ms", "core", "answered: core, normal, browse, shadow");
  for (const auto& contender : result.contenders) {
    const duel::Overload& at = contender.overloads[which];
    std::printf("%-16s %7s %22s %7s %22s %6.0f %6.0f %6.0f  %s %s %s %s\n", contender.name.substr(0, 16).c_str(),
                percent(at.share.mean).c_str(), more(at.first_more).c_str(), percent(at.value_share.mean).c_str(),
                more(at.first_more_value).c_str(), at.p50_ms, at.p99_ms, at.core_p99_ms,
                at.passed[0] < 0 ? "-" : fmt::format("{:.2f}%", 100 * at.passed[0]).c_str(),
                percent(at.passed[1]).c_str(), percent(at.passed[2]).c_str(), percent(at.passed[3]).c_str());
  }
}

void print(const duel::DuelResult& result) {
  std::printf("%s: capacity %.0f a second, %u seeds, %u settings tried for each\n", result.system.c_str(),
              result.capacity_rps, result.plan.seeds, result.plan.tune);
  for (std::size_t which = 0; which < result.contenders.front().overloads.size(); ++which) {
    print_overload(result, which);
  }
  std::printf("\n%-16s %26s %30s\n", "limiter",
              fmt::format("refused, {} at 70 %", format_duration(result.plan.calm)).c_str(),
              "back to 95 % after 0.7x to 1.4x");
  for (const auto& contender : result.contenders) {
    std::printf("%-16s %26s %30s\n", contender.name.substr(0, 16).c_str(),
                fmt::format("{} of {}", contender.calm_refused, contender.calm_ended).c_str(),
                contender.recovery_ms < 0 ? "not within 2 s" : fmt::format("{:.0f} ms", contender.recovery_ms).c_str());
  }
}

ExitCode run(const DuelArguments& arguments) {
  if (arguments.place != "twin") {
    return print_error({ExitCode::usage, "--in", "'" + arguments.place + "' is none of twin", ""});
  }
  const auto system = twin::load_system(arguments.system);
  if (!system) return print_error(system.error());
  const auto oracle = duel::Oracle::of(*system);
  if (!oracle) return print_error(oracle.error());
  const auto good_within = duration_of("--good-within", arguments.good_within);
  if (!good_within) return print_error(good_within.error());
  const duel::Arena arena{*system, *oracle, guarded_in(*system), *good_within};
  const auto plan = plan_of(arena, arguments);
  if (!plan) return print_error(plan.error());
  const auto result = duel::run_duel(arena, *plan, [&arguments](const std::string& line) {
    if (!arguments.quiet) std::fprintf(stderr, "%s\n", line.c_str());
  });
  if (!result) return print_error(result.error());
  const auto json = duel::to_json(*result);
  if (!arguments.out.empty()) {
    if (const auto written = write_json_file(arguments.out, json); !written) return print_error(written.error());
  }
  if (arguments.json) {
    std::printf("%s\n", json.dump(2).c_str());
  } else {
    print(*result);
  }
  return ExitCode::pass;
}

}  // namespace

void add_duel(CLI::App& app, ExitCode& exit_code) {
  auto arguments = std::make_shared<DuelArguments>();
  auto* command = app.add_subcommand("duel", "limiters under the same seeded overloads of a simulated system");
  command->add_option("system", arguments->system, "a system of the twin (docs/twin.md)")->required();
  command
      ->add_option("--limiters", arguments->limiters,
                   "kinds (docs/guards.md), or settings as JSON; the others are compared with the first")
      ->capture_default_str();
  command->add_option("--seeds", arguments->seeds, "overloads of each kind")
      ->check(CLI::Range(2, 10000))
      ->capture_default_str();
  command->add_option("--tune", arguments->tune, "settings tried for each contender; 1: as given")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  command->add_option("--good-within", arguments->good_within, "a later answer does not count")->capture_default_str();
  command->add_option("--overload", arguments->overload, "measured of each overload, after as long to learn")
      ->capture_default_str();
  command->add_option("--calm", arguments->calm, "how long at 70 % of the capacity")->capture_default_str();
  command->add_option("--in", arguments->place, "where: twin")->capture_default_str();
  command->add_option("--out", arguments->out, "write the result as JSON here");
  command->add_flag("--json", arguments->json, "print the result as JSON");
  command->add_flag("--quiet", arguments->quiet, "no progress");
  command->footer(
      "Each contender stands where the file has a limiter (before every node, if it has none) and is tuned by the "
      "same\n"
      "search on seeds of its own.\n"
      "Examples:\n"
      "  tidemark duel scenarios/library/duel-chain.twin.yaml --limiters tide,envoy,dagor --seeds 10\n"
      "  tidemark duel scenarios/library/duel-fan-out.twin.yaml --limiters 'tide,{\"kind\":\"vegas\",\"max\":100}' "
      "--tune "
      "1");
  command->callback([arguments, &exit_code] { exit_code = run(*arguments); });
}

}  // namespace tidemark::cli
