// How fast the twin is, and how near to Erlang's formula: events a second of a chain without guards, simulated against
// real time of a six-hop chain at a million requests a second with all guards on, and M/M/c queues.
// usage: twin_speed [events|chain|shop|erlang] [SECONDS or MILLIONS OF ARRIVALS]
#include <sys/resource.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include "engine/schedule/arrivals.h"
#include "models/capacity/queueing.h"
#include "models/twin/simulation.h"

namespace {

using namespace tidemark;
using namespace tidemark::twin;

constexpr double kShortMs[] = {1, 1, 1, 1, 1, 1};
constexpr double kShopMs[] = {0.2, 2, 4,
                              3,   4, 8};  // the bundled shop's, from the edge inwards: five times as much in flight

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

std::unique_ptr<schedule::ArrivalStream> poisson(const System& system, double rate, double seconds) {
  schedule::Scenario scenario;
  for (const Flow& flow : system.flows) scenario.flows.push_back({.name = flow.name, .weight = flow.weight});
  scenario.load.stages.push_back({Rate::per_second(rate), Rate::per_second(rate), from_seconds(seconds)});
  return schedule::make_arrivals(scenario, 1).value();
}

// Six services, each with as many nodes of 256 workers as hold 70 % busy at `rate`; workers are held while calling.
System six_hops(double rate, bool guards, const double* hop_ms) {
  System system;
  system.name = "six hops";
  double hold_s = 0;
  for (int i = 0; i < 6; ++i) hold_s += hop_ms[i] * 1e-3;
  for (int i = 0; i < 6; ++i) {
    Service service;
    service.name = "s" + std::to_string(i);
    service.workers = 256;
    service.nodes = static_cast<std::uint32_t>(std::ceil(rate * hold_s / (0.7 * service.workers)));
    service.operations.push_back(
        {.name = "do", .time = {.kind = ServiceTime::Kind::lognormal, .mean_s = hop_ms[i] * 1e-3, .cv = 0.6}});
    if (i < 5) service.operations[0].then.push_back({{{.service = "s" + std::to_string(i + 1), .operation = "do"}}});
    if (guards) {
      service.guard.limiter = guard::default_limiter("tide");
      service.guard.breaker = guard::default_breaker("sequential");
      service.guard.retry = guard::RetrySettings{};
    }
    hold_s -= hop_ms[i] * 1e-3;
    system.services.push_back(std::move(service));
  }
  for (const auto& [name, weight, priority] :
       {std::tuple{"browse", 85.0, guard::Priority::browse}, std::tuple{"buy", 15.0, guard::Priority::core}}) {
    system.flows.push_back({.name = name,
                            .weight = weight,
                            .priority = priority,
                            .steps = {{.name = name, .service = "s0", .operation = "do"}}});
  }
  return system;
}

void run_chain(const char* title, double rate, bool guards, double seconds, const double* hop_ms) {
  const System system = six_hops(rate, guards, hop_ms);
  std::size_t nodes = 0;
  for (const auto& service : system.services) nodes += service.nodes;
  auto simulation = std::move(*Simulation::create(system, {.seed = 1}));
  const auto arrivals = poisson(system, rate, seconds);
  simulation->start(*arrivals);
  const double cpu = cpu_seconds();
  const auto start = std::chrono::steady_clock::now();
  simulation->run_until(from_seconds(seconds));
  const double wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const double used = cpu_seconds() - cpu;
  const auto& results = simulation->results();
  // A flow's arrival does not go through the queue: it is not counted as an event.
  const auto events = static_cast<double>(results.events - results.flows.planned);
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::printf(
      "%s: %.0f flows, %.0f events in %.2f s (CPU %.2f s): %.2f million events/s, %.2f million/s of CPU; %zu nodes, "
      "%ld MiB\n",
      title, static_cast<double>(results.flows.planned), events, wall, used, events / wall * 1e-6, events / used * 1e-6,
      nodes, usage.ru_maxrss / 1024);
  std::printf(
      "%s: %.0f s simulated in %.2f s: %.2f times real time; ok %llu, refused %llu, failed %llu; p50 %.1f ms, p99 %.1f "
      "ms\n",
      title, seconds, wall, seconds / wall,
      static_cast<unsigned long long>(results.priorities[0].ok + results.priorities[2].ok),
      static_cast<unsigned long long>(results.priorities[0].refused + results.priorities[2].refused),
      static_cast<unsigned long long>(results.priorities[0].failed + results.priorities[2].failed),
      static_cast<double>(results.steps[0].response.quantile(0.5)) / 1000,
      static_cast<double>(results.steps[0].response.quantile(0.99)) / 1000);
}

// Mean wait from the node's own integral, by Little's law; the share that waits is the same times c mu - lambda.
void run_erlang(std::uint32_t servers, double load, double millions) {
  constexpr double kServiceS = 0.01;
  System system;
  system.timeout = {};
  Service service{.name = "a", .workers = servers};
  service.operations.push_back({.name = "do", .time = {.kind = ServiceTime::Kind::exponential, .mean_s = kServiceS}});
  system.services.push_back(service);
  system.flows.push_back({.name = "flow", .steps = {{.name = "flow", .service = "a", .operation = "do"}}});
  const double rate = load / kServiceS, seconds = millions * 1e6 / rate;
  auto simulation = std::move(*Simulation::create(system, {.seed = 1, .window = {}}));
  const auto arrivals = poisson(system, rate, seconds);
  simulation->start(*arrivals);
  const auto start = std::chrono::steady_clock::now();
  simulation->run_until(from_seconds(seconds));
  const double wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const auto mark = simulation->watermark(0);
  const double wait_s = mark.wait_seconds / static_cast<double>(mark.arrived);
  const capacity::Queue queue{servers, rate, kServiceS};
  const double expected = capacity::mean_wait_s(queue);
  std::printf(
      "erlang: C(%u, %g) = %.6f: simulated mean wait %.6f ms, formula %.6f ms, %+.2f %% (%.0f million arrivals, %.1f "
      "s)\n",
      servers, load, capacity::erlang_c(servers, load), wait_s * 1e3, expected * 1e3, 100 * (wait_s / expected - 1),
      millions, wall);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "all";
  const double amount = argc > 2 ? std::atof(argv[2]) : 0;
  if (what == "events" || what == "all") run_chain("events", 1e6, false, amount > 0 ? amount : 10, kShortMs);
  if (what == "chain" || what == "all") run_chain("chain with guards", 1e6, true, amount > 0 ? amount : 10, kShortMs);
  if (what == "shop" || what == "all")
    run_chain("the shop's times, guards", 1e6, true, amount > 0 ? amount : 10, kShopMs);
  if (what == "erlang" || what == "all") {
    const double millions = amount > 0 ? amount : 20;
    run_erlang(1, 0.5, millions);
    run_erlang(2, 1, millions);
    run_erlang(10, 8, millions);
    run_erlang(60, 50, 5 * millions);
  }
  return 0;
}
