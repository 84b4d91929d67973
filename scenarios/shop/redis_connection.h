// One asynchronous hiredis connection on an io_context: the event hooks hiredis asks for, on a stream descriptor. It
// connects when it is made; commands are buffered until then. Used from the io_context's own thread only.
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "engine/net/asio.h"
#include "engine/net/message.h"

struct redisReply;

namespace tidemark::shop {

class RedisConnection {
 public:
  RedisConnection(net::asio::io_context& io, const net::Endpoint& endpoint);
  RedisConnection(RedisConnection&&) = delete;
  // Commands under way get their answer now: nullptr.
  ~RedisConnection();

  // False once the connection has failed or ended: it does not come back.
  bool alive() const;
  // `answer` is called exactly once, with nullptr when the connection failed; the reply is only valid during the call.
  // It may not destroy the connection. Empty: the reply is not wanted. False when the connection is not alive: nothing
  // was sent.
  using Answer = std::function<void(const redisReply*)>;
  bool send(const std::vector<std::string_view>& args, Answer answer);

 private:
  struct Hooks;
  std::shared_ptr<Hooks>
      hooks_;  // shared with waits on the descriptor, which may complete after the connection is gone
};

}  // namespace tidemark::shop
