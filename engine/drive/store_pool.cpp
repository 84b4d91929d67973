#include "engine/drive/store_pool.h"

#include <algorithm>
#include <utility>

namespace tidemark::drive {

StorePool::StorePool(const StorePoolOptions& options, std::unique_ptr<StoreDialect> dialect)
    : options_(options),
      most_(std::clamp<std::uint32_t>(options.most_connections, 1, kMostSlots)),
      dialect_(std::move(dialect)) {}

StorePool::~StorePool() = default;

std::uint32_t& StorePool::place_of(std::uint32_t exchange) {
  if (exchange >= places_.size()) places_.resize(exchange + 1, kNowhere);
  return places_[exchange];
}

StorePool::Slot* StorePool::by_ticket(std::uint32_t ticket) {
  const std::uint32_t number = ticket & 0xffffU;
  if (number >= slots_.size()) return nullptr;
  Slot& slot = slots_[number];
  return slot.state != Slot::State::closed && slot.generation == ticket >> 16U ? &slot : nullptr;
}

bool StorePool::submit(std::uint32_t exchange, const Rendered& request) {
  if (!room()) {
    refused_ = true;
    return false;
  }
  Call call{.exchange = exchange, .request = nullptr};
  if (spare_.empty()) spare_.push_back(std::make_unique<StoreRequest>());
  call.request = std::move(spare_.back());
  spare_.pop_back();
  if (auto why = dialect_->translate(request, *call.request)) {
    spare_.push_back(std::move(call.request));
    unsendable_.push_back({exchange, std::move(*why)});
    place_of(exchange) = kUnsendable;
    return true;
  }
  if (!idle_.empty()) {
    const std::uint32_t slot = idle_.back();
    idle_.pop_back();
    carry(slot, std::move(call));
    return true;
  }
  queue_.push_back(std::move(call));
  place_of(exchange) = kQueued;
  open_enough();
  return true;
}

void StorePool::carry(std::uint32_t number, Call call) {
  Slot& slot = slots_[number];
  slot.state = Slot::State::busy;
  slot.exchange = call.exchange;
  place_of(call.exchange) = number;
  if (slot.link->send(*call.request)) due_.push_back(ticket(number));
  spare_.push_back(std::move(call.request));
  options_.owner->on_sent(call.exchange);
}

// A free connection takes the call that has waited longest, or rests.
void StorePool::serve_oldest(std::uint32_t number) {
  if (queue_.empty()) {
    idle_.push_back(number);
    return;
  }
  Call call = std::move(queue_.front());
  queue_.pop_front();
  carry(number, std::move(call));
}

void StorePool::open_enough() {
  while (connecting_ < queue_.size() && open_ < most_) open_link();
}

void StorePool::open_link() {
  if (free_slots_.empty()) {
    free_slots_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const std::uint32_t number = free_slots_.back();
  free_slots_.pop_back();
  Slot& slot = slots_[number];
  slot.state = Slot::State::connecting;
  ++open_;
  ++connecting_;
  const std::int64_t now = (Clock::now() - options_.start).count();
  deadlines_.push_back({.at = now + options_.connect_limit.count(), .ticket = ticket(number)});
  slot.link = dialect_->make_link(
      {.owner = this, .loop = options_.loop, .number = number, .tag = options_.tag | ticket(number)});
  if (slot.link->connect()) due_.push_back(ticket(number));
}

void StorePool::close_slot(std::uint32_t number) {
  Slot& slot = slots_[number];
  if (slot.state == Slot::State::connecting) --connecting_;
  if (slot.state == Slot::State::idle) std::erase(idle_, number);
  slot.link->close();
  ended_.push_back(std::move(slot.link));
  slot.state = Slot::State::closed;
  ++slot.generation;
  --open_;
  free_slots_.push_back(number);
}

void StorePool::tell_room() {
  if (!refused_ || !room()) return;
  refused_ = false;
  options_.owner->on_room();
}

void StorePool::on_link_open(std::uint32_t number) {
  slots_[number].state = Slot::State::idle;
  --connecting_;
  serve_oldest(number);
  tell_room();
}

void StorePool::on_link_answer(std::uint32_t number, const Answer& answer) {
  Slot& slot = slots_[number];
  const std::uint32_t exchange = slot.exchange;
  const std::uint32_t held = ticket(number);
  place_of(exchange) = kNowhere;
  slot.state = Slot::State::idle;
  // The answer is told before anything else is sent, so that nothing stands between it and its clock. What the owner
  // submits meanwhile may have this connection, unless somebody has waited longer.
  const bool reserved = !queue_.empty();
  if (!reserved) idle_.push_back(number);
  options_.owner->on_answer(exchange, answer);
  if (reserved && by_ticket(held) != nullptr) serve_oldest(number);
  tell_room();
}

void StorePool::on_link_lost(std::uint32_t number, std::string_view why) {
  const Slot::State state = slots_[number].state;
  std::uint32_t exchange = slots_[number].exchange;
  std::string told = (state == Slot::State::connecting ? "connect: " : "") + std::string(why);  // may live in the link
  close_slot(number);
  bool failed = state == Slot::State::busy;
  if (state == Slot::State::connecting && !queue_.empty()) {  // the one that has waited longest is the one that fails
    exchange = queue_.front().exchange;
    spare_.push_back(std::move(queue_.front().request));
    queue_.pop_front();
    failed = true;
  }
  if (failed) {
    place_of(exchange) = kNowhere;
    options_.owner->on_failure(exchange, told, state == Slot::State::connecting);
  }
  open_enough();
  tell_room();
}

void StorePool::cancel(std::uint32_t exchange) {
  const std::uint32_t place = std::exchange(place_of(exchange), kNowhere);
  const auto same = [exchange](const auto& entry) { return entry.exchange == exchange; };
  if (place == kQueued) {
    const auto found = std::ranges::find_if(queue_, same);
    spare_.push_back(std::move(found->request));
    queue_.erase(found);
  } else if (place == kUnsendable) {
    std::erase_if(unsendable_, same);
  } else if (place != kNowhere) {
    // Its answer may still come, and would be taken for that of the next call.
    close_slot(place);
    open_enough();
  }
}

void StorePool::flush() {
  for (const Unsendable& one : std::exchange(unsendable_, {})) {
    if (place_of(one.exchange) != kUnsendable) continue;
    place_of(one.exchange) = kNowhere;
    options_.owner->on_failure(one.exchange, one.why, false);
  }
  for (const std::uint32_t due : std::exchange(due_, {})) {
    if (Slot* slot = by_ticket(due)) slot->link->on_event(false, false);
  }
  tell_room();
}

void StorePool::on_event(std::uint32_t socket, bool readable, bool writable) {
  ended_.clear();
  if (Slot* slot = by_ticket(socket)) slot->link->on_event(readable, writable);
}

std::int64_t StorePool::next_timer() const {
  if (!due_.empty() || !unsendable_.empty() || (refused_ && room())) return 0;
  return deadlines_.empty() ? INT64_MAX : deadlines_.front().at;
}

void StorePool::on_timer(std::int64_t at) {
  while (!deadlines_.empty()) {
    const Deadline next = deadlines_.front();
    const Slot* slot = by_ticket(next.ticket);
    const bool connecting = slot != nullptr && slot->state == Slot::State::connecting;
    if (connecting && next.at > at) return;
    deadlines_.pop_front();
    if (connecting) on_link_lost(next.ticket & 0xffffU, "timed out");
  }
}

}  // namespace tidemark::drive
