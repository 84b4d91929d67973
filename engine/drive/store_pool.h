// The channel of a store whose connections carry one call at a time: Redis and MySQL. Opens connections as calls need
// them, up to a limit, and hands each free one to the call that has waited longest. A connection that ends takes only
// the call on it along; the next call opens another, so a server that comes back is used at once. What a connection
// says is in engine/drive/store_link.h, how a request becomes a call in StoreDialect. Worker's thread only.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/units.h"
#include "engine/drive/channel.h"
#include "engine/drive/store_link.h"

namespace tidemark::drive {

class StoreDialect {
 public:
  virtual ~StoreDialect() = default;
  virtual std::unique_ptr<StoreLink> make_link(const LinkPlace& place) = 0;
  // Fills `call`, whose strings keep their capacity. Returns why the request cannot be sent.
  virtual std::optional<std::string> translate(const Rendered& request, StoreRequest& call) = 0;
};

struct StorePoolOptions {
  EventLoop* loop = nullptr;
  std::uint64_t tag = 0;  // of every socket, upper half
  Channel::Owner* owner = nullptr;
  std::uint32_t most_connections = 1;
  Nanos connect_limit = std::chrono::seconds(30);  // for a connection, handshake and login included
  Instant start;
};

class StorePool final : public Channel, private StoreLink::Owner {
 public:
  StorePool(const StorePoolOptions& options, std::unique_ptr<StoreDialect> dialect);
  ~StorePool() override;

  bool submit(std::uint32_t exchange, const Rendered& request) override;
  void cancel(std::uint32_t exchange) override;
  void flush() override;
  void on_event(std::uint32_t socket, bool readable, bool writable) override;
  std::int64_t next_timer() const override;
  void on_timer(std::int64_t at) override;
  std::uint32_t open_connections() const override { return open_; }

 private:
  static constexpr std::uint32_t kMostSlots = 65535;  // a slot's number has 16 bits of the tag
  static constexpr std::uint32_t kNowhere = 0xffff'ffff, kQueued = 0xffff'fffe, kUnsendable = 0xffff'fffd;

  struct Slot {
    enum class State : std::uint8_t { closed, connecting, idle, busy };
    std::unique_ptr<StoreLink> link;
    std::uint32_t exchange = 0;
    std::uint16_t generation = 0;  // events of an earlier connection in this slot are recognised by it
    State state = State::closed;
  };
  struct Call {
    std::uint32_t exchange = 0;
    std::unique_ptr<StoreRequest> request;
  };
  struct Unsendable {
    std::uint32_t exchange = 0;
    std::string why;
  };
  struct Deadline {
    std::int64_t at = 0;
    std::uint32_t ticket = 0;
  };

  void on_link_open(std::uint32_t link) override;
  void on_link_answer(std::uint32_t link, const Answer& answer) override;
  void on_link_lost(std::uint32_t link, std::string_view why) override;

  bool room() const { return !idle_.empty() || connecting_ > queue_.size() || open_ < most_; }
  void tell_room();
  void open_link();
  void open_enough();
  void carry(std::uint32_t slot, Call call);
  void serve_oldest(std::uint32_t slot);
  void close_slot(std::uint32_t slot);
  std::uint32_t& place_of(std::uint32_t exchange);
  std::uint32_t ticket(std::uint32_t slot) const { return std::uint32_t{slots_[slot].generation} << 16U | slot; }
  Slot* by_ticket(std::uint32_t ticket);

  const StorePoolOptions options_;
  const std::uint32_t most_;
  std::unique_ptr<StoreDialect> dialect_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_slots_, idle_;  // stacks: the warmest is used first
  std::deque<Call> queue_;                        // waiting for a connection that is being made, oldest first
  std::deque<Deadline> deadlines_;                // of connections being made, soonest first
  std::vector<std::unique_ptr<StoreRequest>> spare_;
  std::vector<Unsendable> unsendable_;             // told at the next flush: not from inside submit()
  std::vector<std::uint32_t> due_;                 // tickets of links that have something to say without an event
  std::vector<std::uint32_t> places_;              // by exchange: its slot, or where else it is
  std::vector<std::unique_ptr<StoreLink>> ended_;  // kept until no call of theirs can be on the stack
  std::uint32_t open_ = 0, connecting_ = 0;
  bool refused_ = false;  // submit() said no, and on_room() is owed
};

}  // namespace tidemark::drive
