// What happens to the system while it runs: faults begin and end, callers notice, autoscalers decide, nodes start.
#include <algorithm>

#include "models/twin/engine.h"

namespace tidemark::twin {

void Simulation::Engine::plan_control() {
  faulty_.assign(plan.system.faults.size(), 0);
  for (std::uint32_t f = 0; f < plan.system.faults.size(); ++f) {
    const Fault& fault = plan.system.faults[f];
    at(fault.at.count(), {.what = Control::What::fault_begins, .index = f});
    if (fault.until.count() > 0) at(fault.until.count(), {.what = Control::What::fault_ends, .index = f});
    const bool gone = fault.kind == Fault::Kind::kill || fault.kind == Fault::Kind::region;
    if (gone) at((fault.at + fault.noticed).count(), {.what = Control::What::noticed, .index = f});
  }
  for (std::uint32_t f = 0; f < plan.fleets.size(); ++f) {
    const auto& scaler = plan.system.services[plan.fleets[f].service].autoscaler;
    scalers_.push_back({AutoscalerState(scaler.value_or(Autoscaler{}))});
    if (scaler && plan.fleets[f].most > 0) at(scaler->tick.count(), {.what = Control::What::scale, .index = f});
  }
}

void Simulation::Engine::at(std::int64_t time_ns, Control control) {
  controls_.push_back(control);
  push(time_ns, static_cast<std::uint32_t>(controls_.size() - 1), Kind::control);
}

void Simulation::Engine::control(std::uint32_t index) {
  const Control control = controls_[index];
  switch (control.what) {
    case Control::What::fault_begins:
      return apply(control.index, true);
    case Control::What::fault_ends:
      return apply(control.index, false);
    case Control::What::noticed:
      return notice(control.index);
    case Control::What::node_ready:
      return start_node(control.index);
    case Control::What::scale:
      scale(control.index);
      push(now_ns + plan.system.services[plan.fleets[control.index].service].autoscaler->tick.count(), index,
           Kind::control);
      return;
  }
}

std::vector<std::uint32_t> Simulation::Engine::nodes_of(const Fault& fault) const {
  std::vector<std::uint32_t> found;
  for (std::uint32_t n = 0; n < nodes.size(); ++n) {
    const auto& fleet = plan.fleets[nodes[n].fleet];
    const bool here = fault.region.empty() || plan.system.regions[fleet.region].name == fault.region;
    const bool one_of = fault.kind == Fault::Kind::region || plan.services[fleet.service].name == fault.service;
    if (here && one_of && (fault.node == 0 || fault.node == nodes[n].number)) found.push_back(n);
  }
  return found;
}

void Simulation::Engine::apply(std::uint32_t number, bool begins) {
  const Fault& fault = plan.system.faults[number];
  faulty_[number] = begins;
  const bool gone = fault.kind == Fault::Kind::kill || fault.kind == Fault::Kind::region;
  for (const std::uint32_t node : nodes_of(fault)) {
    if (!gone) {
      alter(node);
    } else if (begins && nodes[node].up) {
      cut(node);
    } else if (!begins && nodes[node].started && !nodes[node].up) {
      nodes[node].up = true;
      list_node(node, true);
    }
  }
  if (fault.kind == Fault::Kind::region && !begins) weigh_regions();
}

void Simulation::Engine::notice(std::uint32_t number) {
  if (!faulty_[number]) return;
  const Fault& fault = plan.system.faults[number];
  for (const std::uint32_t node : nodes_of(fault)) {
    if (!nodes[node].up) list_node(node, false);
  }
  if (fault.kind == Fault::Kind::region) weigh_regions();
}

void Simulation::Engine::weigh_regions() {
  for (std::size_t r = 0; r < plan.system.regions.size(); ++r) {
    region_weights_[r] = plan.system.regions[r].weight;
    for (std::size_t f = 0; f < faulty_.size(); ++f) {
      const Fault& fault = plan.system.faults[f];
      const bool gone = faulty_[f] && fault.kind == Fault::Kind::region && fault.region == plan.system.regions[r].name;
      if (gone) region_weights_[r] = 0;
    }
  }
}

// The sum of what its faults, and being a slow node, do to its work.
void Simulation::Engine::alter(std::uint32_t index) {
  Node& node = nodes[index];
  const auto& slow = plan.system.services[node.service].slow_nodes;
  const auto own = slow.find(node.number);
  node.factor = own != slow.end() ? own->second : 1;
  node.extra_ns = node.stalled_until_ns = 0;
  node.error_chance = 0;
  for (std::size_t f = 0; f < faulty_.size(); ++f) {
    const Fault& fault = plan.system.faults[f];
    if (!faulty_[f] || fault.kind == Fault::Kind::kill || fault.kind == Fault::Kind::region) continue;
    const auto hit = nodes_of(fault);
    if (!std::ranges::binary_search(hit, index)) continue;
    if (fault.kind == Fault::Kind::slow) node.factor *= fault.factor, node.extra_ns += fault.delay.count();
    if (fault.kind == Fault::Kind::errors)
      node.error_chance = static_cast<std::uint32_t>(std::min(fault.share * 0x1.0p32, 0x1.0p32 - 1));
    if (fault.kind == Fault::Kind::stall)
      node.stalled_until_ns = fault.until.count() > 0 ? fault.until.count() : kNever / 2;
  }
  node.altered = node.factor != 1 || node.extra_ns > 0 || node.error_chance > 0;
}

// The process is gone: every request in it is answered by a broken connection, and its counters begin anew.
void Simulation::Engine::cut(std::uint32_t index) {
  Node& node = nodes[index];
  const Service& service = plan.system.services[node.service];
  node.up = false;
  std::vector<Frame> inside;
  for (std::uint32_t f = 0; f < frames_.size(); ++f) {
    Frame& frame = frames_[f];
    const bool here = frame.state == Frame::State::queued || frame.state == Frame::State::working ||
                      frame.state == Frame::State::calling;
    if (!here || frame.node != index || frame.doomed) continue;
    inside.push_back(frame);
    if (frame.state == Frame::State::working && frame.answer == Answer::ok && service.crosstalk > 0)
      --fleets_[node.fleet].serving;
    frame.parent = kNobody;
    frame.answer = Answer::unreachable;
    frame.doomed = true;
    frame.holds = false;
    if (frame.state == Frame::State::queued) frames_.free(f);
  }
  node.pool = guard::WorkerPool(service.workers > 0 ? service.workers : kNone, service.queue_limit);
  make_guards(index);
  node.inside = 0;
  node.arrived = node.completed = node.failed = node.refused = 0;
  node.cpu_ns = 0;
  for (CacheState& cache : node.caches) cache.clear();
  for (const Frame& frame : inside) {
    if (frame.parent != kNobody) tell_caller(frame, Answer::unreachable);
  }
}

void Simulation::Engine::list_node(std::uint32_t index, bool listed) {
  Node& node = nodes[index];
  if (node.listed == listed) return;
  node.listed = listed;
  auto& all = fleets_[node.fleet].listed;
  const auto place = std::ranges::lower_bound(all, index);
  if (listed) {
    all.insert(place, index);
  } else {
    all.erase(place);
  }
}

void Simulation::Engine::start_node(std::uint32_t index) {
  nodes[index].up = nodes[index].started = true;
  nodes[index].starting = false;
  list_node(index, true);
  alter(index);
}

void Simulation::Engine::scale(std::uint32_t number) {
  const PlannedFleet& fleet = plan.fleets[number];
  const Autoscaler& settings = *plan.system.services[fleet.service].autoscaler;
  FleetScaler& scaler = scalers_[number];
  ScaleInput input{.now = Nanos(now_ns)};
  double busy_s = 0, waited_s = 0;
  std::uint64_t arrived = 0;
  for (std::uint32_t n = fleet.first_node; n < fleet.first_node + fleet.most; ++n) {
    Node& node = nodes[n];
    input.ready += node.listed;
    input.unready += node.starting;
    if (!node.listed && node.started && node.inside == 0) node.started = node.up = false;  // drained
    const auto reading = node.pool.read(instant());
    busy_s += reading.busy_seconds;
    waited_s += reading.wait_seconds;
    arrived += node.arrived;
  }
  const double tick_s = to_seconds(settings.tick);
  const double workers = static_cast<double>(input.ready) * plan.system.services[fleet.service].workers;
  input.busy_share = workers > 0 ? (busy_s - scaler.busy_s) / (tick_s * workers) : 0;
  input.concurrency = (busy_s + waited_s - scaler.busy_s - scaler.waited_s) / tick_s;
  input.arrival_rate = arrived >= scaler.arrived ? static_cast<double>(arrived - scaler.arrived) / tick_s : 0;
  scaler.busy_s = busy_s, scaler.waited_s = waited_s, scaler.arrived = arrived;
  const std::uint32_t wanted = scaler.rule.desired(input);
  std::uint32_t have = input.ready + input.unready;
  for (std::uint32_t n = fleet.first_node; n < fleet.first_node + fleet.most && have < wanted; ++n) {
    if (nodes[n].listed || nodes[n].starting || nodes[n].started) continue;
    nodes[n].starting = true;
    at(now_ns + settings.start_up.count(), {.what = Control::What::node_ready, .index = n});
    ++have;
  }
  for (std::uint32_t n = fleet.first_node + fleet.most; n > fleet.first_node && have > wanted; --n) {
    if (!nodes[n - 1].listed || fleets_[number].listed.size() <= 1) continue;
    list_node(n - 1, false);
    --have;
  }
}

}  // namespace tidemark::twin
