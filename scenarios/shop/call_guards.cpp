#include "scenarios/shop/call_guards.h"

#include <algorithm>
#include <utility>

#include "engine/core/random.h"
#include "scenarios/shop/priority.h"

namespace tidemark::shop {

void CallGuards::configure(const GuardConfig& config) {
  config_ = config;
  for (const auto& [service, guards] : services_) earlier_trips_[service] += guards->trips();
  services_.clear();
}

std::shared_ptr<CallGuards::Service> CallGuards::towards(const std::string& service) {
  auto& known = services_[service];
  if (!known) known = std::make_shared<Service>(config_, seed_, node_ + "/" + service);
  return known;
}

CallGuards::Service::Service(const GuardConfig& config, std::uint64_t stream, const std::string& stream_name)
    : settings(config.calls),
      breaker_settings(config.shared.breaker),
      seed(Random(stream, "calls/" + stream_name).next()),
      name(stream_name) {
  if (settings.bulkhead) bulkhead.emplace(*settings.bulkhead);
  if (config.shared.retry) retry.emplace(*config.shared.retry, seed);
}

bool CallGuards::Service::enter(guard::Priority priority) {
  return !bulkhead || bulkhead->enter(bulkhead->group(name_of(priority)));
}

void CallGuards::Service::leave(guard::Priority priority) {
  if (bulkhead) bulkhead->leave(bulkhead->group(name_of(priority)));
}

guard::Breaker* CallGuards::Service::breaker_to(const net::Endpoint& node) {
  if (!breaker_settings) return nullptr;
  const std::uint16_t key = settings.breaker_per_node ? node.port : 0;
  auto& breaker = breakers[key];
  if (!breaker) breaker = guard::make_breaker(*breaker_settings, seed + key);
  return breaker.get();
}

double CallGuards::Service::trips() const {
  double sum = 0;
  for (const auto& [port, breaker] : breakers) sum += static_cast<double>(breaker->trips());
  return sum;
}

void CallGuards::show(NodeCounters& counters) {
  const Instant now = Clock::now();
  for (const auto& [service, guards] : services_) {
    if (guards->breaker_settings) {
      double open = 0, half_open = 0;
      for (const auto& [port, breaker] : guards->breakers) {
        const auto state = breaker->state(now);
        open += state == guard::Breaker::State::open ? 1 : 0;
        half_open += state == guard::Breaker::State::half_open ? 1 : 0;
      }
      *counters.extra("breaker_" + service + "_open_now") = open;
      *counters.extra("breaker_" + service + "_half_open_now") = half_open;
      *counters.extra("breaker_" + service + "_trips") = earlier_trips_[service] + guards->trips();
    }
    if (guards->retry)
      *counters.extra("retry_budget_" + service + "_now") = std::min(1e9, guards->retry->budget().left(now));
    if (guards->bulkhead) {
      double in_use = 0;
      for (std::size_t i = 0; i < guards->bulkhead->groups(); ++i) in_use += guards->bulkhead->in_use(i);
      *counters.extra("bulkhead_" + service + "_now") = in_use;
    }
  }
}

CallVerdict verdict_of(const net::CallResult& result) {
  if (result.status != net::CallResult::Status::ok) return CallVerdict::failed;
  if (result.response.headers.find(kRefusedHeader) != nullptr) return CallVerdict::refused;
  return result.response.status >= 500 ? CallVerdict::failed : CallVerdict::good;
}

}  // namespace tidemark::shop
