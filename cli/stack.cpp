// tidemark stack up | down | status, and the hidden `node` that a supervisor starts.
#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "cli/commands.h"
#include "cli/stack_status.h"
#include "cli/stop_signal.h"
#include "scenarios/shop/limits.h"
#include "scenarios/shop/node_config.h"
#include "scenarios/shop/stack_info.h"
#include "scenarios/shop/stack_state.h"
#include "scenarios/shop/supervisor.h"

namespace tidemark::cli {
namespace {

using namespace std::chrono_literals;

struct UpArguments {
  std::string topology, nodes, dir = "stack", limits;
  int cpu = -1;
  bool detach = false;
};

struct NodeArguments {
  int ready_fd = 3;
  int parent = 0;
};

// "product=3,order=2" into the topology.
Result<void> set_nodes(const std::string& text, shop::Topology* topology) {
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string item = text.substr(begin, end - begin);
    const std::size_t equals = item.find('=');
    const std::string service = item.substr(0, equals);
    if (equals == std::string::npos || !topology->services.contains(service)) {
      return fail(ExitCode::usage, "--nodes", "\"" + item + "\" is not SERVICE=COUNT of a service of the stack",
                  "--nodes product=3,order=2");
    }
    const std::string yaml = "services: {" + service + ": {nodes: \"" + item.substr(equals + 1) + "\"}}";
    const auto sized = shop::parse_topology(yaml, "--nodes " + item);  // the same limits as in a file
    if (!sized) return tl::make_unexpected(sized.error());
    topology->services[service].nodes = sized->services.at(service).nodes;
    begin = end + 1;
  }
  return {};
}

Result<shop::Supervisor::Options> supervisor_options(const UpArguments& arguments) {
  shop::Supervisor::Options options;
  options.topology = shop::default_topology();
  if (!arguments.topology.empty()) {
    auto loaded = shop::load_topology(arguments.topology);
    if (!loaded) return tl::make_unexpected(loaded.error());
    options.topology = std::move(*loaded);
  }
  if (const auto set = set_nodes(arguments.nodes, &options.topology); !set) return tl::make_unexpected(set.error());
  if (arguments.cpu >= 0) options.topology.cpu = arguments.cpu;
  if (!arguments.limits.empty()) {
    const auto limit = shop::read_limit(arguments.limits, "gateway");
    if (!limit) return tl::make_unexpected(limit.error());
    options.limits_file = arguments.limits;
  }
  options.dir = arguments.dir;
  return options;
}

void print_started(const shop::StackInfo& info, const std::string& dir) {
  std::printf("%zu nodes are up; the edge is %s\n", info.nodes.size(), info.edge_url.c_str());
  std::printf("  curl '%s/browse?item=1'\n", info.edge_url.c_str());
  std::printf("  tidemark run scenarios/library/sale.yaml --stack %s\n", dir.c_str());
  std::fflush(stdout);
}

// Until a signal; says when a node dies.
int supervise(shop::Supervisor& supervisor, const std::atomic<int>& stop) {
  std::size_t told = 0;
  while (stop.load() == 0) {
    std::this_thread::sleep_for(100ms);
    const auto deaths = supervisor.deaths();
    for (; told < deaths.size(); ++told) std::fprintf(stderr, "tidemark: node %s\n", deaths[told].c_str());
  }
  return stop.load();
}

// Ctrl-C is how a stack in the foreground is meant to end, so its end is a pass; SIGTERM is reported as such.
ExitCode up_in_foreground(const UpArguments& arguments, shop::Supervisor::Options options) {
  const auto& stop = install_stop_signal();
  auto supervisor = shop::Supervisor::start(std::move(options));
  if (!supervisor) return print_error(supervisor.error());
  print_started((*supervisor)->info(), arguments.dir);
  std::printf("Ctrl-C stops it.\n");
  std::fflush(stdout);
  const int number = supervise(**supervisor, stop);
  (*supervisor)->stop();
  return number == SIGINT ? ExitCode::pass : exit_code_of_signal(number);
}

// The detached supervisor's first words to the command that started it: an empty line, or the error.
std::string report_of(const Result<std::unique_ptr<shop::Supervisor>>& started) {
  if (started) return "{}";
  const Error& error = started.error();
  return nlohmann::json{
      {"code", static_cast<int>(error.code)}, {"place", error.place}, {"what", error.what}, {"advice", error.advice}}
      .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

[[noreturn]] void supervise_detached(const shop::Supervisor::Options& options, int report_fd) {
  setsid();
  const auto& stop = install_stop_signal();
  std::filesystem::create_directories(options.dir);
  const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
  const int log = open((options.dir / "supervisor.log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  dup2(null, STDIN_FILENO);
  dup2(log, STDOUT_FILENO);
  dup2(log, STDERR_FILENO);
  auto supervisor = shop::Supervisor::start(options);
  const std::string report = report_of(supervisor);
  const bool told = write(report_fd, report.data(), report.size()) == static_cast<ssize_t>(report.size());
  close(report_fd);
  if (supervisor && told) {
    supervise(**supervisor, stop);
    (*supervisor)->stop();
  }
  _exit(supervisor ? 0 : 4);
}

ExitCode up_detached(const UpArguments& arguments, const shop::Supervisor::Options& options) {
  std::array<int, 2> report{};
  if (pipe2(report.data(), O_CLOEXEC) != 0) return print_error({ExitCode::environment, "pipe", "no descriptors", ""});
  const pid_t child = fork();  // before any thread exists
  if (child < 0) return print_error({ExitCode::environment, "fork", "no process", ""});
  if (child == 0) {
    close(report[0]);
    supervise_detached(options, report[1]);
  }
  close(report[1]);
  std::string text;
  std::array<char, 4096> buffer{};
  for (ssize_t count = 1; count > 0;) {
    count = read(report[0], buffer.data(), buffer.size());
    if (count > 0) text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  close(report[0]);
  const auto parsed = nlohmann::json::parse(text, nullptr, false);
  if (!parsed.is_object()) {
    return print_error({ExitCode::environment, arguments.dir, "the supervisor ended before it said anything",
                        "see " + arguments.dir + "/supervisor.log"});
  }
  if (parsed.contains("what")) {
    return print_error(
        {static_cast<ExitCode>(parsed["code"].get<int>()), parsed["place"], parsed["what"], parsed["advice"]});
  }
  const auto info = shop::read_stack_info(arguments.dir);
  if (!info) return print_error(info.error());
  print_started(*info, arguments.dir);
  std::printf("  tidemark stack down --dir %s\n", arguments.dir.c_str());
  return ExitCode::pass;
}

ExitCode up(const UpArguments& arguments) {
  auto options = supervisor_options(arguments);
  if (!options) return print_error(options.error());
  return arguments.detach ? up_detached(arguments, *options) : up_in_foreground(arguments, std::move(*options));
}

ExitCode down(const ExistingStack& arguments) {
  const auto stopped = shop::stop_stack(arguments.dir, 10s);
  if (!stopped) return print_error(stopped.error());
  std::printf("%s\n", *stopped ? "stopped" : "no stack was running there; the stale stack.json is removed");
  return ExitCode::pass;
}

// A node dies with its supervisor, however that ends; getppid() catches one that ended before prctl took effect.
ExitCode node(const NodeArguments& arguments) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (arguments.parent != 0 && getppid() != arguments.parent) return ExitCode::environment;
  std::signal(SIGPIPE, SIG_IGN);
  const std::string text{std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>()};
  auto config = shop::parse_node_config(text);
  if (!config) return print_error(config.error());
  return shop::run_node(std::move(*config), arguments.ready_fd);
}

void add_existing(CLI::App* stack, const std::string& name, const std::string& help, const std::string& example,
                  bool json, ExitCode& exit_code, ExitCode (*run)(const ExistingStack&)) {
  auto arguments = std::make_shared<ExistingStack>();
  auto* command = stack->add_subcommand(name, help);
  command->add_option("--dir", arguments->dir, "folder of the stack")->capture_default_str();
  if (json) command->add_flag("--json", arguments->json, "for machines");
  command->footer("Example:\n  " + example);
  command->callback([arguments, &exit_code, run] { exit_code = run(*arguments); });
}

}  // namespace

void add_stack(CLI::App& app, ExitCode& exit_code) {
  auto* stack = app.add_subcommand("stack", "start, stop and look at the bundled chain of services");
  stack->require_subcommand(1);
  stack->footer(
      "Examples:\n"
      "  tidemark stack up --dir stack --detach\n"
      "  tidemark stack up --topology shop.topology.yaml --nodes product=3,order=2\n"
      "  tidemark stack status --dir stack --json\n"
      "  tidemark stack down --dir stack");

  auto arguments = std::make_shared<UpArguments>();
  auto* command = stack->add_subcommand("up", "start every node as a process of its own, until Ctrl-C");
  command->add_option("--topology", arguments->topology, "topology file (default: the bundled shop)");
  command->add_option("--nodes", arguments->nodes, "nodes per service, over the topology's: product=3,order=2");
  command->add_option("--dir", arguments->dir, "folder for stack.json, logs and data")->capture_default_str();
  command->add_option("--limits", arguments->limits, "limits.json of a plan, obeyed by the gateway");
  command->add_option("--cpu", arguments->cpu, "pin the whole stack to this core")->check(CLI::Range(0, 1023));
  command->add_flag("--detach", arguments->detach, "return once the stack is ready");
  command->footer(
      "Examples:\n"
      "  tidemark stack up\n"
      "  tidemark stack up --nodes product=3 --cpu 1 --dir stack --detach");
  command->callback([arguments, &exit_code] { exit_code = up(*arguments); });

  add_existing(stack, "down", "stop a running stack; nothing is left of it but its folder",
               "tidemark stack down --dir stack", false, exit_code, down);
  add_existing(stack, "status", "health, pool and rates of every node since its start",
               "tidemark stack status --dir stack --json", true, exit_code, stack_status);

  auto node_arguments = std::make_shared<NodeArguments>();
  auto* hidden = app.add_subcommand("node", "")->group("");
  hidden->add_option("--ready-fd", node_arguments->ready_fd, "");
  hidden->add_option("--parent", node_arguments->parent, "");
  hidden->callback([node_arguments, &exit_code] { exit_code = node(*node_arguments); });
}

}  // namespace tidemark::cli
