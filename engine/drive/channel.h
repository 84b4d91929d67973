// All exchanges with one origin over a protocol that is not plain HTTP/1.1: HTTP/2, gRPC, Redis, MySQL, Kafka. The
// worker keeps flows, clocks and books and knows nothing of the wire; a channel keeps connections (or the library that
// does) and knows nothing of flows. Plain HTTP/1.1 stays in the worker itself, because the budget per request leaves no
// room for a virtual call there. One owner: the worker's thread; nothing here blocks.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "engine/drive/answer.h"
#include "engine/drive/event_loop.h"

namespace tidemark::drive {

struct Rendered;  // one request with every hole filled: engine/drive/request_plan.h

class Channel {
 public:
  // The worker's side. `exchange` is the worker's number of one request under way. May be called from inside any of
  // the channel's functions, submit() included.
  class Owner {
   public:
    virtual void on_sent(std::uint32_t exchange) = 0;  // its first byte was handed to the kernel
    virtual void on_answer(std::uint32_t exchange, const Answer& answer) = 0;
    // `connecting`: no connection could be made. From inside submit(), only such a failure may be reported: a caller
    // that at once submits another would never come back.
    virtual void on_failure(std::uint32_t exchange, std::string_view why, bool connecting) = 0;
    virtual void on_room() = 0;  // submit() would take another one again
    // The server cannot have processed it: a stream refused, or a kept connection closed before any answer to a request
    // that may be repeated. The owner submits it once more, or lets it fail.
    virtual void on_refused(std::uint32_t exchange, std::string_view why) { on_failure(exchange, why, false); }
    // The machine, not the target, refused a connection: no descriptor, or no local port.
    virtual void on_exhausted(bool /*of_ports*/) {}

   protected:
    ~Owner() = default;
  };

  virtual ~Channel() = default;
  // Takes the request and answers later through the owner; false: no connection or stream is free and none can be
  // opened, ask again after on_room(). What it needs of `request` is copied or sent before it returns.
  virtual bool submit(std::uint32_t exchange, const Rendered& request) = 0;
  // Timed out or stopped: nothing more is heard of this exchange.
  virtual void cancel(std::uint32_t exchange) = 0;
  // The worker has submitted what was due and waits next: what lies in buffers goes to the kernel now.
  virtual void flush() {}
  // An event of a socket that this channel added to the loop, with the low 32 bits of its tag. The upper half is
  // ChannelContext::tag.
  virtual void on_event(std::uint32_t socket, bool readable, bool writable) = 0;
  // Nanoseconds since the run's start at which on_timer() wants to be called; the largest int64 for never.
  virtual std::int64_t next_timer() const { return INT64_MAX; }
  virtual void on_timer(std::int64_t /*at*/) {}
  virtual std::uint32_t open_connections() const = 0;
};

}  // namespace tidemark::drive
