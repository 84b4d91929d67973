#include "tests/unit/models/chain_simulator.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <queue>

#include "engine/core/random.h"

namespace tidemark::testing {
namespace {

record::WindowRecord empty_window(double start_s, double length_s, const std::string& step) {
  record::WindowRecord window;
  window.start_s = start_s;
  window.length_s = length_s;
  window.step = step;
  return window;
}

struct Node {
  std::string name, service;
  std::uint32_t workers = 1, in_use = 0;
  std::deque<std::size_t> waiting;
  double last = 0, busy_s = 0, wait_s = 0;
  std::uint64_t arrived = 0, completed = 0;
  std::map<std::string, std::uint64_t> flows;

  void advance(double now) {
    busy_s += in_use * (now - last);
    wait_s += static_cast<double>(waiting.size()) * (now - last);
    last = now;
  }
};

// A flow is played as a script: enter a service, work there, leave it; entering nests.
struct Action {
  enum class Kind { enter, work, leave } kind;
  std::string service;
  double seconds = 0;
};

struct FlowRun {
  const std::string* name = nullptr;
  double start = 0;
  std::vector<Action> script;
  std::size_t at = 0;
  std::vector<std::size_t> nodes;  // entered and not left
};

class Simulation {
 public:
  Simulation(const TrueChain& chain, const std::map<std::string, std::uint32_t>& counts, std::uint64_t seed)
      : chain_(chain), random_(seed, "truth") {
    for (const auto& [name, service] : chain.services) {
      const auto found = counts.find(name);
      for (std::uint32_t i = 1; i <= (found == counts.end() ? 1 : found->second); ++i) {
        by_service_[name].push_back(nodes_.size());
        nodes_.push_back({.name = name + "-" + std::to_string(i), .service = name, .workers = service.workers});
      }
    }
  }

  record::RunRecord run(const std::vector<TrueStage>& stages, const std::string& kind, std::uint64_t seed) {
    start_record(stages, kind, seed);
    double sample_at = 0;
    schedule_arrivals(stages);
    while (!events_.empty()) {
      const auto [time, flow] = events_.top();
      for (; sample_at <= time; sample_at += 1) sample(sample_at);
      events_.pop();
      now_ = time;
      step(flow);
    }
    sample(std::max(sample_at, now_ + 0.01));
    finish(stages);
    return std::move(record_);
  }

 private:
  struct Event {
    double time;
    std::size_t flow;
    bool operator<(const Event& other) const { return time > other.time; }
  };

  void append_calls(std::vector<Action>& script, const std::vector<std::string>& calls) {
    for (const auto& name : calls) {
      const auto& service = chain_.services.at(name);
      if (random_.uniform() >= service.visit_chance) continue;
      script.push_back({Action::Kind::enter, name});
      script.push_back({Action::Kind::work, name, random_.lognormal(service.mean_ms / 1000, service.cv)});
      append_calls(script, service.calls);
      script.push_back({Action::Kind::leave, name});
    }
  }

  void schedule_arrivals(const std::vector<TrueStage>& stages) {
    double begin = 0;
    for (const auto& stage : stages) {
      for (double t = begin + random_.exponential(1 / stage.rate); t < begin + stage.seconds;
           t += random_.exponential(1 / stage.rate)) {
        double pick = random_.uniform();
        auto chosen = chain_.flows.begin();
        while (std::next(chosen) != chain_.flows.end() && pick >= chosen->second.share) {
          pick -= chosen->second.share;
          ++chosen;
        }
        FlowRun flow{.name = &chosen->first, .start = t};
        const auto& entry = chain_.services.at(chosen->second.entry);
        flow.script.push_back({Action::Kind::enter, chosen->second.entry});
        flow.script.push_back({Action::Kind::work, "", random_.lognormal(entry.mean_ms / 1000, entry.cv)});
        append_calls(flow.script, chosen->second.entry_calls);
        flow.script.push_back({Action::Kind::leave, chosen->second.entry});
        events_.push({t, flows_.size()});
        flows_.push_back(std::move(flow));
        auto& point = point_at(t, chosen->first);
        ++point.started;
      }
      begin += stage.seconds;
    }
  }

