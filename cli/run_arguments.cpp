#include "cli/run_arguments.h"

#include <fmt/format.h>
#include <sys/random.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <string_view>

#include "cli/commands.h"
#include "cli/console.h"
#include "engine/core/trace_id.h"
#include "engine/schedule/value_reader.h"

namespace tidemark::cli {
namespace {

constexpr auto kDefaultDuration = std::chrono::seconds(10);

Result<Nanos> duration_of(const std::string& option, const std::string& text) {
  const auto duration = schedule::parse_duration(text);
  if (duration && *duration > Nanos{}) return *duration;
  return fail(ExitCode::usage, option, "'" + text + "' is not a duration", "write 500ms, 20s, 5m or 1h");
}

Result<schedule::Scenario> base_scenario(const RunArguments& arguments) {
  if (!arguments.scenario_file.empty()) {
    auto parameters = parameters_of(arguments.parameters);
    if (!parameters) return tl::make_unexpected(std::move(parameters.error()));
    auto scenario = schedule::load_scenario(arguments.scenario_file, *parameters);
    if (scenario && !arguments.target.empty()) scenario->target = arguments.target;
    return scenario;
  }
  if (!arguments.parameters.empty()) {
    return fail(ExitCode::usage, "-e", "parameters belong to a scenario file", "name one, or leave them out");
  }
  if (arguments.target.empty() && arguments.stack_dir.empty()) {
    return fail(ExitCode::usage, "run", "nothing to send to", "name a scenario file, or give --target URL");
  }
  // With a stack and no URL the path is the edge's root; its address comes with the stack.
  return schedule::single_url_scenario(arguments.target.empty() ? "/" : arguments.target);
}

// A key shorter than 16 bytes could be guessed from one tag.
Result<traffic::TagSigner> tag_signer(const std::string& file) {
  constexpr std::size_t kShortest = 16, kLongest = 4096;
  std::ifstream in(file, std::ios::binary);
  std::string key(kLongest + 1, '\0');
  if (!in || !in.read(key.data(), static_cast<std::streamsize>(key.size())).eof())
    return fail(ExitCode::usage, file, "cannot be read as a tag key", "one line of text, 16 to 4096 bytes");
  key.resize(static_cast<std::size_t>(in.gcount()));
  while (!key.empty() && (key.back() == '\n' || key.back() == '\r')) key.pop_back();
  if (key.size() < kShortest)
    return fail(ExitCode::usage, file, fmt::format("a tag key of {} bytes is too short", key.size()),
                "16 bytes or more, as from: openssl rand -hex 32");
  return traffic::TagSigner(std::move(key));
}

// --rate, --closed, --replay: the command line's load instead of the file's.
Result<void> override_load(const RunArguments& arguments, schedule::Scenario& scenario) {
  auto& load = scenario.load;
  const bool kinds =
      (arguments.rate ? 1 : 0) + (arguments.closed ? 1 : 0) + (arguments.replay_file.empty() ? 0 : 1) > 1;
  if (kinds)
    return fail(ExitCode::usage, "run", "--rate, --closed and --replay exclude each other", "give one of them");
  Nanos duration = load.stages.size() == 1 ? load.stages.front().duration : load.duration;
  if (!arguments.duration.empty()) {
    auto given = duration_of("--duration", arguments.duration);
    if (!given) return tl::make_unexpected(std::move(given.error()));
    duration = *given;
  }
  if (duration <= Nanos{}) duration = kDefaultDuration;
  const bool instead = !arguments.replay_file.empty() || arguments.closed || arguments.rate;
  if (instead) scenario.further_loads.clear();
  if (!scenario.further_loads.empty() &&
      (!arguments.duration.empty() || arguments.connections > 0 || !arguments.arrivals.empty())) {
    return fail(ExitCode::usage, "run",
                "the scenario has several loads: --duration, --connections and --arrivals of which?",
                "change the file, or give --rate R or --closed");
  }
  if (!arguments.replay_file.empty()) {
    load = {};
    load.replay = schedule::ReplayLog{.file = arguments.replay_file, .speed = arguments.speed};
  } else if (arguments.closed) {
    load = {};
    load.model = schedule::Load::Model::closed;
    load.connections = 10;
    load.duration = duration;
  } else if (arguments.rate) {
    const auto arrivals = load.arrivals;
    load = {};
    load.arrivals = arrivals;
    load.stages = {{Rate::per_second(*arguments.rate), Rate::per_second(*arguments.rate), duration}};
  } else if (arguments.scenario_file.empty() && !arguments.trace) {
    return fail(ExitCode::usage, "run", "how much to send is not said",
                "give --rate R, --closed or --replay ACCESS_LOG");
  } else if (!arguments.duration.empty()) {
    if (load.users.size() == 1) {
      load.users.front().duration = duration;
    } else if (load.model == schedule::Load::Model::closed && load.users.empty()) {
      load.duration = duration;
    } else if (load.stages.size() == 1) {
      load.stages.front().duration = duration;
    } else {
      return fail(ExitCode::usage, "--duration", "the scenario's load has several stages, or a curve of its own",
                  "give --rate R with it");
    }
  }
  if (arguments.connections > 0) load.connections = arguments.connections;
  if (!arguments.arrivals.empty()) {
    load.arrivals = arguments.arrivals == "even" ? schedule::Load::Arrivals::even : schedule::Load::Arrivals::poisson;
  }
  return {};
}

// "3/8" is agent 3 of 8, counted from 0.
Result<schedule::Partition> partition_of(const std::string& text) {
  if (text.empty()) return schedule::Partition{};
  const std::size_t slash = text.find('/');
  const auto index = schedule::parse_integer(text.substr(0, slash));
  const auto count = schedule::parse_integer(slash == std::string::npos ? "" : text.substr(slash + 1));
  if (index && count && *index >= 0 && *count >= 1 && *index < *count && *count <= 100'000)
    return schedule::Partition{static_cast<std::uint32_t>(*index), static_cast<std::uint32_t>(*count)};
  return fail(ExitCode::usage, "--partition", "'" + text + "' is not I/N with I from 0 to N-1", "write 0/4 ... 3/4");
}

std::string new_run_id() {
  std::uint64_t id = 0;
  if (getrandom(&id, sizeof(id), 0) != sizeof(id))
    id = static_cast<std::uint64_t>(Clock::now().time_since_epoch().count());
  return hex16(id);
}

}  // namespace

void add_target_arguments(CLI::App& command, RunArguments& arguments) {
  command.add_option("--allow-list", arguments.allow_list_file,
                     "YAML file of hosts, besides loopback, that may be sent load (default $TIDEMARK_ALLOW_LIST)");
  command
      .add_option("--confirm", arguments.confirmed,
                  "the exact host of an allowed target that is not loopback; repeatable")
      ->allow_extra_args(false);
  command.add_option(
      "--approval", arguments.approval_file,
      "YAML file with owner, hosts, max_rate, expires; the rate is never exceeded; required for a target "
      "that is not loopback where CI=true");
}

void add_run_arguments(CLI::App& command, RunArguments& arguments) {
  command.add_option("scenario", arguments.scenario_file,
                     "scenario file (YAML); without one, --target is sent GET requests");
  command.add_option("--target", arguments.target, "URL to send to; replaces the scenario's target");
  command.add_option("--rate", arguments.rate, "arrivals per second, held whatever the answers do")
      ->check(CLI::Range(0.001, 1e7));
  command.add_option("--duration", arguments.duration, "length of the load: 500ms, 20s, 5m (default 10s)");
  command.add_option("--arrivals", arguments.arrivals, "poisson (default) or even")
      ->check(CLI::IsMember({"poisson", "even"}));
  command.add_flag("--closed", arguments.closed,
                   "each connection sends as soon as it has its answer: as fast as it goes");
  command.add_option("--connections", arguments.connections, "at most so many; with --closed: users (default 10)")
      ->check(CLI::Range(1U, 10'000'000U));
  command.add_option("--timeout", arguments.timeout,
                     "a request without a whole answer by then has failed (default 30s)");
  command.add_option("--replay", arguments.replay_file,
                     "access log (combined format): its paths at their recorded times");
  command.add_option("--speed", arguments.speed, "replay: divide the recorded gaps by this")
      ->check(CLI::Range(1e-6, 1e9));
  command.add_option("-e,--env", arguments.parameters, "KEY=VALUE for ${KEY} in the scenario; repeatable")
      ->allow_extra_args(false);
  command
      .add_option("--threshold", arguments.thresholds,
                  "condition the run must meet, as in 'response.p99 < 86ms'; with 'abort for 3' at its end it stops "
                  "the run (docs/thresholds.md); repeatable")
      ->allow_extra_args(false);
  command.add_option("--stack", arguments.stack_dir,
                     "a running stack's folder: target, nodes to scrape, tag key, audit");
  command
      .add_option(
          "--tag-key-file", arguments.tag_key_file,
          "tag every request: header x-shadow, signed with the key in this file, which the target knows as well")
      ->excludes("--stack");
  add_target_arguments(command, arguments);
  command.add_option("--seed", arguments.seed, "equal seeds send equal requests at equal times")->capture_default_str();
  command.add_option("--out", arguments.out_dir, "run directory to create (default runs/<time>-<run id>)");
  command.add_option("--cpu", arguments.cpu, "run the generator on this core alone")->check(CLI::Range(0, 4095));
  command.add_option(
      "--spin", arguments.spin,
      "poll for so long before each planned instant instead of sleeping (50us): less lag, more processor");
  command.add_option("--partition", arguments.partition,
                     "I/N: send only what is agent I's (0 to N-1) of the schedule; N of them together send all of it");
  auto* trace = command.add_flag("--trace", arguments.trace,
                                 "one pass through each flow: print every request and answer whole, record nothing");
  command.add_option("--flow", arguments.flow, "with --trace: only this flow")->needs(trace);
  command.add_flag("--json", arguments.json, "print summary.json instead of tables, and no progress");
  command.add_flag("--quiet", arguments.quiet, "as --progress none");
  add_progress_arguments(command, arguments.progress);
  command.footer(
      "Examples:\n"
      "  tidemark run --target http://127.0.0.1:8080/ --rate 1000 --duration 20s\n"
      "  tidemark run --target http://127.0.0.1:8080/ --closed --connections 64 --duration 10s\n"
      "  tidemark run sale.yaml --trace --flow buy\n"
      "  tidemark run sale.yaml --stack ./stack -e items=500 --seed 7\n"
      "  tidemark run --target http://127.0.0.1:8080/ --rate 500 --threshold 'failed_ratio < 1% over 5s abort for 3'\n"
      "  tidemark run --target http://127.0.0.1:8080 --replay access.log --speed 10 --json\n"
      "  tidemark run sale.yaml --stack ./stack --stream - | jq '.response_us.p99'\n"
      "  tidemark run sale.yaml --stack ./stack --metrics-listen 127.0.0.1:9464\n"
      "  tidemark run --target http://shop.staging.example/ --rate 50 --allow-list hosts.yaml --confirm "
      "shop.staging.example");
}

Result<traffic::TargetPolicy> target_policy(const RunArguments& arguments) {
  traffic::TargetPolicy policy;
  policy.confirmed = arguments.confirmed;
  policy.now = std::chrono::system_clock::now();
  const char* const ci = std::getenv("CI");
  policy.approval_required = ci != nullptr && std::string_view(ci) == "true";
  const char* const usual = std::getenv("TIDEMARK_ALLOW_LIST");
  const std::string file = arguments.allow_list_file.empty() && usual != nullptr ? usual : arguments.allow_list_file;
  if (!file.empty()) {
    auto allowed = traffic::load_allow_list(file);
    if (!allowed) return tl::make_unexpected(std::move(allowed.error()));
    policy.allowed = std::move(*allowed);
  }
  if (!arguments.approval_file.empty()) {
    auto approval = traffic::load_approval(arguments.approval_file);
    if (!approval) return tl::make_unexpected(std::move(approval.error()));
    policy.approval = std::move(*approval);
  }
  return policy;
}

Result<drive::RunOptions> run_options(const RunArguments& arguments) {
  auto scenario = base_scenario(arguments);
  if (!scenario) return tl::make_unexpected(std::move(scenario.error()));
  if (auto load = override_load(arguments, *scenario); !load) return tl::make_unexpected(std::move(load.error()));
  if (!arguments.timeout.empty()) {
    auto timeout = duration_of("--timeout", arguments.timeout);
    if (!timeout) return tl::make_unexpected(std::move(timeout.error()));
    scenario->timeout = *timeout;
  }
  for (const auto& text : arguments.thresholds) {
    auto threshold = schedule::parse_threshold(text);
    if (!threshold) return tl::make_unexpected(std::move(threshold.error()));
    scenario->thresholds.push_back(std::move(*threshold));
  }
  drive::RunOptions options;
  if (!arguments.spin.empty()) {
    auto spin = duration_of("--spin", arguments.spin);
    if (!spin) return tl::make_unexpected(std::move(spin.error()));
    options.spin = *spin;
  }
  auto partition = partition_of(arguments.partition);
  if (!partition) return tl::make_unexpected(std::move(partition.error()));
  options.partition = *partition;
  options.scenario = std::move(*scenario);
  auto targets = target_policy(arguments);
  if (!targets) return tl::make_unexpected(std::move(targets.error()));
  options.targets = std::move(*targets);
  if (!arguments.tag_key_file.empty()) {
    auto signer = tag_signer(arguments.tag_key_file);
    if (!signer) return tl::make_unexpected(std::move(signer.error()));
    options.signer = std::move(*signer);
  }
  options.seed = arguments.seed;
  options.cpu = arguments.cpu;
  options.run_id = new_run_id();
  options.out_dir = arguments.out_dir;
  if (arguments.out_dir.empty()) {
    const auto stamped = stamped_dir("run");
    options.out_dir = stamped.parent_path() / (stamped.filename().string().substr(4) + "-" + options.run_id);
  }
  return options;
}

}  // namespace tidemark::cli
