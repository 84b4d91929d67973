// Serves RESP connections: reads commands, hands them to a dispatcher, writes the replies in the order of the commands.
// Commands pipelined on one connection run at the same time, as far as the node's workers allow, except that one which
// names a key of a command still under way waits for it. Loopback only. Used from the io_context's own thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "engine/net/asio.h"
#include "engine/net/task_group.h"
#include "scenarios/shop/resp_codec.h"

namespace tidemark::shop {

// What a connection has said of itself so far.
struct RespClient {
  bool auditor = false;  // has given the auditor's password
  struct Tag {
    std::string shadow, traceparent, caller;
  };
  std::optional<Tag> tag;  // of the next command
};

// What to do for one command: a reply that is there at once, or work.
struct RespAction {
  std::string reply;
  std::function<net::Task<std::string>()> work;  // set: its result is the reply
  std::vector<std::string> keys;                 // that the work touches
  bool close = false;                            // after the reply
};
using RespDispatcher = std::function<RespAction(RespClient&, std::vector<std::string> args)>;

struct RespServerLimits {
  RespLimits commands;
  std::uint32_t connections = 1024;  // above: told so and closed
  std::uint32_t pipeline = 256;      // commands of one connection that are not answered yet; above: reading pauses
};

class RespServer {
 public:
  RespServer(net::asio::io_context& io, RespServerLimits limits, RespDispatcher dispatch);
  // Binds 127.0.0.1:0. The port, or why not (exit 4).
  Result<std::uint16_t> listen();
  // Accepts and serves until it is cancelled; then every connection has ended.
  net::Task<void> run();
  std::uint32_t connections() const { return connections_; }

 private:
  struct Reply;
  struct Session;
  net::Task<void> serve(net::TcpSocket socket);
  net::Task<void> read(std::shared_ptr<Session> session);
  net::Task<void> write(std::shared_ptr<Session> session);
  net::Task<void> perform(std::shared_ptr<Session> session, std::shared_ptr<Reply> reply, RespAction action);
  net::Task<void> begin(std::shared_ptr<Session> session, RespAction action);

  net::asio::io_context& io_;
  const RespServerLimits limits_;
  const RespDispatcher dispatch_;
  net::TcpAcceptor acceptor_;
  std::uint32_t connections_ = 0;
};

}  // namespace tidemark::shop
