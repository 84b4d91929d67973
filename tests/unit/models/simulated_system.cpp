#include "tests/unit/models/simulated_system.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <variant>

namespace tidemark::testing {
namespace {

struct Requests {  // of one probe, as they end
  std::vector<double> arrivals, ends;
};

Requests play(SimulatedSystem& system, const search::Probe& probe, Random& random) {
  Requests requests;
  system.drain();
  const double until = probe.settle_s + probe.longest_s;
  for (double t = random.exponential(1 / probe.rate); t < until; t += random.exponential(1 / probe.rate)) {
    requests.arrivals.push_back(t);
    requests.ends.push_back(t + system.respond(t, probe.rate, random));
  }
  return requests;
}

Progress second_of(const Requests& requests, int second, double limit_s) {
  Progress progress{.t_s = second + 1.0, .length_s = 1};
  StepProgress step{.step = "get"};
  for (std::size_t i = 0; i < requests.arrivals.size(); ++i) {
    const double arrived = requests.arrivals[i], ended = requests.ends[i];
    if (arrived >= second && arrived < second + 1) ++step.second.started;
    if (arrived < second + 1 && ended >= second + 1) ++step.second.in_flight;
    if (ended < second || ended >= second + 1) continue;
    ++step.second.ok;
    if (ended - arrived > limit_s) ++step.slow;
  }
  progress.flows_second.planned = step.second.started;
  progress.total = step;
  progress.total.step = "";
  progress.steps = {step};
  return progress;
}

}  // namespace

double QueueSystem::respond(double t, double, Random& random) {
  const auto next = std::min_element(free_at_.begin(), free_at_.end());
  *next = std::max(*next, t) + random.lognormal(mean_s_, cv_);
  return *next - t;
}

SimulatedSearch simulate_search(const search::SearchOptions& options, SimulatedSystem& system, std::uint64_t seed,
                                const std::function<std::string(const search::Probe&)>& validity) {
  search::Search search(options);
  Random random(seed, "simulated search");
  SimulatedSearch played;
  auto next = search.first();
  while (const auto* probe = std::get_if<search::Probe>(&next)) {
    const Requests requests = play(system, *probe, random);
    search::SloWatch watch(options.slo, *probe);
    const int seconds = static_cast<int>(std::lround(probe->settle_s + probe->longest_s));
    for (int second = 0; second < seconds; ++second) {
      if (!watch.second(second_of(requests, second, options.slo.limit_us * 1e-6)).empty()) break;
    }
    auto outcome = watch.outcome();
    if (validity) outcome.validity = validity(*probe);
    played.lasted_s += outcome.lasted_s;
    next = search.step(outcome);
  }
  played.result = std::get<search::SearchResult>(next);
  played.taken = search.taken();
  return played;
}

double long_run_share(SimulatedSystem& system, double rate, double limit_s, std::uint64_t requests,
                      std::uint64_t seed) {
  Random random(seed, "long run");
  system.drain();
  double t = 0, slow = 0;
  for (std::uint64_t i = 0; i < requests; ++i) {
    t += random.exponential(1 / rate);
    if (system.respond(t, rate, random) > limit_s) slow += 1;
  }
  return slow / static_cast<double>(requests);
}

double true_limit(SimulatedSystem& system, double limit_s, double allowed, double from, double to) {
  for (int i = 0; i < 12; ++i) {
    const double middle = (from + to) / 2;
    (long_run_share(system, middle, limit_s, 300'000, 99) > allowed ? to : from) = middle;
  }
  return (from + to) / 2;
}

}  // namespace tidemark::testing
