#include "models/search/crossing.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <vector>

namespace tidemark::search {
namespace {

constexpr std::size_t kRates = 400;
constexpr std::size_t kSlopes = 18;
constexpr double kFlattest = 2, kSteepest = 200;  // a lightly loaded system; a cliff
constexpr double kNear = 0.2;                     // of ln(rate / crossing)
constexpr double kFarRequests = 40, kBreachRequests = 10;
constexpr double kBreachShare = 5;  // times `allowed`
constexpr double kFloor = 0.02;     // of `allowed`: a share that slow requests unrelated to the rate keep up
constexpr double kPriorProbes = 2;
constexpr double kMostScatter = 12;
constexpr double kUsualSlope = 10, kSlopeSpread = 0.7;  // of a queue near its capacity; of ln s

struct Weighted {
  double log_rate, n, slow;  // effective counts
  bool breach;
};

struct Grid {
  double from, step;  // of ln(crossing)
  std::array<double, kSlopes> slopes;
  std::vector<double> log_weight;  // kRates x kSlopes
};

double share_at(double log_rate, double log_crossing, double slope, double allowed) {
  const double logit = std::log(allowed / (1 - allowed)) + slope * (log_rate - log_crossing);
  const double share = 1 / (1 + std::exp(-std::clamp(logit, -60.0, 60.0)));
  const double floor = kFloor * allowed;
  return floor + (1 - 2 * floor) * share;
}

Grid posterior(const std::vector<Weighted>& points, double allowed, double from, double to) {
  Grid grid{.from = std::log(from), .step = std::log(to / from) / (kRates - 1), .slopes = {}, .log_weight = {}};
  for (std::size_t j = 0; j < kSlopes; ++j) {
    grid.slopes[j] = kFlattest * std::pow(kSteepest / kFlattest, static_cast<double>(j) / (kSlopes - 1));
  }
  grid.log_weight.assign(kRates * kSlopes, 0);
  for (std::size_t i = 0; i < kRates; ++i) {
    const double log_crossing = grid.from + grid.step * static_cast<double>(i);
    for (std::size_t j = 0; j < kSlopes; ++j) {
      double& sum = grid.log_weight[i * kSlopes + j];
      const double off = std::log(grid.slopes[j] / kUsualSlope) / kSlopeSpread;
      sum = -off * off / 2;
      for (const auto& point : points) {
        const double share = share_at(point.log_rate, log_crossing, grid.slopes[j], allowed);
        if (point.breach) {
          sum += kBreachRequests * std::log(std::min(1.0, share / std::min(0.5, kBreachShare * allowed)));
          continue;
        }
        sum += point.slow * std::log(share) + (point.n - point.slow) * std::log(1 - share);
      }
    }
  }
  return grid;
}

Crossing summarise(const Grid& grid) {
  const auto best = std::max_element(grid.log_weight.begin(), grid.log_weight.end());
  std::vector<double> marginal(kRates, 0);
  double sum = 0;
  for (std::size_t i = 0; i < kRates; ++i) {
    for (std::size_t j = 0; j < kSlopes; ++j) marginal[i] += std::exp(grid.log_weight[i * kSlopes + j] - *best);
    sum += marginal[i];
  }
  // The cell in which the cumulated weight passes `level`, and where within it.
  const auto at = [&](double level) {
    double below = 0;
    for (std::size_t i = 0; i < kRates; ++i) {
      if (below + marginal[i] >= level * sum) {
        const double within = marginal[i] > 0 ? (level * sum - below) / marginal[i] : 0.5;
        return std::exp(grid.from + grid.step * (static_cast<double>(i) + within - 0.5));
      }
      below += marginal[i];
    }
    return std::exp(grid.from + grid.step * (kRates - 1));
  };
  const auto mode = static_cast<std::size_t>(best - grid.log_weight.begin());
  return {.rate = at(0.5), .low = at(0.025), .high = at(0.975), .slope = grid.slopes[mode % kSlopes]};
}

std::vector<Weighted> weighted(std::span<const CrossingPoint> points, double centre, double scatter) {
  std::vector<Weighted> result;
  for (const auto& point : points) {
    if (point.n <= 0 || point.rate <= 0) continue;
    const bool near = centre > 0 && std::abs(std::log(point.rate / centre)) <= kNear;
    double n = point.n / (point.inflation * scatter);
    if (!near) n = std::min(n, kFarRequests);
    result.push_back({std::log(point.rate), n, n * std::min(1.0, point.slow / point.n), point.breach});
  }
  return result;
}

// Pearson's statistic of the near probes per degree of freedom, drawn towards 1 as if by kPriorProbes more probes.
double scatter_of(std::span<const CrossingPoint> points, const Crossing& fit, double allowed) {
  double statistic = 0, probes = 0;
  for (const auto& point : points) {
    if (point.breach || point.n <= 0 || point.rate <= 0) continue;
    if (std::abs(std::log(point.rate / fit.rate)) > kNear) continue;
    const double share = share_at(std::log(point.rate), std::log(fit.rate), fit.slope, allowed);
    const double off = point.slow - point.n * share;
    statistic += off * off / (point.n * share * (1 - share) * point.inflation);
    probes += 1;
  }
  if (probes < 3) return 1;
  return std::clamp((statistic + kPriorProbes) / (probes - 2 + kPriorProbes), 1.0, kMostScatter);
}

}  // namespace

Crossing find_crossing(std::span<const CrossingPoint> points, double allowed, double from, double to) {
  const auto fit = [&](double centre, double scatter) {
    return summarise(posterior(weighted(points, centre, scatter), allowed, from, to));
  };
  Crossing crossing = fit(0, 1);  // every probe light: which of them are near?
  crossing = fit(crossing.rate, 1);
  const double scatter = scatter_of(points, crossing, allowed);
  crossing = fit(crossing.rate, scatter);
  crossing.scatter = scatter;
  return crossing;
}

}  // namespace tidemark::search