  void step(std::size_t index) {
    auto& flow = flows_[index];
    while (flow.at < flow.script.size()) {
      const auto& action = flow.script[flow.at++];
      if (action.kind == Action::Kind::work) {
        events_.push({now_ + action.seconds, index});
        return;
      }
      if (action.kind == Action::Kind::enter && !enter(action.service, index)) return;
      if (action.kind == Action::Kind::leave) leave(index);
    }
    complete(flow);
  }

  bool enter(const std::string& service, std::size_t index) {
    const auto& choices = by_service_.at(service);
    const std::size_t chosen = choices[random_.below(choices.size())];
    auto& node = nodes_[chosen];
    node.advance(now_);
    ++node.arrived;
    ++node.flows[*flows_[index].name];
    flows_[index].nodes.push_back(chosen);
    if (node.in_use < node.workers) {
      ++node.in_use;
      return true;
    }
    node.waiting.push_back(index);
    return false;
  }

  void leave(std::size_t index) {
    auto& node = nodes_[flows_[index].nodes.back()];
    flows_[index].nodes.pop_back();
    node.advance(now_);
    ++node.completed;
    if (node.waiting.empty()) {
      --node.in_use;
      return;
    }
    const std::size_t next = node.waiting.front();
    node.waiting.pop_front();
    events_.push({now_, next});  // it holds the slot now and goes on with its own script
  }

  struct Point {
    std::uint64_t started = 0, ok = 0;
    Histogram response;
  };
  Point& point_at(double t, const std::string& step) { return points_[{static_cast<int>(t), step}]; }

  void complete(const FlowRun& flow) {
    const auto us = std::llround((now_ - flow.start) * 1e6);
    auto& point = point_at(now_, *flow.name);
    ++point.ok;
    point.response.record(us);
    for (auto& window : record_.windows) {
      if (window.step == *flow.name && now_ >= window.start_s && now_ < window.start_s + window.length_s) {
        window.response.record(us);
      }
    }
  }

  void sample(double t) {
    for (auto& node : nodes_) {
      node.advance(t);
      WatermarkSample sample{.t_s = t, .node = node.name, .service = node.service};
      sample.busy_seconds = node.busy_s;
      sample.wait_seconds = node.wait_s;
      sample.cpu_seconds = 0.0002 * static_cast<double>(node.completed) + 0.002 * t;
      sample.arrived = node.arrived;
      sample.completed = node.completed;
      sample.workers = node.workers;
      sample.in_use = node.in_use;
      sample.queued = static_cast<std::uint32_t>(node.waiting.size());
      sample.flow_requests = node.flows;
      record_.watermarks.push_back(std::move(sample));
    }
  }

  void start_record(const std::vector<TrueStage>& stages, const std::string& kind, std::uint64_t seed) {
    nlohmann::json flows = nlohmann::json::array();
    for (const auto& [name, flow] : chain_.flows) {
      flows.push_back({{"name", name}, {"weight", flow.share}, {"steps", {{{"name", name}}}}});
    }
    record_.manifest = {{"run_id", kind + "-" + std::to_string(seed)},
                        {"kind", kind},
                        {"scenario", {{"flows", flows}}},
                        {"topology", "services:\n  product: {service_time: 20ms}\n"}};
    double begin = 0;
    for (std::size_t i = 0; i < stages.size(); ++i) {
      const double length = stages[i].seconds, settle = length < 10 ? 0.2 * length : 2.0;
      record_.events.push_back(
          {begin, "stage", {{"index", i}, {"start_s", begin}, {"end_s", begin + length}, {"rate", stages[i].rate}}});
      for (const auto& [step, flow] : chain_.flows) {
        record_.windows.push_back(empty_window(begin, settle, step));
        for (double at = settle; at < length - 1e-9; at += 10) {
          record_.windows.push_back(empty_window(begin + at, std::min(10.0, length - at), step));
        }
      }
      begin += length;
    }
  }

