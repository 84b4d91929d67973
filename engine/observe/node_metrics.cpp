#include "engine/observe/node_metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <utility>
#include <vector>

namespace tidemark::observe {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

class Families {
 public:
  explicit Families(const WatermarkSample& sample) : base_{{"service", sample.service}, {"node", sample.node}} {}

  void counter(const std::string& name, const std::string& help, double value) {
    add(begin(name, help, MetricType::Counter), value);
  }
  void gauge(const std::string& name, const std::string& help, double value) {
    add(begin(name, help, MetricType::Gauge), value);
  }
  template <class Map>
  void counters(const std::string& name, const std::string& help, const std::string& label, const Map& values) {
    if (values.empty()) return;
    MetricFamily& family = begin(name, help, MetricType::Counter);
    for (const auto& [key, value] : values) add(family, static_cast<double>(value), {{label, key}});
  }
  std::string text() const { return prometheus::TextSerializer().Serialize(families_); }

 private:
  MetricFamily& begin(const std::string& name, const std::string& help, MetricType type) {
    MetricFamily family;
    family.name = name;
    family.help = help;
    family.type = type;
    families_.push_back(std::move(family));
    return families_.back();
  }
  void add(MetricFamily& family, double value, std::vector<ClientMetric::Label> labels = {}) {
    ClientMetric metric;
    metric.label = base_;
    metric.label.insert(metric.label.end(), labels.begin(), labels.end());
    (family.type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
    family.metric.push_back(std::move(metric));
  }

  std::vector<ClientMetric::Label> base_;
  std::vector<MetricFamily> families_;
};

// Metric names are [a-zA-Z0-9_]; anything else in a service's own counter name becomes "_".
std::string metric_name(const std::string& name) {
  std::string clean = "tidemark_";
  for (const char c : name) {
    const bool allowed = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    clean += allowed ? c : '_';
  }
  return clean;
}

}  // namespace

std::string prometheus_text(const WatermarkSample& sample) {
  Families families(sample);
  families.counter("tidemark_cpu_seconds_total", "CPU time of the node's process.", sample.cpu_seconds);
  families.counter("tidemark_busy_seconds_total", "Worker slots held, integrated over time.", sample.busy_seconds);
  families.counter("tidemark_wait_seconds_total", "Requests waiting for a worker, integrated over time.",
                   sample.wait_seconds);
  families.counter("tidemark_requests_arrived_total", "Requests past the tag gate.",
                   static_cast<double>(sample.arrived));
  families.counter("tidemark_requests_completed_total", "Requests answered below 500.",
                   static_cast<double>(sample.completed));
  families.counter("tidemark_requests_failed_total", "Requests answered 500 or above, or given up.",
                   static_cast<double>(sample.failed));
  families.counter("tidemark_requests_refused_total", "Requests turned away by admission or by a full pool.",
                   static_cast<double>(sample.refused));
  families.gauge("tidemark_pool_workers", "Size of the worker pool.", sample.workers);
  families.gauge("tidemark_pool_in_use", "Workers held now.", sample.in_use);
  families.gauge("tidemark_pool_in_use_max", "Most workers held in the last whole second.", sample.in_use_max);
  families.gauge("tidemark_pool_queued", "Requests waiting for a worker now.", sample.queued);
  families.gauge("tidemark_pool_queued_max", "Most requests waiting in the last whole second.", sample.queued_max);
  families.gauge("tidemark_resident_bytes", "Resident memory of the node's process.",
                 static_cast<double>(sample.resident_bytes));
  families.counters("tidemark_operation_busy_seconds_total", "Worker time held by an operation.", "operation",
                    sample.operation_busy_seconds);
  families.counters("tidemark_operation_completed_total", "Completed requests of an operation.", "operation",
                    sample.operation_completed);
  families.counters("tidemark_flow_requests_total", "Requests of a flow, from the shadow tag.", "flow",
                    sample.flow_requests);
  for (const auto& [name, value] : sample.extra) {
    if (name.ends_with("_now")) {
      families.gauge(metric_name(name.substr(0, name.size() - 4)), "Level kept by the service.", value);
    } else {
      const std::string total = name.ends_with("_total") ? name : name + "_total";
      families.counter(metric_name(total), "Count kept by the service.", value);
    }
  }
  return families.text();
}

}  // namespace tidemark::observe
