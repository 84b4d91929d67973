#include "cli/fault_gate.h"

#include <fmt/format.h>

#include <boost/asio/ip/address.hpp>
#include <csignal>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/stop_signal.h"
#include "engine/core/words.h"
#include "engine/net/gate_service.h"
#include "engine/traffic/target_guard.h"

namespace tidemark::cli {
namespace {

struct GateArguments {
  std::string listen = "127.0.0.1:0", to, control, running;
  std::vector<std::string> words;
  std::uint32_t connections = net::GateLimits{}.connections;
  std::uint64_t seed = 1;
};

// HOST:PORT of this machine: a gate must not carry load past the target guard.
Result<net::Endpoint> local_endpoint(const std::string& option, const std::string& text, std::int64_t lowest_port) {
  const std::size_t colon = text.rfind(':');
  const auto port = colon == std::string::npos ? std::nullopt : parse_integer(text.substr(colon + 1));
  std::string host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (!port || *port < lowest_port || *port > 65'535 || host.empty()) {
    return fail(ExitCode::usage, option, "'" + text + "' is not HOST:PORT", option + " 127.0.0.1:8080");
  }
  const auto address = traffic::resolve_allowed(host);
  if (!address) return tl::make_unexpected(address.error());
  return net::Endpoint{address->to_string(), static_cast<std::uint16_t>(*port)};
}

ExitCode start_gate(const GateArguments& arguments) {
  net::GateServiceOptions options;
  const auto listen = local_endpoint("--listen", arguments.listen, 0);
  if (!listen) return print_error(listen.error());
  const auto to = local_endpoint("--to", arguments.to, 1);
  if (!to) return print_error(to.error());
  const auto rules = net::parse_gate_rules(arguments.words);
  if (!rules) return print_error(rules.error());
  options.listen = *listen;
  options.to = *to;
  options.rules = *rules;
  options.limits.connections = arguments.connections;
  options.control_file = arguments.control;
  options.seed = arguments.seed;
  const auto& stop = install_stop_signal();
  const auto counters = net::run_gate_service(options, stop, [&](const net::Endpoint& at) {
    std::printf("gate %s to %s: %s; Ctrl-C ends it\n", at.authority().c_str(), to->authority().c_str(),
                net::to_words(*rules).c_str());
    std::fflush(stdout);
  });
  if (!counters) return print_error(counters.error());
  std::printf("%llu connections, %llu reset, %llu refused, %llu bytes up, %llu bytes down\n",
              static_cast<unsigned long long>(counters->accepted), static_cast<unsigned long long>(counters->resets),
              static_cast<unsigned long long>(counters->refused), static_cast<unsigned long long>(counters->bytes_up),
              static_cast<unsigned long long>(counters->bytes_down));
  const int number = stop.load();
  return number == SIGINT ? ExitCode::pass : exit_code_of_signal(number);
}

ExitCode change_gate(const GateArguments& arguments) {
  if (const auto rules = net::parse_gate_rules(arguments.words); !rules) return print_error(rules.error());
  const auto state = net::order_gate(arguments.running, arguments.words);
  if (!state) return print_error(state.error());
  std::printf("%s\n", state->c_str());
  return ExitCode::pass;
}

ExitCode gate(const GateArguments& arguments) {
  if (arguments.to.empty() == arguments.running.empty()) {
    return print_error({ExitCode::usage, "gate", "give --to, to start a gate, or --running, to change one",
                        "tidemark fault gate --to 127.0.0.1:8080 --control gate.json delay=20ms"});
  }
  return arguments.running.empty() ? start_gate(arguments) : change_gate(arguments);
}

}  // namespace

void add_fault_gate(CLI::App& fault, ExitCode& exit_code) {
  auto arguments = std::make_shared<GateArguments>();
  auto* command = fault.add_subcommand("gate", "a TCP gate that delays, cuts up, resets or refuses what passes it");
  command->add_option("rules", arguments->words,
                      "delay=20ms (each way) | reset=0.01 (chance per read) | slice=1..64B | down | clear");
  command->add_option("--listen", arguments->listen, "where callers connect; port 0 picks one")->capture_default_str();
  command->add_option("--to", arguments->to, "where connections go on to; an address of this machine");
  command->add_option("--control", arguments->control, "write this file, with which the gate is changed while it runs");
  command->add_option("--running", arguments->running,
                      "change the gate that wrote this file; without rules: its state");
  command->add_option("--max-connections", arguments->connections, "more are reset at once")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  command->add_option("--seed", arguments->seed, "of resets and slices")->capture_default_str();
  command->footer(
      "Examples:\n"
      "  tidemark fault gate --to 127.0.0.1:8080 delay=20ms\n"
      "  tidemark fault gate --listen 127.0.0.1:9000 --to 127.0.0.1:8080 --control gate.json\n"
      "  tidemark fault gate --running gate.json reset=0.01 slice=1..64B\n"
      "  tidemark fault gate --running gate.json down\n"
      "  tidemark fault gate --running gate.json clear");
  command->callback([arguments, &exit_code] { exit_code = gate(*arguments); });
}

}  // namespace tidemark::cli
