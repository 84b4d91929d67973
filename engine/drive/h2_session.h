// One HTTP/2 connection as a client, without its socket: requests and received bytes go in, answers and bytes to send
// come out. nghttp2 does the framing, HPACK and flow control; this adds limits, the end of an exchange in our words,
// and storage that is reused from stream to stream. Why bytes and not a socket: so that tests and the fuzzer feed it
// every truncation of a conversation. One owner; nothing blocks.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/drive/answer.h"
#include "engine/drive/request_plan.h"

namespace tidemark::drive {

class H2Session {
 public:
  static constexpr std::uint32_t kNone = 0xffff'ffff;
  struct Limits {
    std::uint32_t streams = 100;                      // at once; the server's own limit holds too
    std::size_t header_bytes = 64 * 1024;             // of one answer, trailers included
    std::size_t body_bytes = std::size_t{16} << 20U;  // of one answer
  };
  // May submit() from inside any of these.
  class Events {
   public:
    virtual void on_h2_answer(std::uint32_t exchange, const Answer& answer) = 0;
    // `refused`: the server says, or the protocol guarantees, that it has not processed the request.
    virtual void on_h2_failure(std::uint32_t exchange, std::string_view why, bool refused) = 0;

   protected:
    ~Events() = default;
  };
  struct Keep {
    bool headers = false, body = false;
    bool hints = false;  // of the header at least set-cookie, location and content-encoding
  };

  H2Session(Events& events, const Limits& limits);
  ~H2Session();
  H2Session(const H2Session&) = delete;
  H2Session& operator=(const H2Session&) = delete;

  // Another request would be sent at once: the server's settings are known, no limit on streams is reached, no GOAWAY
  // received, stream numbers left.
  bool has_room() const;
  bool settled() const { return settled_; }  // the server's settings have arrived
  // False only where the server will never take another: GOAWAY, or the numbers of streams are used up.
  bool accepts() const;
  std::uint32_t under_way() const { return under_way_; }
  // Returns a handle for cancel(), kNone when nghttp2 refuses. Fields that HTTP/2 forbids are left out.
  std::uint32_t submit(std::uint32_t exchange, const Rendered& request, std::string_view scheme, Keep keep);
  // RST_STREAM; nothing more is heard of the exchange.
  void cancel(std::uint32_t handle);

  // Bytes from the peer. False: the connection is of no more use, and problem() says why; then call abandon().
  bool feed(std::string_view bytes);
  // Appends what is to be sent now. False as for feed(); what was appended then tells the peer.
  bool collect(std::string& out);
  // Neither reads nor writes are wanted any more: close.
  bool over() const;
  const std::string& problem() const { return problem_; }
  // The connection is gone: every exchange under way fails, those that the server cannot have seen as refused.
  void abandon(std::string_view why);

 private:
  struct Stream {
    std::uint32_t handle = 0;  // its place in streams_
    std::uint32_t exchange = 0;
    std::int32_t id = 0;  // 0: free
    Keep keep;
    int status = 0;
    bool ended = false;  // END_STREAM was received
    bool reported = false;
    std::size_t header_bytes = 0, body_bytes = 0;
    std::string header_lines, body;
    std::string request_body;
    std::size_t request_sent = 0;
    std::string_view failure;  // why we reset it ourselves; a literal
  };
  struct Callbacks;  // nghttp2's side, h2_session.cpp

  Stream* stream_of(std::int32_t id) const;
  void finish(Stream& stream, std::uint32_t error_code);
  void reset(Stream& stream, std::string_view why);
  void release(Stream& stream);
  nghttp2_nv field(std::string_view name, std::string_view value, bool lasting, bool indexed) const;

  Events& events_;
  Limits limits_;
  nghttp2_session* session_ = nullptr;
  std::vector<std::unique_ptr<Stream>> streams_;  // all ever needed at once
  std::vector<Stream*> free_;
  std::vector<nghttp2_nv> fields_;  // of the request being submitted
  Stream* reading_ = nullptr;       // whose header block or data is being received
  std::uint32_t under_way_ = 0;
  std::int32_t last_processed_ = INT32_MAX;  // by the server's GOAWAY
  bool settled_ = false, going_away_ = false, no_http2_ = false;
  std::string problem_;
};

}  // namespace tidemark::drive
