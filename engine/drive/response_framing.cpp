#include "engine/drive/response_framing.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace tidemark::drive {
namespace {

constexpr std::array<bool, 256> kTokenCharacters = [] {
  std::array<bool, 256> table{};
  for (int c = '0'; c <= '9'; ++c) table[static_cast<std::size_t>(c)] = true;
  for (int c = 'a'; c <= 'z'; ++c) table[static_cast<std::size_t>(c)] = true;
  for (int c = 'A'; c <= 'Z'; ++c) table[static_cast<std::size_t>(c)] = true;
  for (const char c : {'!', '#', '$', '%', '&', '\'', '*', '+', '-', '.', '^', '_', '`', '|', '~'})
    table[static_cast<unsigned char>(c)] = true;
  return table;
}();

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

bool equals_ignoring_case(std::string_view text, std::string_view lower_case) {
  return text.size() == lower_case.size() &&
         std::equal(text.begin(), text.end(), lower_case.begin(), [](char a, char b) { return lower(a) == b; });
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// No control characters but TAB (RFC 9110, 5.5). Branch-free, so that the compiler makes vectors of it.
bool clean_value(std::string_view value) {
  unsigned dirty = 0;
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    dirty |= static_cast<unsigned>(byte < 32) & static_cast<unsigned>(byte != '\t');
    dirty |= static_cast<unsigned>(byte == 127);
  }
  return dirty == 0;
}

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  const char l = lower(c);
  return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

}  // namespace

void ResponseFraming::start(Expect expect) {
  phase_ = Phase::status_line;
  expect_ = expect;
  keep_alive_ = true;
  http_1_0_ = chunked_ = has_length_ = false;
  status_ = interim_ = 0;
  remaining_ = 0;
  head_bytes_ = consumed_ = 0;
  problem_ = "";
  if (!line_.empty()) line_.clear();
  if (!headers_.empty()) headers_.clear();
  if (!body_.empty()) body_.clear();
}

ResponseFraming::State ResponseFraming::bad(const char* why) {
  phase_ = Phase::bad;
  problem_ = why;
  return State::malformed;
}

bool ResponseFraming::in_lines() const {
  return phase_ == Phase::header_line || phase_ == Phase::status_line || phase_ == Phase::chunk_size ||
         phase_ == Phase::trailer_line || phase_ == Phase::chunk_end;
}

ResponseFraming::State ResponseFraming::feed(std::string_view bytes) {
  std::string_view rest = bytes;
  while (phase_ != Phase::done && phase_ != Phase::bad && !rest.empty()) {
    if (in_lines()) {
      if (!take_line(rest)) break;
    } else {
      const std::size_t take =
          phase_ == Phase::body_until_close ? rest.size() : std::min<std::uint64_t>(rest.size(), remaining_);
      if (!take_body(rest.substr(0, take))) break;
      rest.remove_prefix(take);
    }
  }
  consumed_ = bytes.size() - rest.size();
  if (phase_ == Phase::bad) return State::malformed;
  return phase_ == Phase::done ? State::complete : State::need_more;
}

ResponseFraming::State ResponseFraming::end_of_input() {
  if (phase_ == Phase::body_until_close) {
    phase_ = Phase::done;
    return State::complete;
  }
  if (phase_ == Phase::bad) return State::malformed;
  return bad(untouched() ? "connection closed before the answer" : "connection closed inside the answer");
}

bool ResponseFraming::take_line(std::string_view& rest) {
  const void* found = std::memchr(rest.data(), '\n', rest.size());
  const std::size_t length =
      found == nullptr ? rest.size() : static_cast<std::size_t>(static_cast<const char*>(found) - rest.data()) + 1;
  head_bytes_ += phase_ == Phase::chunk_size || phase_ == Phase::chunk_end ? 0 : length;
  if (line_.size() + length > kMaxLine || head_bytes_ > kMaxHead) return bad("header too large"), false;
  std::string_view line = rest.substr(0, length);
  rest.remove_prefix(length);
  if (found == nullptr || !line_.empty()) line_.append(line);
  if (found == nullptr) return false;
  if (!line_.empty()) line = line_;
  if (line.size() < 2 || line[line.size() - 2] != '\r') return bad("line ends without CR"), false;
  line.remove_suffix(2);
  const bool good = on_line(line);
  line_.clear();
  return good;
}

bool ResponseFraming::on_line(std::string_view line) {
  switch (phase_) {
    case Phase::status_line:
      return on_status_line(line);
    case Phase::header_line:
      return line.empty() ? on_head_end() : on_header_line(line);
    case Phase::chunk_size:
      return on_chunk_size(line);
    case Phase::chunk_end:
      phase_ = Phase::chunk_size;
      return line.empty() || (bad("chunk longer than its size"), false);
    case Phase::trailer_line:
      if (line.empty()) phase_ = Phase::done;
      return line.empty() || on_header_line(line);
    default:
      return false;
  }
}

