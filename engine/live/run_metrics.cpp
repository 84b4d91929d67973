#include "engine/live/run_metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <limits>
#include <utility>
#include <vector>

namespace tidemark::live {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

class Families {
 public:
  explicit Families(const Progress& progress) : base_{{"scenario", progress.title}} {}

  void begin(const std::string& name, const std::string& help, MetricType type) {
    MetricFamily family;
    family.name = "tidemark_run_" + name;
    family.help = help;
    family.type = type;
    families_.push_back(std::move(family));
  }
  void add(double value, const Labels& labels = {}) {
    ClientMetric metric = labelled(labels);
    MetricFamily& family = families_.back();
    (family.type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
    family.metric.push_back(std::move(metric));
  }
  void add(const CoarseClock& clock, const Labels& labels) {
    ClientMetric metric = labelled(labels);
    std::uint64_t cumulative = 0;
    for (std::size_t i = 0; i < clock.counts.size(); ++i) {
      cumulative += clock.counts[i];
      const double bound = i < kClockBounds.size() ? static_cast<double>(kClockBounds[i]) * 1e-6
                                                   : std::numeric_limits<double>::infinity();
      metric.histogram.bucket.push_back({.cumulative_count = cumulative, .upper_bound = bound});
    }
    metric.histogram.sample_count = cumulative;
    metric.histogram.sample_sum = clock.sum_us * 1e-6;
    families_.back().metric.push_back(std::move(metric));
  }
  void counter(const std::string& name, const std::string& help, double value) {
    begin(name, help, MetricType::Counter);
    add(value);
  }
  void gauge(const std::string& name, const std::string& help, double value) {
    begin(name, help, MetricType::Gauge);
    add(value);
  }
  std::string text() const { return prometheus::TextSerializer().Serialize(families_); }

 private:
  ClientMetric labelled(const Labels& labels) const {
    ClientMetric metric;
    metric.label = base_;
    metric.label.insert(metric.label.end(), labels.begin(), labels.end());
    return metric;
  }

  Labels base_;
  std::vector<MetricFamily> families_;
};

void books(Families& families, const Progress& progress) {
  const auto number = [](std::uint64_t value) { return static_cast<double>(value); };
  families.counter("flows_planned_total", "Flows that the schedule has begun.", number(progress.flows.planned));
  families.begin("flows_ended_total", "Flows by how they ended.", MetricType::Counter);
  families.add(number(progress.flows.completed), {{"outcome", "completed"}});
  families.add(number(progress.flows.aborted), {{"outcome", "aborted"}});
  families.add(number(progress.flows.dropped), {{"outcome", "dropped"}});
  families.gauge("flows_in_flight", "Flows under way.", number(progress.flows.in_flight));
  families.begin("requests_started_total", "Requests sent, by step.", MetricType::Counter);
  for (const auto& step : progress.steps) families.add(number(step.so_far.started), {{"step", step.step}});
  families.begin("requests_ended_total", "Requests by step and how they ended.", MetricType::Counter);
  for (const auto& step : progress.steps) {
    families.add(number(step.so_far.ok), {{"step", step.step}, {"outcome", "ok"}});
    families.add(number(step.so_far.failed), {{"step", step.step}, {"outcome", "failed"}});
    families.add(number(step.so_far.timed_out), {{"step", step.step}, {"outcome", "timed_out"}});
  }
  families.begin("requests_in_flight", "Requests under way, by step.", MetricType::Gauge);
  for (const auto& step : progress.steps) families.add(number(step.so_far.in_flight), {{"step", step.step}});
  if (progress.errors.empty()) return;
  families.begin("errors_total", "Failed requests by kind of error.", MetricType::Counter);
  for (const auto& [kind, count] : progress.errors) families.add(number(count), {{"kind", kind}});
}

void clocks(Families& families, const Progress& progress) {
  const std::vector<std::pair<std::pair<const char*, const char*>, CoarseClock StepProgress::*>> all = {
      {{"response_seconds", "From the planned start to the last byte."}, &StepProgress::response},
      {{"service_seconds", "From the real send to the last byte."}, &StepProgress::service},
      {{"lag_seconds", "From the planned start to the real send."}, &StepProgress::lag}};
  for (const auto& [name, clock] : all) {
    families.begin(name.first, name.second, MetricType::Histogram);
    for (const auto& step : progress.steps) families.add(step.*clock, {{"step", step.step}});
  }
}

void levels(Families& families, const Progress& progress) {
  families.gauge("elapsed_seconds", "Since the run's start.", progress.t_s);
  families.gauge("duration_seconds", "Of the sending phase.", progress.duration_s);
  families.gauge("offered_rate", "Requests planned per second, of the last second.", progress.offered_rate);
  families.gauge("achieved_rate", "Requests answered well per second, of the last second.", progress.achieved_rate);
  families.gauge("connections", "Open connections.", progress.connections);
  families.gauge("waiting_flows", "Flows waiting for a connection.", static_cast<double>(progress.waiting));
}

void validity(Families& families, const Progress& progress, std::uint64_t dropped) {
  const GeneratorLevel& level = progress.generator;
  families.gauge("generator_cpu_ratio", "Of one core: the generator, in the last second.", level.cpu_share);
  families.gauge("generator_run_queue_ratio", "Runnable, but another had the core.", level.run_queue_share);
  families.gauge("generator_steal_ratio", "Taken away by the host.", level.steal_share);
  families.gauge("generator_late_sends", "Sends more than 1 ms late, in the last second.",
                 static_cast<double>(level.late_sends));
  families.gauge("generator_worst_lateness_seconds", "Of a send, in the last second.", level.worst_lateness_us * 1e-6);
  families.gauge("generator_refused_connections", "Not opened for lack of a descriptor or port, in the last second.",
                 static_cast<double>(level.no_descriptor + level.no_port));
  families.counter("dropped_seconds_total", "Seconds that did not reach this endpoint in time.",
                   static_cast<double>(dropped));
}

void nodes(Families& families, const Progress& progress) {
  if (progress.nodes.empty()) return;
  const auto each = [&](const char* name, const char* help, auto value) {
    families.begin(name, help, MetricType::Gauge);
    for (const auto& node : progress.nodes) {
      families.add(static_cast<double>(value(node)), {{"node", node.node}, {"service", node.service}});
    }
  };
  each("node_up", "1 where the node answered the last scrape.",
       [](const NodeLevel& node) { return node.missed ? 0 : 1; });
  each("node_cpu_ratio", "Of one core, in the last second.", [](const NodeLevel& node) { return node.cpu_share; });
  each("node_busy_ratio", "Of its pool, in the last second.", [](const NodeLevel& node) { return node.busy_share; });
  each("node_queued", "Most that waited, in the last second.", [](const NodeLevel& node) { return node.queued; });
}

}  // namespace

std::string run_metrics(const Progress& progress, std::uint64_t dropped) {
  Families families(progress);
  families.begin("info", "The run that the other numbers are of.", MetricType::Gauge);
  families.add(1, {{"run_id", progress.run_id}});
  books(families, progress);
  clocks(families, progress);
  levels(families, progress);
  validity(families, progress, dropped);
  nodes(families, progress);
  return families.text();
}

}  // namespace tidemark::live
