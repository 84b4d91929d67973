#include "models/capacity/service_fit.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "models/capacity/least_squares.h"
#include "models/capacity/queueing.h"
#include "models/capacity/scaling_laws.h"

namespace tidemark::capacity {
namespace {

constexpr double kAssumedCv = 0.7;      // of a hold time, only to weigh stages against each other
constexpr double kSignificant = 3;      // standard errors
constexpr double kWorthTelling = 0.03;  // a wait shorter than this share of a hold cannot be seen in it

LoadPoint load_point(const Stage& stage, const ServiceReading& reading) {
  return {.run_id = stage.run_id,
          .stage = stage.index,
          .nodes = reading.nodes,
          .flow_rate = stage.flow_rate,
          .rate_per_node = reading.rate_per_node(),
          .busy_per_node = reading.busy_per_node(),
          .wait_per_node = reading.wait_seconds / reading.seconds,
          .cpu_per_node = reading.cpu_seconds / reading.seconds,
          .hold_s = reading.hold_s(),
          .saturated = reading.saturated()};
}

bool share_a_flow(const Calibration& calibration, const std::string& a, const std::string& b) {
  return std::any_of(calibration.visits.begin(), calibration.visits.end(),
                     [&](const auto& flow) { return flow.second.contains(a) && flow.second.contains(b); });
}

struct Row {
  const ServiceReading* reading;
  const Stage* stage;
};

std::vector<Row> steady_rows(const std::string& service, const Calibration& calibration) {
  std::vector<Row> rows;
  for (const auto& stage : calibration.stages) {
    const auto found = stage.services.find(service);
    if (found == stage.services.end() || found->second.completed < 1 || !steady(stage)) continue;
    rows.push_back({&found->second, &stage});
  }
  return rows;
}

// Services whose wait may be part of this one's hold: on a common flow, waiting long enough to be seen, and held for no
// longer than the caller is: who calls, holds its slot while the other waits and works.
std::vector<std::string> callees(const std::string& service, const Calibration& calibration,
                                 const std::vector<Row>& rows) {
  std::vector<std::string> result;
  for (const auto& [other, unused] : rows.front().stage->services) {
    if (other == service || !share_a_flow(calibration, service, other)) continue;
    bool seen = false, longer = false;
    for (const auto& row : rows) {
      const auto found = row.stage->services.find(other);
      if (found == row.stage->services.end() || found->second.completed < 1) continue;
      const double requests = std::min(1.0, found->second.completed / row.reading->completed);
      seen = seen || found->second.wait_s() > kWorthTelling * row.reading->hold_s();
      longer = longer || requests * (found->second.hold_s() + found->second.wait_s()) > 1.1 * row.reading->hold_s();
    }
    if (seen && !longer) result.push_back(other);
  }
  return result;
}

LinearEstimate regress_hold(const std::vector<Row>& rows, const std::vector<std::string>& others) {
  std::vector<std::vector<double>> x;
  std::vector<double> y, weight;
  for (const auto& row : rows) {
    std::vector<double> line = {1.0};
    for (const auto& other : others) {
      const auto found = row.stage->services.find(other);
      line.push_back(found == row.stage->services.end() ? 0.0 : found->second.wait_s());
    }
    const double sd = kAssumedCv * row.reading->hold_s();
    x.push_back(std::move(line));
    y.push_back(row.reading->hold_s());
    weight.push_back(row.reading->completed / (sd * sd));
  }
  const std::vector<double> none(others.size() + 1, 0.0);
  return solve_nonnegative(x, y, weight, none,
                           std::vector<double>(none.size(), std::numeric_limits<double>::infinity()));
}

// capacity(n) = n^exponent capacity(1): the slope of ln(hold) by ln(nodes), taken only when it is beyond chance.
double scaling_exponent(const ServiceModel& model, const std::vector<Row>& rows) {
  double sw = 0, sx = 0, sy = 0, sxx = 0, sxy = 0;
  for (const auto& row : rows) {
    double hold = row.reading->hold_s();
    for (const auto& [other, times] : model.hold_waits) {
      const auto found = row.stage->services.find(other);
      if (found != row.stage->services.end()) hold -= times * found->second.wait_s();
    }
    if (hold <= 0) continue;
    const double weight = row.reading->completed / (kAssumedCv * kAssumedCv);
    const double x = std::log(row.reading->nodes), y = std::log(hold);
    sw += weight, sx += weight * x, sy += weight * y, sxx += weight * x * x, sxy += weight * x * y;
  }
  const double spread = sxx - sx * sx / sw;
  if (!(spread > 1e-9)) return 1;
  const double slope = (sxy - sx * sy / sw) / spread;
  return std::abs(slope) > kSignificant / std::sqrt(spread) ? 1 - slope : 1;
}

std::string describe_choice(const ServiceModel& model, const ScalabilityFit& best, double saturated_from) {
  std::string text;
  if (model.workers > 0 && saturated_from > 0) {
    text = fmt::format("its {} slots were full from {:.0f} requests/s per node", model.workers, saturated_from);
  } else if (model.workers > 0) {
    double highest = 0;
    for (const auto& point : model.points) highest = std::max(highest, point.busy_per_node / model.workers);
    text = fmt::format("its {} slots were never more than {:.0f} % busy", model.workers, 100 * highest);
  } else {
    text = "it reports no pool";
  }
  if (best.law.empty()) return text + "; too few distinct loads for a law";
  text += fmt::format("; best AICc {:.1f} ({})", best.aicc, best.law);
  for (const auto& fit : model.fits) {
    if (fit.law == model.chosen && fit.law != best.law) text += fmt::format(", {:.1f} for {}", fit.aicc, fit.law);
  }
  return text;
}

}  // namespace

bool owns_state(const std::string& service) {
  static constexpr std::array kStores = {"store", "cache", "events", "registry"};
  return std::find(kStores.begin(), kStores.end(), service) != kStores.end();
}

ServiceModel fit_hold(const std::string& service, const Calibration& calibration) {
  ServiceModel model{.service = service, .scales_out = !owns_state(service)};
  for (const auto& stage : calibration.stages) {
    const auto found = stage.services.find(service);
    if (found == stage.services.end()) continue;
    model.workers = std::max(model.workers, found->second.workers);
    if (found->second.completed > 0) model.points.push_back(load_point(stage, found->second));
  }
  const auto rows = steady_rows(service, calibration);
  if (rows.empty()) return model;
  std::vector<std::string> others = callees(service, calibration, rows);
  LinearEstimate estimate = regress_hold(rows, others);
  std::vector<std::string> kept;
  for (std::size_t i = 0; i < others.size(); ++i) {
    if (estimate.value[i + 1] > kSignificant * estimate.standard_error[i + 1]) kept.push_back(others[i]);
  }
  if (kept.size() != others.size()) estimate = regress_hold(rows, kept);
  for (std::size_t i = 0; i < kept.size(); ++i) model.hold_waits[kept[i]] = estimate.value[i + 1];
  const double hold = estimate.value[0], half = 1.96 * estimate.standard_error[0];
  model.hold_s = {hold, std::max(0.0, hold - half), hold + half};
  if (model.workers > 0 && hold > 0) {
    model.capacity_per_node = {model.workers / hold, model.workers / (hold + half),
                               model.workers / std::max(hold - half, 0.1 * hold)};
  }
  if (model.scales_out) model.scaling_exponent = scaling_exponent(model, rows);
  return model;
}

Variability variability_of_waits(const ServiceModel& model, const Calibration& calibration) {
  double information = 0, sum = 0;
  for (const auto& row : steady_rows(model.service, calibration)) {
    const Queue queue{model.workers, row.reading->arrivals_per_node(), model.hold_s.value};
    if (model.workers == 0 || queue.utilisation() < 0.3 || queue.utilisation() > 0.93) continue;
    const double expected = mean_wait_s(queue);
    if (expected * row.reading->arrived < 20 * queue.service_s) continue;  // hardly anybody waited
    const double weight = row.reading->arrived / wait_relative_variance(queue.utilisation());
    information += weight;
    sum += weight * row.reading->wait_s() / expected;
  }
  if (information <= 0) return {1, std::numeric_limits<double>::infinity()};
  const double factor = sum / information;
  return {factor, factor / std::sqrt(information)};
}

void fit_and_choose_law(ServiceModel& model) {
  std::vector<Observation> data;
  double saturated_from = 0;
  for (const auto& point : model.points) {
    data.push_back({point.busy_per_node + point.wait_per_node, point.rate_per_node});
    if (point.saturated && (saturated_from == 0 || point.rate_per_node < saturated_from)) {
      saturated_from = point.rate_per_node;
    }
  }
  model.fits = fit_laws(data, model.workers, variability(model.hold_cv));
  ScalabilityFit best;
  if (!model.fits.empty() && model.fits.front().usable) best = model.fits.front();
  // The pool is a fact of the node; a law that fits a shade better does not outweigh slots that were seen full.
  model.chosen = model.workers > 0 && saturated_from > 0 ? "pool-limited" : best.law;
  if (model.chosen.empty()) model.chosen = model.workers > 0 ? "pool-limited" : "linear";
  if (model.workers == 0 && (model.chosen == "usl" || model.chosen == "amdahl")) {
    const Usl law = as_usl(best);
    const double peak = law.peak_concurrency();
    const double limit = std::isfinite(peak) ? law.throughput(std::max(1.0, peak)) : law.limit();
    if (std::isfinite(limit)) model.capacity_per_node = {limit, limit, limit};
  }
  model.reason = describe_choice(model, best, saturated_from);
}

}  // namespace tidemark::capacity
