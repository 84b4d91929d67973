#include "scenarios/shop/peak_shaving.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "scenarios/shop/answers.h"
#include "scenarios/shop/call_guards.h"
#include "scenarios/shop/events_client.h"

namespace tidemark::shop {

using Decision = guard::ShavingBuffer::Decision;

PeakShaving::PeakShaving(NodeRuntime& node)
    : node_(node),
      due_(node.io().get_executor(), Instant::max()),
      prefix_(node.config().name() + "-" + std::to_string(Clock::now().time_since_epoch().count()) + "-") {
  node.background([this] { return drain(); });
}

void PeakShaving::configure(const std::optional<guard::BufferSettings>& settings) {
  buffer_.reset();
  if (settings) buffer_.emplace(*settings);
  const auto waiting = std::exchange(waiting_, {});
  for (const auto& [ticket, timer] : waiting) timer->cancel();  // no longer in waiting_: let go
  due_.cancel();
}

net::Task<void> PeakShaving::drain() {
  while (true) {
    std::uint64_t ticket = 0;
    while (buffer_ && buffer_->drain(Clock::now(), &ticket)) {
      const auto found = waiting_.find(ticket);
      if (found == waiting_.end()) continue;
      net::Timer* timer = found->second;
      waiting_.erase(found);
      timer->cancel();
    }
    due_.expires_at(buffer_ ? buffer_->next_drain(Clock::now()) : Instant::max());
    co_await due_.async_wait(net::as_values);
  }
}

net::Task<bool> PeakShaving::wait(std::uint64_t ticket, Instant deadline) {
  net::Timer timer(node_.io().get_executor(), deadline);
  struct Place {
    PeakShaving& shaving;
    std::uint64_t ticket;
    ~Place() {
      if (shaving.waiting_.erase(ticket) > 0 && shaving.buffer_) shaving.buffer_->abandon(ticket);
    }
  } const place{*this, ticket};
  waiting_.emplace(ticket, &timer);
  due_.cancel();  // it may be the only one that waits
  co_await timer.async_wait(net::as_values);
  co_return !waiting_.contains(ticket);
}

net::Task<net::Response> PeakShaving::enqueue(CallContext& context, std::string body) {
  auto fields = nlohmann::json::parse(body, nullptr, false);
  if (!fields.is_object()) co_return refuse(400, "bad-request", "user, item and quantity, positive numbers");
  const std::string ticket = prefix_ + std::to_string(next_ticket_++);
  const auto told = co_await publish(context, kOrderRequested, ticket, std::move(fields));
  if (!told.ok) co_return refuse(502, "events-failed", told.error);
  co_return net::Response::json(202, nlohmann::json{{"ticket", ticket}, {"order", ticket}}.dump());
}

net::Task<net::Response> PeakShaving::buy(CallContext& context, net::Request request) {
  const std::uint64_t ticket = next_ticket_++;
  const Decision decision = buffer_ ? buffer_->offer(Clock::now(), ticket) : Decision::direct;
  if (decision == Decision::refused) {
    net::Response full = refuse(503, "buffer-full", "too many orders wait");
    full.headers.set(kRefusedHeader, "buffer");
    full.headers.set("retry-after", "1");
    co_return full;
  }
  if (decision == Decision::to_queue) co_return co_await enqueue(context, std::move(request.body));
  if (decision == Decision::buffered && !co_await wait(ticket, context.deadline)) {
    co_return refuse(504, "deadline-exceeded", "waited too long in the buffer");
  }
  co_return relay(co_await context.call("order", "POST", "/orders", std::move(request.body)), "order");
}

void PeakShaving::show() {
  if (!buffer_) return;
  const auto& counts = buffer_->counts();
  *node_.counter("shaving_waiting_now") = static_cast<double>(buffer_->waiting());
  *node_.counter("shaving_direct_now") = static_cast<double>(counts.direct);  // since the mode was chosen
  *node_.counter("shaving_buffered_now") = static_cast<double>(counts.buffered);
  *node_.counter("shaving_queued_now") = static_cast<double>(counts.queued);
  *node_.counter("shaving_refused_now") = static_cast<double>(counts.refused);
}

}  // namespace tidemark::shop