  void finish(const std::vector<TrueStage>& stages) {
    Summary summary{.run_id = record_.run_id()};
    for (const auto& stage : stages) summary.duration_s += stage.seconds;
    std::map<int, record::SeriesPoint> totals;
    std::map<int, Histogram> seconds;
    for (const auto& [key, point] : points_) {
      record::SeriesPoint series{.t_s = static_cast<double>(key.first), .step = key.second};
      series.requests.started = point.started;
      series.requests.ok = point.ok;
      record_.series.push_back(series);
      auto& total = totals[key.first];
      total.t_s = series.t_s;
      total.flows.planned += point.started;
      total.flows.completed += point.ok;
      seconds[key.first].add(point.response);
      auto& step = summary.by_step[key.second];
      step.requests.started += point.started;
      step.requests.ok += point.ok;
      summary.flows.planned += point.started;
      summary.flows.completed += point.ok;
    }
    for (auto& [second, total] : totals) record_.series.push_back(total);
    for (auto& [second, histogram] : seconds) {
      auto window = empty_window(static_cast<double>(second), 1, "");
      window.response = histogram;
      record_.seconds.push_back(std::move(window));
    }
    record_.stored_summary = std::move(summary);
  }

  const TrueChain& chain_;
  Random random_;
  double now_ = 0;
  std::vector<Node> nodes_;
  std::map<std::string, std::vector<std::size_t>> by_service_;
  std::vector<FlowRun> flows_;
  std::priority_queue<Event> events_;
  std::map<std::pair<int, std::string>, Point> points_;
  record::RunRecord record_;
};

}  // namespace

TrueChain shop_chain() {
  TrueChain chain;
  chain.services["gateway"] = {.workers = 256, .mean_ms = 1, .cv = 0.5};
  chain.services["product"] = {.workers = 4, .mean_ms = 18.5, .cv = 0.65, .calls = {"cache", "store"}};
  chain.services["cache"] = {.workers = 16, .mean_ms = 0.5, .cv = 0.5};
  chain.services["store"] = {.workers = 16, .mean_ms = 2, .cv = 0.7, .visit_chance = 0.3};
  chain.services["order"] = {
      .workers = 64, .mean_ms = 4, .cv = 0.5, .calls = {"user", "inventory", "payment", "store"}};
  chain.services["user"] = {.workers = 32, .mean_ms = 3, .cv = 0.5};
  chain.services["inventory"] = {.workers = 32, .mean_ms = 4, .cv = 0.6};
  chain.services["payment"] = {.workers = 32, .mean_ms = 10, .cv = 0.6, .calls = {"events"}};
  chain.services["events"] = {.workers = 16, .mean_ms = 0.6, .cv = 0.5};
  chain.flows["browse"] = {.share = 0.85, .entry = "gateway", .entry_calls = {"product"}};
  chain.flows["buy"] = {.share = 0.15, .entry = "gateway", .entry_calls = {"order"}};
  return chain;
}

record::RunRecord simulate(const TrueChain& chain, const std::map<std::string, std::uint32_t>& nodes,
                           const std::vector<TrueStage>& stages, std::uint64_t seed, const std::string& kind) {
  return Simulation(chain, nodes, seed).run(stages, kind, seed);
}

std::vector<record::RunRecord> calibrate(const TrueChain& chain, const std::string& scaled, double capacity,
                                         double stage_s, std::uint64_t seed) {
  std::vector<record::RunRecord> runs;
  for (std::uint32_t count = 1; count <= 3; ++count) {
    std::vector<TrueStage> stages;
    for (const double share : {0.3, 0.45, 0.6, 0.7, 0.8, 0.88, 1.08}) {
      stages.push_back({std::round(capacity * count * share), stage_s});
    }
    runs.push_back(simulate(chain, {{scaled, count}}, stages, seed * 100 + count, "calibration"));
  }
  return runs;
}

}  // namespace tidemark::testing
