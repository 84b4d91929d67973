// What each breaker does to a dependency that is well, and to one that is not, as Markdown: scripts/prove breakers.
// usage: breaker_trips HOURS      HOURS of simulated time a cell at 100 requests/s; twenty times as many at 3
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "tests/unit/guard/false_trips.h"

namespace {

using namespace tidemark;
using namespace tidemark::guard;
using std::chrono::seconds;

const char* const kKinds[] = {"sequential", "sentinel", "gobreaker", "hystrix", "resilience4j", "outlier"};
constexpr double kShares[] = {0.05, 0.10, 0.20, 0.30};

double hours_at(double rate, double hours) {
  return rate > 50 ? hours : 20 * hours;
}

// gobreaker has an exact answer: N = (1 - p^6) / (p^6 (1 - p)) requests to six failures in a row, then a minute, and as
// many minutes more as probes fail.
double exact_gobreaker(double rate, double p) {
  const double p6 = std::pow(p, 6), closed_s = (1 - p6) / (p6 * (1 - p)) / rate, trips = 1 / (1 - p);
  return 3600 * trips / (closed_s + trips * (60 + 1 / rate));
}

// The table of the rules; false if one cell is off by more than four standard deviations of our sample, the rounding of
// the published value and a quarter of it, which is what an unstated sample of theirs may hide.
bool false_trip_table(double hours) {
  bool agree = true;
  fmt::print("| rule | rate | p | published trips/h | ours trips/h | published refused | ours refused |\n");
  fmt::print("|---|---|---|---|---|---|---|\n");
  for (const PublishedTrips& cell : kPublishedTrips) {
    const double length = hours_at(cell.rate, hours);
    const FalseTrips found = false_trips(*default_breaker(cell.kind), Rate::per_second(cell.rate), cell.p, length, 1);
    const double spread = std::sqrt(static_cast<double>(std::max<std::uint64_t>(found.trips, 1))) / length;
    const double rounding = cell.per_hour >= 5 ? 0.5 : 0.05;
    const bool near = std::abs(found.per_hour() - cell.per_hour) <= 4 * spread + rounding + cell.per_hour / 4;
    agree = agree && near;
    const bool exact = std::string_view(cell.kind) == "gobreaker";
    fmt::print("| {} | {}/s | {:.2f} | {} | {:.2f} ± {:.2f}{}{} | {} | {:.1f} % |\n", cell.kind, cell.rate, cell.p,
               cell.per_hour, found.per_hour(), spread,
               exact ? fmt::format(" (exact {:.2f})", exact_gobreaker(cell.rate, cell.p)) : "",
               near ? "" : " **differs**", cell.refused < 0 ? "" : fmt::format("{:.1f} %", cell.refused * 100),
               found.refused_share() * 100);
  }
  return agree;
}

bool our_false_trips(double hours) {
  bool none = true;
  fmt::print(
      "\n| rate | p | simulated hours | requests | trips | trips in each of the first days "
      "|\n|---|---|---|---|---|---|\n");
  for (const double rate : {100.0, 3.0}) {
    for (const double p : kShares) {
      const FalseTrips found =
          false_trips(*default_breaker("sequential"), Rate::per_second(rate), p, hours_at(rate, 10 * hours), 2);
      std::string days;
      for (std::uint64_t day = 1; day <= 5; ++day) {
        const std::uint64_t trips =
            false_trips(*default_breaker("sequential"), Rate::per_second(rate), p, 24, 100 + day).trips;
        none = none && (trips == 0 || p > 0.2);
        days += fmt::format("{}{}", day == 1 ? "" : ", ", trips);
      }
      none = none && (found.trips == 0 || p > 0.2);
      fmt::print("| {}/s | {:.2f} | {:.0f} | {} | {} | {} |\n", rate, p, found.hours, found.requests, found.trips,
                 days);
    }
  }
  return none;
}

struct Episode {
  double open_s = 0, readmit_s = 0;
  double lost_a_minute = 0;  // calls let into the outage, after it had opened
  bool opened = false;
};

// A healthy minute, an outage of so many seconds, and a healthy service again, which fails with probability p.
Episode episode(const char* kind, double rate, double outage_s, double p, std::uint64_t seed) {
  const auto breaker = make_breaker(*default_breaker(kind), seed);
  Random random(seed, "episode");
  Instant now(std::chrono::hours(1));
  const auto next = [&] { now += from_seconds(random.exponential(1 / rate)); };
  const auto call = [&](bool fails) {
    const auto permit = breaker->allow(now);
    if (permit) breaker->finished(now, *permit, {.latency = Nanos{}, .failed = fails});
    return permit.has_value();
  };
  const auto closed = [&] { return breaker->state(now) == Breaker::State::closed; };
  for (const Instant end = now + seconds(60); now < end; next()) call(random.uniform() < p);
  Episode result;
  const Instant broken = now, repaired = now + from_seconds(outage_s);
  Instant opened{};
  double lost = 0;
  for (; now < repaired; next()) {
    const bool through = call(true);
    if (!result.opened && breaker->trips() > 0) {
      result.opened = true;
      opened = now;
    } else if (result.opened) {
      lost += through ? 1 : 0;
    }
  }
  result.open_s = to_seconds(opened - broken);
  if (!result.opened) return result;
  result.lost_a_minute = lost / to_seconds(repaired - opened) * 60;
  while (!closed() && now < repaired + std::chrono::hours(1)) {
    call(random.uniform() < p);
    if (!closed()) next();
  }
  result.readmit_s = to_seconds(now - repaired);
  return result;
}

double quantile(std::vector<double> values, double q) {
  std::ranges::sort(values);
  return values[static_cast<std::size_t>(q * static_cast<double>(values.size() - 1))];
}

bool outages() {
  bool held = true;
  constexpr int kSeeds = 300;
  fmt::print(
      "\n| rule | rate | p when well | opened after: median | longest | let into the outage a minute | closed after "
      "the repair: median | "
      "99 % | longest |\n|---|---|---|---|---|---|---|---|---|\n");
  for (const char* kind : kKinds) {
    for (const auto& [rate, p] : {std::pair{100.0, 0.0}, {100.0, 0.05}, {100.0, 0.2}, {3.0, 0.0}}) {
      std::vector<double> open, lost, readmit;
      for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
        const Episode found = episode(kind, rate, 60 + static_cast<double>(seed) * 0.37, p, seed);
        if (!found.opened) continue;
        open.push_back(found.open_s);
        lost.push_back(found.lost_a_minute);
        readmit.push_back(found.readmit_s);
      }
      if (open.empty()) continue;
      fmt::print("| {} | {}/s | {:.2f} | {:.2f} s | {:.2f} s | {:.0f} | {:.2f} s | {:.2f} s | {:.2f} s |\n", kind, rate,
                 p, quantile(open, 0.5), quantile(open, 1), quantile(lost, 0.5), quantile(readmit, 0.5),
                 quantile(readmit, 0.99), quantile(readmit, 1));
      if (kind == kKinds[0] && rate > 50 && p <= 0) held = quantile(open, 1) <= 1 && quantile(readmit, 1) <= 2;
    }
  }
  return held;
}

}  // namespace

