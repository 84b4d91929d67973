#include "scenarios/shop/node_faults.h"

#include <algorithm>
#include <thread>

#include "engine/core/words.h"

namespace tidemark::shop {

NodeFaults::NodeFaults(net::asio::io_context& io, std::uint64_t seed, const std::string& node, NodeCounters& counters,
                       Log log)
    : io_(io), counters_(counters), log_(std::move(log)), random_(seed, "fault/" + node), over_(io.get_executor()) {}

void NodeFaults::begin(const Fault& fault, std::optional<Nanos> lasts) {
  if (fault.none()) return end("cleared");
  fault_ = fault;
  until_ = lasts ? std::optional(Clock::now() + *lasts) : std::nullopt;
  log_("fault set",
       {{"fault", to_words(fault)}, {"for", lasts ? format_duration(*lasts) : std::string("until it is cleared")}});
  over_.cancel();
  if (until_) {
    over_.expires_at(*until_);
    over_.async_wait([this](const net::ErrorCode& cancelled) {
      if (!cancelled && until_ && Clock::now() >= *until_) end("its time is over");
    });
  }
  show();
  release();
}

void NodeFaults::end(const char* why) {
  if (fault_.none()) return;
  log_("fault over", {{"fault", to_words(fault_)}, {"why", why}});
  fault_ = {};
  until_.reset();
  over_.cancel();
  show();
  release();
}

void NodeFaults::show() {
  *counters_.extra("fault_now") = fault_.none() ? 0 : 1;
  *counters_.extra("fault_slow_us_now") = to_micros(fault_.slow_by);
  *counters_.extra("fault_slow_factor_now") = fault_.slow_factor;
  *counters_.extra("fault_block_us_now") = to_micros(fault_.block);
  *counters_.extra("fault_errors_now") = fault_.errors;
  *counters_.extra("fault_stall_now") = fault_.stall ? 1 : 0;
}

void NodeFaults::release() {
  for (net::Timer* timer : held_) timer->cancel();
}

std::optional<Nanos> NodeFaults::left(Instant now) const {
  if (!until_) return std::nullopt;
  return std::max(Nanos{0}, *until_ - now);
}

ServiceTimes::Drawn NodeFaults::slowed(ServiceTimes::Drawn drawn) const {
  const auto times = [this](Nanos time) { return from_seconds(to_seconds(time) * fault_.slow_factor); };
  return {times(drawn.compute), times(drawn.wait) + fault_.slow_by};
}

net::Task<int> NodeFaults::meet(Instant deadline) {
  ++*counters_.extra("faults_met");
  if (fault_.block > Nanos{0}) std::this_thread::sleep_for(fault_.block);
  if (fault_.stall) {
    net::Timer timer(io_.get_executor());
    struct Held {
      std::set<net::Timer*>& all;
      net::Timer* timer;
      Held(std::set<net::Timer*>& set, net::Timer* mine) : all(set), timer(mine) { all.insert(timer); }
      ~Held() { all.erase(timer); }
    } const held(held_, &timer);
    while (fault_.stall && Clock::now() < deadline) {
      timer.expires_at(deadline);
      co_await timer.async_wait(net::as_values);
    }
    if (Clock::now() >= deadline) co_return 504;
  }
  co_return fault_.errors > 0 && random_.uniform() < fault_.errors ? 500 : 0;
}

}  // namespace tidemark::shop
