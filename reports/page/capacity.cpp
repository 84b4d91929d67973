// What the calibration taught: capacity curves per service, and the demand of each flow.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "models/capacity/queueing.h"
#include "models/capacity/scaling_laws.h"
#include "reports/numbers.h"
#include "reports/page/page.h"

namespace tidemark::report {
namespace {

using capacity::Interval95;
using capacity::LoadPoint;
using capacity::ScalabilityFit;
using capacity::ServiceModel;

constexpr std::size_t kCurveFigures = 15;
constexpr int kCurvePoints = 60;

enum class Edge { low, middle, high };

double pick(const ScalabilityFit& fit, const std::string& parameter, Edge edge) {
  const auto found = fit.parameters.find(parameter);
  if (found == fit.parameters.end()) return 0;
  return edge == Edge::low ? found->second.low : edge == Edge::high ? found->second.high : found->second.value;
}

// The chosen law with its parameters at the end of their intervals that gives least (low) or most (high) throughput.
// The band is therefore wider than a joint 95 % band: it treats the parameters as if they erred together.
double law_at(const ServiceModel& model, const ScalabilityFit& fit, double concurrency, Edge edge) {
  const Edge opposite = edge == Edge::low ? Edge::high : edge == Edge::high ? Edge::low : Edge::middle;
  if (fit.law == "pool-limited") {
    return capacity::pool_throughput(concurrency, model.workers, pick(fit, "hold_s", opposite),
                                     capacity::variability(model.hold_cv));
  }
  return capacity::Usl{pick(fit, "lambda", edge), pick(fit, "sigma", opposite), pick(fit, "kappa", opposite)}
      .throughput(concurrency);
}

const ScalabilityFit* chosen_fit(const ServiceModel& model) {
  const auto fit =
      std::find_if(model.fits.begin(), model.fits.end(), [&model](const auto& f) { return f.law == model.chosen; });
  if (fit == model.fits.end() || !fit->usable) return nullptr;
  if (fit->law == "pool-limited" && (model.workers == 0 || pick(*fit, "hold_s", Edge::low) <= 0)) return nullptr;
  return &*fit;
}

std::string interval_words(const Interval95& value, int digits) {
  if (value.low == value.high) return fixed(value.value, digits);
  return fmt::format("{} ({} to {})", fixed(value.value, digits), fixed(value.low, digits), fixed(value.high, digits));
}

Markup points_table(const ServiceModel& model) {
  Table table("Calibration stages, warm-up cut away; per node", {{"Stage", true},
                                                                 {"Nodes", true},
                                                                 {"Flows/s", true},
                                                                 {"Requests/s", true},
                                                                 {"Busy workers", true},
                                                                 {"Waiting", true},
                                                                 {"CPU, cores", true},
                                                                 {"Hold, ms", true},
                                                                 {"Saturated"}});
  for (const LoadPoint& p : model.points) {
    table.row({text(count(static_cast<std::uint64_t>(std::max(0, p.stage)))), text(count(p.nodes)),
               text(rate(p.flow_rate)), text(rate(p.rate_per_node)), text(fixed(p.busy_per_node, 2)),
               text(fixed(p.wait_per_node, 2)), text(fixed(p.cpu_per_node, 2)), text(fixed(p.hold_s * 1000, 2)),
               text(p.saturated ? "yes" : "no")});
  }
  return table.markup("Calibration points of " + model.service);
}

Markup fits_table(const ServiceModel& model) {
  if (model.fits.empty()) return {};
  Table table("Laws tried, with 95 % intervals",
              {{"Law"}, {"Parameters"}, {"Residual, requests/s", true}, {"AICc", true}, {"Remark"}});
  for (const ScalabilityFit& fit : model.fits) {
    std::string parameters;
    for (const auto& [key, value] : fit.parameters) {
      parameters += fmt::format("{}{} {:.4g}", parameters.empty() ? "" : "; ", key, value.value);
      if (value.low != value.high) parameters += fmt::format(" ({:.4g} to {:.4g})", value.low, value.high);
    }
    std::string remark = fit.law == model.chosen ? "chosen" : fit.usable ? "" : "not usable";
    if (!fit.note.empty()) remark += (remark.empty() ? "" : "; ") + fit.note;
    table.row(
        {name(fit.law), name(parameters), text(fixed(fit.residual_se, 2)), text(fixed(fit.aicc, 1)), name(remark)});
  }
  return table.markup("Laws tried for " + model.service);
}

Markup curve_figure(const ServiceModel& model, std::size_t index, Charts& charts) {
  CurveFigure figure{.id = fmt::format("curve-{}", index),
                     .note = model.reason,
                     .x_label = "requests in the node",
                     .unit = "requests/s per node",
                     .digits = 0};
  const double full = model.capacity_per_node.value;
  figure.finding = full > 0 ? fmt::format("{}: a node is full at {} requests/s{}.", model.service, rate(full),
                                          model.scales_out ? "" : ", and more nodes are not an option")
                            : fmt::format("{}: no limit was found in the measured range.", model.service);
  double widest = 1;
  std::map<std::uint32_t, Points> by_nodes;
  for (const LoadPoint& p : model.points) {
    const double concurrency = p.busy_per_node + p.wait_per_node;
    if (!std::isfinite(concurrency) || !std::isfinite(p.rate_per_node)) continue;
    by_nodes[p.nodes].emplace_back(concurrency, p.rate_per_node);
    widest = std::max(widest, concurrency);
  }
  constexpr const char* symbols[] = {"circle", "triangle", "diamond"};
  std::size_t kind = 0;
  for (const auto& [nodes, list] : by_nodes) {
    figure.dots.push_back(
        {"measured, " + counted(nodes, "node"), symbols[kind % 3], static_cast<int>(1 + kind % 3), list});
    ++kind;
  }
  if (const ScalabilityFit* fit = chosen_fit(model)) {
    CurveFigure::Curve curve{.name = fit->law + " law, with interval", .points = {}};
    for (int i = 0; i <= kCurvePoints; ++i) {
      const double n = std::max(1e-3, widest * 1.1 * i / kCurvePoints);
      curve.points.emplace_back(n, law_at(model, *fit, n, Edge::middle));
      figure.band_low.emplace_back(n, law_at(model, *fit, n, Edge::low));
      figure.band_high.emplace_back(n, law_at(model, *fit, n, Edge::high));
    }
    figure.curves.push_back(std::move(curve));
  }
  if (full > 0) figure.limit = Limit{full, "full at " + rate(full)};
  figure.table = points_table(model) + fits_table(model);
  return charts.add(figure);
}

}  // namespace

MaybeSection curves_section(const Facts& facts, Charts& charts) {
  if (!facts.input.model || facts.input.model->services.empty()) return std::nullopt;
  std::vector<const ServiceModel*> services;
  for (const auto& [service, model] : facts.input.model->services) services.push_back(&model);
  const std::string bottleneck = facts.input.plan ? facts.input.plan->bottleneck : "";
  std::stable_sort(services.begin(), services.end(), [&](const auto* a, const auto* b) {
    if ((a->service == bottleneck) != (b->service == bottleneck)) return a->service == bottleneck;
    return a->points.size() > 0 && b->points.empty();
  });
  Table table("One node, from calibration", {{"Service"},
                                             {"Workers", true},
                                             {"Hold, ms", true},
                                             {"Variability of hold (cv)", true},
                                             {"Full at, requests/s", true},
                                             {"Law"},
                                             {"More nodes help"}});
  for (const ServiceModel* m : services) {
    const Interval95 hold_ms{m->hold_s.value * 1000, m->hold_s.low * 1000, m->hold_s.high * 1000};
    table.row({name(m->service), m->workers == 0 ? text("unbounded") : text(count(m->workers)),
               text(interval_words(hold_ms, 2)), text(fixed(m->hold_cv, 2)),
               text(m->capacity_per_node.value > 0 ? interval_words(m->capacity_per_node, 0) : "not found"),
               name(m->chosen),
               m->scales_out
                   ? text(m->scaling_exponent < 0.995 ? fmt::format("yes, as n^{:.2f}", m->scaling_exponent) : "yes")
                   : text("no: shared")});
  }
  Markup body =
      "<p class=\"lead\">Measured at one, two and three nodes; the curve is the law that explains the points best, the band what its parameters' 95 % intervals allow.</p>"_html;
  body += table.markup("Capacity of one node, per service") + "<div class=\"figures\">"_html;
  for (std::size_t i = 0; i < std::min(services.size(), kCurveFigures); ++i) {
    if (!services[i]->points.empty()) body += curve_figure(*services[i], i, charts);
  }
  return Section{"curves", "Capacity curves", body + "</div>"_html};
}

MaybeSection demand_section(const Facts& facts) {
  if (!facts.input.model || facts.input.model->demand.empty()) return std::nullopt;
  Table table("What one flow costs at each service, with 95 % intervals",
              {{"Flow"}, {"Service"}, {"Requests", true}, {"Worker time, ms", true}, {"CPU time, ms", true}});
  const auto in_ms = [](const Interval95& s) { return Interval95{s.value * 1000, s.low * 1000, s.high * 1000}; };
  for (const auto& [flow, services] : facts.input.model->demand) {
    for (const auto& [service, demand] : services) {
      if (demand.visits < 5e-4 && demand.busy_s.value < 5e-8) continue;
      table.row({name(flow), name(service), text(fixed(demand.visits, 2)),
                 text(interval_words(in_ms(demand.busy_s), 2)), text(interval_words(in_ms(demand.cpu_s), 3))});
    }
  }
  if (table.empty()) return std::nullopt;
  return Section{"demand", "Demand", table.markup("Demand of each flow")};
}

}  // namespace tidemark::report