int main(int argc, char** argv) {
  const double hours = argc > 1 ? std::atof(argv[1]) : 0;
  if (!(hours > 0)) {
    std::fputs("usage: breaker_trips HOURS\n", stderr);
    return 2;
  }
  fmt::print("## False trips of a service that fails independently at rate p\n\n");
  fmt::print(
      "{} h of simulated time a cell at 100 requests/s, {} h at 3; Poisson arrivals, answers at once. Refused: share "
      "of the\n",
      hours, 20 * hours);
  fmt::print(
      "requests that would have succeeded. `±` is one standard deviation of our sample; the published values are "
      "rounded and do not\n"
      "state theirs. Marked where they differ by more than four deviations, the rounding and a quarter of the "
      "published "
      "value together.\n\n");
  const bool agree = false_trip_table(hours);
  fmt::print("\n## Ours, `sequential`\n");
  const bool none = our_false_trips(hours);
  fmt::print("\n## A total outage of one to three minutes, and its end: 300 seeds each\n");
  const bool held = outages();
  fmt::print("\n| asked | held |\n|---|---|\n");
  fmt::print("| the published table comes out of our implementations | {} |\n", agree ? "yes" : "**no**");
  fmt::print(
      "| 0 false trips in 24 simulated hours at 100 and at 3 requests/s, p <= 0.20 (and in {} and {} hours) | {} |\n",
      10 * hours, 200 * hours, none ? "yes" : "**no**");
  fmt::print(
      "| a full outage opened within 1 s and a healthy service back within 2 s, at 100 requests/s, every seed | {} |\n",
      held ? "yes" : "**no**");
  return agree && none && held ? 0 : 1;
}
