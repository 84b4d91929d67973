#include "models/twin/simulation.h"

#include <utility>

#include "models/twin/engine.h"

namespace tidemark::twin {

Simulation::Simulation(std::unique_ptr<Engine> engine) : engine_(std::move(engine)) {}
Simulation::~Simulation() = default;

Result<std::unique_ptr<Simulation>> Simulation::create(const System& system, SimulationOptions options) {
  if (auto checked = check_system(system); !checked) return tl::make_unexpected(std::move(checked.error()));
  return std::unique_ptr<Simulation>(new Simulation(std::make_unique<Engine>(plan_of(system), std::move(options))));
}

void Simulation::start(schedule::ArrivalStream& arrivals) {
  engine_->start(arrivals);
}
void Simulation::run_until(Nanos end) {
  engine_->run_until(end.count());
}
Nanos Simulation::now() const {
  return Nanos(engine_->now_ns);
}
bool Simulation::idle() const {
  return engine_->idle();
}
const Results& Simulation::results() {
  return engine_->results();
}
void Simulation::reset_results() {
  engine_->reset_results();
}
std::size_t Simulation::nodes() const {
  return engine_->nodes.size();
}
NodeName Simulation::node_name(std::size_t node) const {
  return engine_->name_of(static_cast<std::uint32_t>(node));
}
WatermarkSample Simulation::watermark(std::size_t node) {
  return engine_->watermark(static_cast<std::uint32_t>(node));
}
double Simulation::limit(std::size_t node) const {
  const auto& limiter = engine_->nodes[node].limiter;
  return limiter ? limiter->limit() : -1;
}
std::uint32_t Simulation::fleet(const std::string& service) const {
  for (std::uint32_t s = 0; s < engine_->plan.services.size(); ++s) {
    if (engine_->plan.services[s].name == service) return engine_->listed(s);
  }
  return 0;
}

}  // namespace tidemark::twin
