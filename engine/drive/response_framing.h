// Where one HTTP/1.1 response ends: an incremental parser on the generator's hot path (RFC 9112). It looks at every
// byte once, keeps only what a step asked for, and allocates nothing for a response that arrives whole. Strict: bare
// LF, obs-fold, repeated or malformed Content-Length, Content-Length beside Transfer-Encoding, and bad chunk framing
// are malformed. The result does not depend on how the bytes were sliced. Pure: no clock, no sockets. Not thread-safe:
// one owner.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tidemark::drive {

class ResponseFraming {
 public:
  enum class State : std::uint8_t { need_more, complete, malformed };

  static constexpr std::size_t kMaxLine = 16 * 1024;      // bytes of one header or chunk-size line
  static constexpr std::size_t kMaxHead = 64 * 1024;      // bytes of all header lines, trailers included
  static constexpr std::size_t kMaxKeptBody = 16u << 20;  // bytes of a kept body; a body that is not kept has no limit
  static constexpr int kMaxInterim = 16;                  // 1xx responses before the final one

  struct Expect {
    bool head_request = false;  // the answer to HEAD has no body
    bool keep_headers = false;  // fill headers()
    bool keep_body = false;     // fill body()
    bool keep_hints = false;    // of the header at least set-cookie, location and content-encoding
  };

  // Forgets the last response and waits for the first byte of the next.
  void start(Expect expect);
  // Takes the next bytes. After `complete`, consumed() says how many of them belonged to the response. Must not be
  // called again after `complete` or `malformed` before start().
  State feed(std::string_view bytes);
  // The peer closed: `complete` if that is how this response ends, else `malformed`.
  State end_of_input();

  int status() const { return status_; }           // 0 until the status line has been read
  bool keep_alive() const { return keep_alive_; }  // may the connection carry another request
  bool untouched() const {
    return phase_ == Phase::status_line && line_.empty() && interim_ == 0;
  }  // no byte has arrived
  std::size_t consumed() const { return consumed_; }
  const std::string& body() const { return body_; }
  const std::string& header_lines() const { return headers_; }  // "name: value\n" per field, as received
  const char* problem() const { return problem_; }              // why malformed; "" otherwise

 private:
  enum class Phase : std::uint8_t {
    status_line,
    header_line,
    body_length,
    body_until_close,
    chunk_size,
    chunk_data,
    chunk_end,
    trailer_line,
    done,
    bad
  };

  State bad(const char* why);
  bool on_line(std::string_view line);  // without CRLF; false: malformed
  bool on_status_line(std::string_view line);
  bool on_header_line(std::string_view line);
  bool on_head_end();
  bool on_chunk_size(std::string_view line);
  bool on_content_length(std::string_view value);
  void on_connection(std::string_view value);
  void keep_hint(std::string_view name, std::string_view lower_case, std::string_view value);
  bool take_body(std::string_view bytes);
  bool in_lines() const;
  // Consumes up to a line's end; false: the line is not complete (or malformed, see phase_).
  bool take_line(std::string_view& rest);

  Phase phase_ = Phase::status_line;
  Expect expect_;
  bool keep_alive_ = true;
  bool http_1_0_ = false;
  bool chunked_ = false;
  bool has_length_ = false;
  int status_ = 0;
  int interim_ = 0;
  std::uint64_t remaining_ = 0;  // of the body or chunk
  std::size_t head_bytes_ = 0;
  std::size_t consumed_ = 0;
  const char* problem_ = "";
  std::string line_;  // the start of a line that was cut by the end of a feed
  std::string headers_;
  std::string body_;
};

// The value of the first field called `name` (compared without case) in header_lines(); nullptr-like empty view and
// false if absent.
bool find_header(std::string_view header_lines, std::string_view name, std::string_view& value);

}  // namespace tidemark::drive
