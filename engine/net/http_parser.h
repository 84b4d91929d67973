// HTTP/1.1 message framing after RFC 9112, as a state machine over bytes: no socket, no clock. One parser serves
// servers (requests) and clients (responses). Why not Beast's: it accepts bare LF in chunk lines and obs-fold,
// allocates a fields container a message, and gives no status to answer with; what this program accepts must be known
// exactly, because a proxy that frames a message otherwise than its neighbour can be made to smuggle one
// (docs/decisions.md, "HTTP framing").
//
// Stricter than the RFC allows a recipient to be, on purpose: only CRLF ends a line; a repeated Content-Length is
// refused even if equal; nothing but ";" may follow a chunk size; the only transfer coding is "chunked". One empty line
// before a request is skipped (section 2.2). Absolute-form targets are turned into origin form.
//
// Not thread-safe; one parser a connection.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/net/message.h"

namespace tidemark::net {

struct ParserLimits {
  std::uint32_t header_bytes = 8 * 1024;  // start line, fields and the empty line; trailers have as much again
  std::uint32_t header_fields = 100;
  std::uint64_t body_bytes = 1024 * 1024;  // decoded
};

class HttpParser {
 public:
  enum class Kind { request, response };
  enum class State {
    head,      // waiting for the rest of start line and fields; nothing_yet() tells whether anything came
    body,      // head complete, body under way
    complete,  // the message can be taken
    failed,    // status() and reason() say why; the connection must be closed
  };

  HttpParser(Kind kind, ParserLimits limits) : kind_(kind), limits_(limits) {}

  // Consumes from the front of `bytes`, which must begin with what the last call left over, and returns how many it
  // used up; what is left is an unfinished line (feed it again with more behind it), or belongs to the next message
  // once state() is complete. Between limits, a line left over is never longer than header_bytes.
  std::size_t feed(std::string_view bytes);
  // The peer closed its side: completes a response that is delimited by that, fails a message under way.
  void feed_end();
  // Ready for the next message on the same connection. `head_request`: the response to come answers a HEAD and has no
  // body.
  void reset(bool head_request = false);

  State state() const { return state_; }
  bool nothing_yet() const { return state_ == State::head && start_line_ && pending_ == 0 && head_used_ == 0; }
  // What a server answers to the failed request: 400, 413, 417, 431, 501 or 505.
  int status() const { return failed_status_; }
  const char* reason() const { return reason_; }

  // Valid from the end of the head on.
  bool keep_alive() const { return keep_alive_; }
  bool http10() const { return http10_; }
  bool expects_continue() const { return expects_continue_; }

  // Hand out the message; only when complete (or, for a request's head, in state body).
  Request take_request();
  Response take_response();
  const std::string& method() const { return request_.method; }

 private:
  enum class Body { none, sized, chunk_size, chunk_data, chunk_end, trailer, until_close };

  std::size_t feed_head(std::string_view bytes);
  std::size_t feed_body(std::string_view bytes);
  void on_line(std::string_view line);
  void on_request_line(std::string_view line);
  void on_status_line(std::string_view line);
  void on_version(std::string_view version);
  void on_field(std::string_view line);
  void on_content_length(std::string_view value);
  void on_transfer_encoding(std::string_view value);
  void on_connection(std::string_view value);
  void on_head_end();
  void frame_request();
  void frame_response();
  void start_chunks();
  void on_chunk_line(std::string_view line);
  void on_chunk_size(std::string_view line);
  void append_body(std::string_view bytes);
  void fail(int status, const char* reason);
  Headers& headers() { return kind_ == Kind::request ? request_.headers : response_.headers; }
  std::string& body() { return kind_ == Kind::request ? request_.body : response_.body; }

  const Kind kind_;
  const ParserLimits limits_;

  State state_ = State::head;
  Body body_state_ = Body::none;
  bool start_line_ = true;      // the next line is the start line
  bool skipped_empty_ = false;  // one empty line before it has been
  bool head_request_ = false;
  bool http10_ = false;
  bool keep_alive_ = true;
  bool connection_close_ = false, connection_keep_ = false;
  bool expects_continue_ = false;
  bool chunked_ = false, other_coding_ = false, has_coding_ = false, has_length_ = false;
  std::uint32_t hosts_ = 0;
  std::uint32_t fields_ = 0;
  std::size_t head_used_ = 0;    // bytes of complete lines of the head (or trailer) so far
  std::size_t pending_ = 0;      // bytes of the unfinished line already searched for its end
  std::uint64_t length_ = 0;     // Content-Length
  std::uint64_t remaining_ = 0;  // of the sized body, or of the chunk
  int failed_status_ = 0;
  const char* reason_ = "";
  Request request_;
  Response response_;
};

}  // namespace tidemark::net
