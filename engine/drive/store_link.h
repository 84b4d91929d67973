// One connection to a store, and what its pool (engine/drive/store_pool.h) asks of it: connect, carry one call at a
// time, close. Two implementations: hiredis and MariaDB Connector/C. Worker's thread only; nothing blocks.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/drive/answer.h"
#include "engine/drive/event_loop.h"

namespace tidemark::drive {

// One call with every hole filled, as the pool keeps it until a connection takes it.
struct StoreRequest {
  std::vector<std::string> arguments;  // Redis: the command's; MySQL: the values
  std::vector<std::string> before;     // Redis: a command that goes first, its reply unread; empty for none
  const void* statement = nullptr;     // MySQL: the SqlStatement that the values belong to; outlives the call
  std::string comment;                 // MySQL: appended to the statement, "" for none
  bool keep_body = false;              // write the reply as JSON
};

class StoreLink {
 public:
  // Called from on_event() only, and each is the last thing a link does there: the pool may send or close from inside.
  class Owner {
   public:
    virtual void on_link_open(std::uint32_t link) = 0;
    virtual void on_link_answer(std::uint32_t link, const Answer& answer) = 0;
    // While connecting, while a call is under way, or idle. Not used after this.
    virtual void on_link_lost(std::uint32_t link, std::string_view why) = 0;

   protected:
    ~Owner() = default;
  };

  virtual ~StoreLink() = default;
  // Both: true when there is something to tell already, so that on_event(false, false) is to be called soon.
  virtual bool connect() = 0;                          // once
  virtual bool send(const StoreRequest& request) = 0;  // on an open link without a call under way
  virtual void on_event(bool readable, bool writable) = 0;
  // Lets go of the socket without a word to the owner; nothing but destruction follows.
  virtual void close() = 0;
};

// How a link sees the loop: its number in the pool and the tag of its socket.
struct LinkPlace {
  StoreLink::Owner* owner = nullptr;
  EventLoop* loop = nullptr;
  std::uint32_t number = 0;
  std::uint64_t tag = 0;
};

// The interest of one socket in the loop: asks the kernel only when it changes.
class SocketInterest {
 public:
  explicit SocketInterest(LinkPlace place) : place_(place) {}
  // False: the kernel refused to watch it.
  bool set(int fd, bool reading, bool writing) {
    if (fd != fd_) {
      fd_ = fd;
      added_ = place_.loop->add(fd, place_.tag, writing);
      if (!added_) return false;
      reading_ = !writing;
      writing_ = writing;
    }
    if (reading == reading_ && writing == writing_) return true;
    reading_ = reading;
    writing_ = writing;
    return place_.loop->modify(fd, place_.tag, reading, writing);
  }

 private:
  LinkPlace place_;
  int fd_ = -1;
  bool added_ = false, reading_ = false, writing_ = false;
};

}  // namespace tidemark::drive
