// One connection of an HttpChannel: its socket, TLS if any, and HTTP/2 or HTTP/1.1 on it, whichever was agreed. A state
// machine moved by the channel: open(), on_event(), submit(), flush(), close(). Same owner as the channel.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/drive/flow_table.h"
#include "engine/drive/h2_session.h"
#include "engine/drive/response_framing.h"
#include "engine/drive/tls_context.h"

namespace tidemark::drive {

class HttpChannel;

class HttpConnection final : private H2Session::Events {
 public:
  enum class State : std::uint8_t { closed, connecting, handshaking, ready };

  HttpConnection(HttpChannel& channel, std::uint32_t index) : channel_(channel), index_(index) {}

  State state() const { return state_; }
  std::uint32_t index() const { return index_; }
  // The low half of the epoll tag: 20 bits of the index and 12 of a generation, so that an event of an earlier socket
  // in this place is recognised.
  std::uint32_t socket_id() const { return (generation_ << 20U) | index_; }

  // `fd` is connecting, in the loop for writing. Owns it from here.
  void open(int fd);
  void close();  // silently; safe when closed
  // Closes; what was under way fails, or is handed back where the server cannot have processed it.
  void fail(const std::string& why);
  bool has_room() const;
  std::uint32_t submit(std::uint32_t exchange, const Rendered& request);  // handle for cancel()
  // False: only closing the connection can stop it; then nothing is under way any more.
  bool cancel(std::uint32_t exchange, std::uint32_t handle);
  bool multiplexes() const { return h2_ != nullptr; }
  void flush();
  void on_event(bool readable, bool writable);

  // Book-keeping of the channel.
  bool listed = false, marked = false;

 private:
  void on_connected();
  void handshake();
  void agree();
  void serve();
  void receive();
  bool feed(std::string_view bytes);
  bool feed_http1(std::string_view bytes);
  void end_http1(bool exact);
  void write_out();
  void watch(bool reading, bool writing);
  void break_off();
  void lose(std::string_view why);
  // Bytes moved; 0: would block; -1: ended, and `why` says how.
  long read_some(char* into, std::size_t most, std::string& why);
  long write_some(std::string& why);
  void on_h2_answer(std::uint32_t exchange, const Answer& answer) override;
  void on_h2_failure(std::uint32_t exchange, std::string_view why, bool refused) override;

  HttpChannel& channel_;
  std::uint32_t index_;
  std::uint32_t generation_ = 0;
  State state_ = State::closed;
  int fd_ = -1;
  bool serves_ = false;                     // the channel was told that it takes requests
  bool reading_ = false, writing_ = false;  // what the loop watches
  SslPtr ssl_;
  std::unique_ptr<H2Session> h2_;  // null: HTTP/1.1
  std::string out_;                // collected, not yet taken by the kernel from written_ on
  std::size_t written_ = 0;
  std::vector<std::uint32_t> fresh_;  // submitted, not a byte of them sent
  // HTTP/1.1
  std::uint32_t exchange_ = kNone;
  bool idempotent_ = false, reused_ = false, touched_ = false;
  ResponseFraming framing_;
};

}  // namespace tidemark::drive
