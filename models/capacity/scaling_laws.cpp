#include "models/capacity/scaling_laws.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <set>

#include "models/capacity/least_squares.h"
#include "models/capacity/queueing.h"
#include "models/capacity/student_t.h"

namespace tidemark::capacity {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::size_t distinct_loads(const std::vector<Observation>& data) {
  std::set<double> loads;
  for (const auto& point : data) loads.insert(point.concurrency);
  return loads.size();
}

std::optional<ScalabilityFit> refuse(const std::string& law, const std::vector<Observation>& data) {
  ScalabilityFit fit{.law = law, .points = static_cast<std::uint32_t>(data.size())};
  for (const auto& point : data) {
    if (!(point.concurrency > 0) || !std::isfinite(point.concurrency) || !std::isfinite(point.throughput)) {
      fit.note = "a point without concurrency or throughput";
      return fit;
    }
  }
  const std::size_t loads = distinct_loads(data);
  if (loads >= kFewestLoads) return std::nullopt;
  fit.note = fmt::format("{} distinct loads, at least {} are needed", loads, kFewestLoads);
  return fit;
}

ScalabilityFit describe(const std::string& law, const std::vector<const char*>& names,
                        const LeastSquaresProblem& problem, const LeastSquaresResult& solved) {
  const std::size_t count = names.size();
  const double freedom = static_cast<double>(problem.rows) - static_cast<double>(count);
  ScalabilityFit fit{.law = law, .points = static_cast<std::uint32_t>(problem.rows), .usable = solved.converged};
  fit.note = solved.stop;
  fit.residual_se = std::sqrt(solved.sse / freedom);
  fit.aicc = aicc(solved.sse, problem.rows, count);
  const double t = student_t_quantile(0.975, freedom);
  for (std::size_t j = 0; j < count; ++j) {
    const double half = t * solved.standard_errors[j];
    fit.parameters[names[j]] = {solved.parameters[j], std::max(solved.parameters[j] - half, problem.low[j]),
                                std::min(solved.parameters[j] + half, problem.high[j])};
    if (solved.at_bound[j]) fit.note += fmt::format("; {} = {:g} is on its bound", names[j], solved.parameters[j]);
  }
  return fit;
}

// The first `parameters` of (lambda, sigma, kappa) are free, the others 0.
ScalabilityFit fit_usl_family(const std::string& law, std::size_t parameters, const std::vector<Observation>& data) {
  if (auto refused = refuse(law, data)) return *refused;
  LeastSquaresProblem problem;
  problem.rows = data.size();
  double start = 0;
  for (const auto& point : data) start = std::max(start, point.throughput / point.concurrency);
  problem.start = {start, 0.01, 0.0001};
  problem.low = {0, 0, 0};
  problem.high = {kInfinity, 1, 1};
  for (auto* bounds : {&problem.start, &problem.low, &problem.high}) bounds->resize(parameters);
  problem.residual = [&data](std::size_t row, const std::vector<double>& p, std::vector<double>& gradient) {
    const double n = data[row].concurrency;
    const double denominator = 1 + (p.size() > 1 ? p[1] * (n - 1) : 0) + (p.size() > 2 ? p[2] * n * (n - 1) : 0);
    const double slope = -p[0] * n * (n - 1) / (denominator * denominator);
    gradient[0] = n / denominator;
    if (p.size() > 1) gradient[1] = slope;
    if (p.size() > 2) gradient[2] = slope * n;
    return p[0] * n / denominator - data[row].throughput;
  };
  std::vector<const char*> names = {"lambda", "sigma", "kappa"};
  names.resize(parameters);
  return describe(law, names, problem, solve(problem));
}

}  // namespace

double Usl::throughput(double n) const {
  return lambda * n / (1 + sigma * (n - 1) + kappa * n * (n - 1));
}
double Usl::latency_s(double n) const {
  return (1 + sigma * (n - 1) + kappa * n * (n - 1)) / lambda;
}
double Usl::peak_concurrency() const {
  return kappa > 0 ? std::sqrt((1 - sigma) / kappa) : kInfinity;
}
double Usl::optimal_concurrency() const {
  return sigma > 0 ? 1 / sigma : kInfinity;
}
double Usl::limit() const {
  return sigma > 0 ? lambda / sigma : kInfinity;
}

std::optional<double> Usl::concurrency_at_throughput(double x) const {
  if (!(x > 0)) return std::nullopt;
  // kappa N^2 + (sigma - kappa - lambda / X) N + (1 - sigma) = 0
  const double b = sigma - kappa - lambda / x, c = 1 - sigma;
  if (kappa == 0) {
    if (b >= 0) return std::nullopt;  // at or above lambda / sigma
    return -c / b;
  }
  const double discriminant = b * b - 4 * kappa * c;
  if (discriminant < 0 || b > 0) return std::nullopt;
  return 2 * c / (-b + std::sqrt(discriminant));  // the smaller root, without cancellation
}

