// HTTP/2 (h2 over TLS, h2c with prior knowledge) and HTTP/1.1 over TLS to one origin. Requests share connections up to
// the limit on streams; another connection is opened when none has room, so N users with S streams each need N / S of
// them. What is submitted while connections are being made waits here and fails with the connection that failed. One
// owner, the worker's thread; nothing blocks, and nothing is written before flush(), so that requests submitted in one
// turn leave in one write.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "engine/drive/channel_factory.h"
#include "engine/drive/h2_session.h"
#include "engine/drive/http_connection.h"
#include "engine/drive/socket_address.h"
#include "engine/drive/tls_context.h"

namespace tidemark::drive {

class HttpChannel final : public Channel {
 public:
  // `keep_all`: hands out fields and body of every answer, whatever its step asks for (gRPC has its status and frames
  // there).
  HttpChannel(const ChannelContext& context, bool keep_all);
  ~HttpChannel() override;

  bool submit(std::uint32_t exchange, const Rendered& request) override;
  void cancel(std::uint32_t exchange) override;
  void flush() override;
  void on_event(std::uint32_t socket, bool readable, bool writable) override;
  std::int64_t next_timer() const override { return retry_at_; }
  void on_timer(std::int64_t at) override;
  std::uint32_t open_connections() const override { return open_; }

 private:
  friend class HttpConnection;
  struct Held {  // accepted while its connection was being made
    std::uint32_t exchange = 0;
    Rendered request;
  };
  struct Place {
    std::uint32_t connection = kNone, handle = kNone;
  };
  enum class Opened { yes, failed, exhausted, at_limit };

  Opened open(std::string& why);
  HttpConnection* pick();
  void hand_over(HttpConnection& connection, std::uint32_t exchange, const Rendered& request);
  Place& place_of(std::uint32_t exchange);

  // A connection's side.
  void on_ready(HttpConnection& connection);
  void on_lost(HttpConnection& connection, const std::string& why, bool while_connecting);
  void offer(HttpConnection& connection);  // it may have room: what is held goes first
  void mark(HttpConnection& connection);   // it has something to flush
  void tell_room();

  ChannelContext context_;
  bool keep_all_;
  SocketAddress address_;
  std::unique_ptr<TlsClient> tls_;  // null: no TLS
  std::uint32_t per_connection_;    // requests at once on a connection yet to be made
  std::vector<std::unique_ptr<HttpConnection>> connections_;
  std::vector<std::uint32_t> closed_, free_, marked_, flushing_;  // connections; free: a stack, checked when taken
  std::deque<Held> held_;
  std::vector<Place> places_;  // by exchange
  std::uint32_t open_ = 0, connecting_ = 0;
  bool refused_ = false;  // the owner waits for on_room()
  std::int64_t retry_at_ = INT64_MAX;
  std::unique_ptr<char[]> receive_buffer_;
};

}  // namespace tidemark::drive