bool ResponseFraming::on_status_line(std::string_view line) {
  // "HTTP/1.1 200" and then nothing, or a space and a reason.
  const bool shaped = line.size() >= 12 && line.substr(0, 7) == "HTTP/1." && (line[7] == '0' || line[7] == '1') &&
                      line[8] == ' ' && line[9] >= '1' && line[9] <= '9' && is_digit(line[10]) && is_digit(line[11]) &&
                      (line.size() == 12 || line[12] == ' ') && clean_value(line.substr(12));
  if (!shaped) return bad("status line malformed"), false;
  http_1_0_ = line[7] == '0';
  keep_alive_ = !http_1_0_;
  status_ = (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
  phase_ = Phase::header_line;
  return true;
}

bool ResponseFraming::on_header_line(std::string_view line) {
  std::size_t colon = 0;
  while (colon < line.size() && kTokenCharacters[static_cast<unsigned char>(line[colon])]) ++colon;
  if (colon == 0 || colon == line.size() || line[colon] != ':') return bad("header name malformed"), false;
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = trimmed(line.substr(colon + 1));
  if (!clean_value(value)) return bad("header value malformed"), false;
  if (phase_ == Phase::trailer_line) return true;
  if (expect_.keep_headers) headers_.append(name).append(": ").append(value).push_back('\n');
  switch (name.size()) {
    case 14:
      return !equals_ignoring_case(name, "content-length") || on_content_length(value);
    case 17:
      if (!equals_ignoring_case(name, "transfer-encoding")) return true;
      if (chunked_ || http_1_0_ || !equals_ignoring_case(value, "chunked")) {
        return bad("transfer encoding not understood"), false;
      }
      chunked_ = true;
      return true;
    case 10:
      if (equals_ignoring_case(name, "connection"))
        on_connection(value);
      else
        keep_hint(name, "set-cookie", value);
      return true;
    case 8:
      keep_hint(name, "location", value);
      return true;
    case 16:
      keep_hint(name, "content-encoding", value);
      return true;
    default:
      return true;
  }
}

void ResponseFraming::keep_hint(std::string_view name, std::string_view lower_case, std::string_view value) {
  if (!expect_.keep_hints || expect_.keep_headers || !equals_ignoring_case(name, lower_case)) return;
  headers_.append(name).append(": ").append(value).push_back('\n');
}

bool ResponseFraming::on_content_length(std::string_view value) {
  if (has_length_) return bad("content length repeated"), false;
  if (value.empty() || value.size() > 18 || !std::all_of(value.begin(), value.end(), is_digit)) {
    return bad("content length malformed"), false;
  }
  has_length_ = true;
  remaining_ = 0;
  for (const char c : value) remaining_ = remaining_ * 10 + static_cast<std::uint64_t>(c - '0');
  return true;
}

void ResponseFraming::on_connection(std::string_view value) {
  while (!value.empty()) {
    const std::size_t comma = std::min(value.find(','), value.size());
    const std::string_view token = trimmed(value.substr(0, comma));
    if (equals_ignoring_case(token, "close")) keep_alive_ = false;
    if (http_1_0_ && equals_ignoring_case(token, "keep-alive")) keep_alive_ = true;
    value.remove_prefix(std::min(comma + 1, value.size()));
  }
}

bool ResponseFraming::on_head_end() {
  if (chunked_ && has_length_) return bad("both content length and transfer encoding"), false;
  if (status_ == 101) return bad("switched protocols unasked"), false;
  if (status_ < 200) {
    if (++interim_ > kMaxInterim) return bad("too many interim answers"), false;
    chunked_ = has_length_ = false;
    headers_.clear();
    phase_ = Phase::status_line;
    return true;
  }
  if (expect_.head_request || status_ == 204 || status_ == 304) {
    phase_ = Phase::done;
  } else if (chunked_) {
    phase_ = Phase::chunk_size;
  } else if (has_length_) {
    phase_ = remaining_ == 0 ? Phase::done : Phase::body_length;
    if (expect_.keep_body) body_.reserve(std::min<std::uint64_t>(remaining_, kMaxLine));
  } else {
    keep_alive_ = false;
    phase_ = Phase::body_until_close;
  }
  return true;
}

bool ResponseFraming::on_chunk_size(std::string_view line) {
  std::uint64_t size = 0;
  std::size_t digits = 0;
  for (; digits < line.size() && hex_digit(line[digits]) >= 0; ++digits) {
    if (digits == 15) return bad("chunk size too large"), false;
    size = size * 16 + static_cast<std::uint64_t>(hex_digit(line[digits]));
  }
  const std::string_view extension = trimmed(line.substr(digits));
  const bool clean = extension.empty() || (extension.front() == ';' && clean_value(extension));
  if (digits == 0 || !clean) return bad("chunk size malformed"), false;
  remaining_ = size;
  phase_ = size == 0 ? Phase::trailer_line : Phase::chunk_data;
  return true;
}

bool ResponseFraming::take_body(std::string_view bytes) {
  if (expect_.keep_body) {
    if (body_.size() + bytes.size() > kMaxKeptBody) return bad("body too large to keep"), false;
    body_.append(bytes);
  }
  if (phase_ == Phase::body_until_close) return true;
  remaining_ -= bytes.size();
  if (remaining_ == 0) phase_ = phase_ == Phase::chunk_data ? Phase::chunk_end : Phase::done;
  return true;
}

bool find_header(std::string_view header_lines, std::string_view name, std::string_view& value) {
  while (!header_lines.empty()) {
    const std::size_t end = std::min(header_lines.find('\n'), header_lines.size());
    const std::string_view line = header_lines.substr(0, end);
    const std::size_t colon = line.find(": ");
    if (colon == name.size() &&
        std::equal(name.begin(), name.end(), line.begin(), [](char a, char b) { return lower(a) == lower(b); })) {
      value = line.substr(colon + 2);
      return true;
    }
    header_lines.remove_prefix(std::min(end + 1, header_lines.size()));
  }
  return false;
}

}  // namespace tidemark::drive