std::optional<double> Usl::concurrency_at_latency(double r) const {
  // kappa N^2 + (sigma - kappa) N + (1 - sigma - lambda R) = 0
  const double c = 1 - sigma - lambda * r;
  if (kappa == 0) {
    if (sigma == 0 || c > 0) return std::nullopt;  // linear: R does not depend on N
    return -c / sigma;
  }
  const double b = sigma - kappa;
  const double discriminant = b * b - 4 * kappa * c;
  if (discriminant < 0) return std::nullopt;
  const double n = (-b + std::sqrt(discriminant)) / (2 * kappa);
  if (n <= 0) return std::nullopt;
  return n;
}

std::optional<double> Usl::throughput_at_latency(double r) const {
  const auto n = concurrency_at_latency(r);
  if (!n) return std::nullopt;
  return *n / r;
}

double pool_concurrency(double throughput, std::uint32_t workers, double hold_s, double factor) {
  const Queue queue{workers, throughput, hold_s};
  return queue.offered_load() + throughput * factor * mean_wait_s(queue);
}

double pool_throughput(double concurrency, std::uint32_t workers, double hold_s, double factor) {
  double low = 0, high = workers / hold_s;
  for (int i = 0; i < 100; ++i) {
    const double middle = 0.5 * (low + high);
    (pool_concurrency(middle, workers, hold_s, factor) < concurrency ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

ScalabilityFit fit_linear(const std::vector<Observation>& data) {
  return fit_usl_family("linear", 1, data);
}
ScalabilityFit fit_amdahl(const std::vector<Observation>& data) {
  return fit_usl_family("amdahl", 2, data);
}
ScalabilityFit fit_usl(const std::vector<Observation>& data) {
  return fit_usl_family("usl", 3, data);
}

ScalabilityFit fit_pool_limited(const std::vector<Observation>& data, std::uint32_t workers, double factor) {
  if (auto refused = refuse("pool-limited", data)) return *refused;
  LeastSquaresProblem problem;
  problem.rows = data.size();
  double fastest = 0;
  for (const auto& point : data) {
    fastest = std::max(fastest, point.throughput / std::min(point.concurrency, static_cast<double>(workers)));
  }
  if (fastest <= 0) {
    return {.law = "pool-limited", .points = static_cast<std::uint32_t>(data.size()), .note = "no throughput"};
  }
  problem.start = {1 / fastest};
  problem.low = {1e-3 / fastest};
  problem.high = {1e3 / fastest};
  problem.residual = [&data, workers, factor](std::size_t row, const std::vector<double>& p,
                                              std::vector<double>& gradient) {
    // X depends on hold only through X x hold = f(N), so dX/dhold = -X / hold.
    const double x = pool_throughput(data[row].concurrency, workers, p[0], factor);
    gradient[0] = -x / p[0];
    return x - data[row].throughput;
  };
  auto fit = describe("pool-limited", {"hold_s"}, problem, solve(problem));
  const auto slots = static_cast<double>(workers);
  fit.parameters["workers"] = {slots, slots, slots};
  return fit;
}

std::vector<ScalabilityFit> fit_laws(const std::vector<Observation>& data, std::uint32_t workers, double factor) {
  std::vector<ScalabilityFit> fits = {fit_linear(data), fit_amdahl(data), fit_usl(data)};
  if (workers > 0) fits.push_back(fit_pool_limited(data, workers, factor));
  std::stable_sort(fits.begin(), fits.end(), [](const ScalabilityFit& a, const ScalabilityFit& b) {
    return a.usable != b.usable ? a.usable : a.usable && a.aicc < b.aicc;
  });
  return fits;
}

Usl as_usl(const ScalabilityFit& fit) {
  const auto value = [&fit](const char* name) {
    const auto found = fit.parameters.find(name);
    return found == fit.parameters.end() ? 0.0 : found->second.value;
  };
  return {value("lambda"), value("sigma"), value("kappa")};
}

double aicc(double sse, std::size_t points, std::size_t parameters) {
  const double n = static_cast<double>(points), k = static_cast<double>(parameters) + 1;
  if (n <= k + 1) return kInfinity;
  return n * std::log(std::max(sse, 1e-300) / n) + 2 * k + 2 * k * (k + 1) / (n - k - 1);
}

}  // namespace tidemark::capacity
