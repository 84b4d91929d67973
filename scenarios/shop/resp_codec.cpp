#include "scenarios/shop/resp_codec.h"

#include <charconv>

namespace tidemark::shop {

namespace {
// "*-1\r\n" to "$1310720\r\n": a longer line than this holds no number that the limits allow.
constexpr std::size_t kNumberLine = 16;
// Taken bytes are dropped from the front of the buffer in pieces of this size, so that a pipeline costs no quadratic
// moves.
constexpr std::size_t kCompactAt = 64 * 1024;
}  // namespace

RespParser::Status RespParser::malformed(std::string problem) {
  problem_ = std::move(problem);
  return Status::malformed;
}

RespParser::Status RespParser::number_line(std::size_t* at, char type, std::int64_t* value) {
  if (*at >= buffer_.size()) return Status::need_more;
  if (buffer_[*at] != type) {
    return malformed(std::string("expected '") + type + "', got byte " +
                     std::to_string(static_cast<unsigned char>(buffer_[*at])));
  }
  const std::string_view line = std::string_view(buffer_).substr(*at + 1, kNumberLine);
  const std::size_t end = line.find('\r');
  if (end == std::string_view::npos || end + 1 == line.size()) {
    return line.size() < kNumberLine ? Status::need_more : malformed("length line too long");
  }
  if (line[end + 1] != '\n') return malformed("CR without LF after a length");
  const std::string_view digits = line.substr(0, end);
  const char* last = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), last, *value);
  const bool canonical = digits == "0" || (!digits.empty() && digits[0] != '0' && !digits.starts_with("-0"));
  if (error != std::errc() || stop != last || !canonical) return malformed("invalid length");
  *at += 1 + end + 2;
  return Status::command;
}

RespParser::Status RespParser::frame(std::size_t* at, std::vector<std::string_view>* args) {
  const std::size_t begin = *at;
  std::int64_t count = 0;
  if (const Status status = number_line(at, '*', &count); status != Status::command) return status;
  if (count > limits_.args) return malformed("too many arguments");
  for (std::int64_t i = 0; i < count; ++i) {
    std::int64_t length = 0;
    if (const Status status = number_line(at, '$', &length); status != Status::command) return status;
    if (length < 0) return malformed("negative bulk length");
    if (length > limits_.bulk_bytes) return malformed("bulk string too long");
    const auto size = static_cast<std::size_t>(length);
    if (*at - begin + size + 2 > limits_.command_bytes) return malformed("command too long");
    if (buffer_.size() - *at < size + 2) return Status::need_more;
    if (buffer_[*at + size] != '\r' || buffer_[*at + size + 1] != '\n')
      return malformed("bulk string not ended by CRLF");
    args->push_back(std::string_view(buffer_).substr(*at, size));
    *at += size + 2;
  }
  return Status::command;
}

RespParser::Status RespParser::next(std::vector<std::string>* args) {
  args->clear();
  if (!problem_.empty()) return Status::malformed;
  std::vector<std::string_view> found;
  while (true) {  // an empty array is no command: skipped, as Redis does
    std::size_t at = taken_;
    found.clear();
    const Status status = frame(&at, &found);
    if (status == Status::command) {
      args->assign(found.begin(), found.end());
      taken_ = at;
    }
    if (taken_ == buffer_.size()) {
      buffer_.clear();
      taken_ = 0;
    } else if (taken_ >= kCompactAt) {
      buffer_.erase(0, taken_);
      taken_ = 0;
    }
    if (status != Status::command || !args->empty()) return status;
  }
}

std::string resp_simple(std::string_view text) {
  return "+" + std::string(text) + "\r\n";
}

std::string resp_error(std::string_view text) {
  std::string line = "-" + std::string(text);
  for (char& c : line) {
    if (c == '\r' || c == '\n') c = ' ';
  }
  return line + "\r\n";
}

std::string resp_integer(std::int64_t value) {
  return ":" + std::to_string(value) + "\r\n";
}

std::string resp_bulk(std::string_view bytes) {
  std::string out = "$" + std::to_string(bytes.size()) + "\r\n";
  out.append(bytes);
  return out + "\r\n";
}

std::string resp_null() {
  return "$-1\r\n";
}

std::string resp_array_header(std::size_t items) {
  return "*" + std::to_string(items) + "\r\n";
}

}  // namespace tidemark::shop
