// The part of RESP2 (https://redis.io/docs/reference/protocol-spec/) that a cache server reads and writes: commands as
// arrays of bulk strings in; simple strings, errors, integers, bulk strings and arrays out. No inline commands, no
// RESP3. Pure: bytes in, values out, no sockets. Not thread-safe: one parser for each connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tidemark::shop {

struct RespLimits {
  std::uint32_t args = 16;                   // of one command
  std::uint32_t bulk_bytes = 256 * 1024;     // of one argument
  std::uint32_t command_bytes = 320 * 1024;  // of a whole command as sent
};

class RespParser {
 public:
  explicit RespParser(RespLimits limits = {}) : limits_(limits) {}

  enum class Status {
    command,    // one whole command was taken
    need_more,  // feed() more first
    malformed,  // for good: the connection must be closed after an error reply; problem() says why
  };
  void feed(std::string_view bytes) { buffer_.append(bytes); }
  Status next(std::vector<std::string>* args);
  const std::string& problem() const { return problem_; }
  // Bytes fed and not yet taken: never more than one command's limit beyond what was fed since the last need_more.
  std::size_t pending() const { return buffer_.size() - taken_; }

 private:
  Status malformed(std::string problem);
  // Reads "<type><decimal>\r\n" at `at`.
  Status number_line(std::size_t* at, char type, std::int64_t* value);
  Status frame(std::size_t* at, std::vector<std::string_view>* args);

  const RespLimits limits_;
  std::string buffer_;
  std::size_t taken_ = 0;
  std::string problem_;
};

std::string resp_simple(std::string_view text);
// CR and LF in `text` become spaces: a reply is one line.
std::string resp_error(std::string_view text);
std::string resp_integer(std::int64_t value);
std::string resp_bulk(std::string_view bytes);
std::string resp_null();
std::string resp_array_header(std::size_t items);

}  // namespace tidemark::shop
