#include "engine/net/http_parser.h"

#include <algorithm>
#include <utility>

#include "engine/net/ascii.h"

namespace tidemark::net {
namespace {

constexpr std::size_t kChunkLineBytes = 256;        // size, extension and CRLF
constexpr std::uint64_t kReserveBytes = 64 * 1024;  // a peer that announces more has to send it first

// Calls `use` for every non-empty member of a comma-separated list.
template <class Use>
void each_member(std::string_view list, Use use) {
  while (!list.empty()) {
    const auto comma = list.find(',');
    const std::string_view member = trim_blanks(list.substr(0, comma));
    if (!member.empty()) use(member);
    if (comma == std::string_view::npos) return;
    list.remove_prefix(comma + 1);
  }
}

bool is_host(std::string_view value) {
  return value.empty() || (is_target(value) && value.find_first_of("/?#@\\\"<>^`{|},") == std::string_view::npos);
}

}  // namespace

void HttpParser::fail(int status, const char* reason) {
  state_ = State::failed;
  failed_status_ = status;
  reason_ = reason;
  keep_alive_ = false;
}

void HttpParser::reset(bool head_request) {
  state_ = State::head;
  body_state_ = Body::none;
  start_line_ = true;
  head_request_ = head_request;
  skipped_empty_ = http10_ = connection_close_ = connection_keep_ = expects_continue_ = false;
  chunked_ = other_coding_ = has_coding_ = has_length_ = false;
  keep_alive_ = true;
  hosts_ = fields_ = 0;
  head_used_ = pending_ = 0;
  length_ = remaining_ = 0;
  failed_status_ = 0;
  reason_ = "";
  request_ = Request();
  response_ = Response();
}

std::size_t HttpParser::feed(std::string_view bytes) {
  std::size_t used = 0;
  while (state_ == State::head || state_ == State::body) {
    const State before = state_;
    const Body body_before = body_state_;
    const std::size_t step = before == State::head ? feed_head(bytes.substr(used)) : feed_body(bytes.substr(used));
    used += step;
    if (step == 0 && state_ == before && body_state_ == body_before) break;
  }
  return used;
}

// One line of the head, or of a trailer or chunk size: returns 0 while it has no end.
std::size_t HttpParser::feed_head(std::string_view bytes) {
  const auto lf = bytes.find('\n', pending_);
  const std::size_t line_bytes = lf == std::string_view::npos ? bytes.size() : lf + 1;
  if (head_used_ + line_bytes > limits_.header_bytes) {
    fail(431, "header section too large");
    return 0;
  }
  if (lf == std::string_view::npos) {
    pending_ = bytes.size();
    return 0;
  }
  pending_ = 0;
  head_used_ += line_bytes;
  if (lf == 0 || bytes[lf - 1] != '\r') {
    fail(400, "line ended by a bare LF");
    return line_bytes;
  }
  const std::string_view line = bytes.substr(0, lf - 1);
  if (line.find('\r') != std::string_view::npos) {
    fail(400, "bare CR");
    return line_bytes;
  }
  on_line(line);
  return line_bytes;
}

void HttpParser::on_line(std::string_view line) {
  if (start_line_) {
    if (line.empty() && kind_ == Kind::request && !skipped_empty_) {
      skipped_empty_ = true;
      head_used_ = 0;
      return;
    }
    start_line_ = false;
    kind_ == Kind::request ? on_request_line(line) : on_status_line(line);
    return;
  }
  if (!line.empty()) return on_field(line);
  if (body_state_ == Body::trailer) {
    state_ = State::complete;
  } else {
    on_head_end();
  }
}

void HttpParser::on_version(std::string_view version) {
  if (version == "HTTP/1.1") return;
  if (version == "HTTP/1.0") {
    http10_ = true;
    return;
  }
  const bool well_formed = version.size() == 8 && version.substr(0, 5) == "HTTP/" && is_digit(version[5]) &&
                           version[6] == '.' && is_digit(version[7]);
  well_formed ? fail(505, "HTTP version not supported") : fail(400, "malformed HTTP version");
}

void HttpParser::on_request_line(std::string_view line) {
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return fail(400, "malformed request line");
  const std::string_view method = line.substr(0, first);
  std::string_view target = line.substr(first + 1, last - first - 1);
  if (!is_token(method)) return fail(400, "malformed method");
  if (!is_target(target)) return fail(400, "malformed request target");
  on_version(line.substr(last + 1));
  if (state_ == State::failed) return;
  request_.method.assign(method);
  if (target.front() == '/' || (target == "*" && method == "OPTIONS")) {
    request_.target.assign(target);
    return;
  }
  constexpr std::string_view kScheme = "http://";
  if (target.size() <= kScheme.size() || !equal_ignoring_case(target.substr(0, kScheme.size()), kScheme)) {
    return fail(400, "malformed request target");
  }
  target.remove_prefix(kScheme.size());
  const auto path = target.find_first_of("/?");
  const std::string_view authority = target.substr(0, path);
  if (authority.empty() || !is_host(authority)) return fail(400, "malformed request target");
  const std::string_view rest = path == std::string_view::npos ? "/" : target.substr(path);
  request_.target.assign(rest.front() == '?' ? "/" : "").append(rest);
}

// The reason phrase and the space before it are optional: widespread servers leave them out.
void HttpParser::on_status_line(std::string_view line) {
  if (line.size() < 12 || line[8] != ' ') return fail(400, "malformed status line");
  on_version(line.substr(0, 8));
  if (state_ == State::failed) return;
  const std::string_view code = line.substr(9, 3);
  const bool digits = is_digit(code[0]) && is_digit(code[1]) && is_digit(code[2]) && code[0] != '0';
  if (!digits || (line.size() > 12 && line[12] != ' ') || !is_field_value(line)) {
    return fail(400, "malformed status line");
  }
  response_.status = (code[0] - '0') * 100 + (code[1] - '0') * 10 + (code[2] - '0');
}

void HttpParser::on_field(std::string_view line) {
  if (++fields_ > limits_.header_fields) return fail(431, "too many header fields");
  if (line.front() == ' ' || line.front() == '\t') return fail(400, "obsolete line folding");
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return fail(400, "header field without a colon");
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = trim_blanks(line.substr(colon + 1));
  if (!is_token(name)) return fail(400, "malformed header field name");
  if (!is_field_value(value)) return fail(400, "control character in a header field");
  if (body_state_ == Body::trailer) return;  // checked, and dropped: RFC 9112, 7.1.2
  if (equal_ignoring_case(name, "Content-Length")) {
    on_content_length(value);
  } else if (equal_ignoring_case(name, "Transfer-Encoding")) {
    on_transfer_encoding(value);
  } else if (equal_ignoring_case(name, "Connection")) {
    on_connection(value);
  } else if (kind_ == Kind::request && equal_ignoring_case(name, "Host")) {
    if (++hosts_ > 1 || !is_host(value)) return fail(400, "repeated or malformed Host");
  } else if (kind_ == Kind::request && equal_ignoring_case(name, "Expect")) {
    if (!equal_ignoring_case(value, "100-continue")) return fail(417, "unknown expectation");
    expects_continue_ = true;
  }
  if (state_ != State::failed) headers().add(name, value);
}

void HttpParser::on_content_length(std::string_view value) {
  if (has_length_) return fail(400, "repeated Content-Length");
  has_length_ = true;
  // 18 digits cannot overflow, and no limit comes near.
  if (value.empty() || value.size() > 18 || !std::all_of(value.begin(), value.end(), is_digit)) {
    return fail(400, "malformed Content-Length");
  }
  for (const char c : value) length_ = length_ * 10 + static_cast<std::uint64_t>(c - '0');
}

void HttpParser::on_transfer_encoding(std::string_view value) {
  has_coding_ = true;
  bool repeated = false;
  each_member(value, [&](std::string_view coding) {
    repeated = repeated || chunked_;  // anything behind "chunked" leaves the end of the body unknown
    if (equal_ignoring_case(coding, "chunked")) {
      chunked_ = true;
    } else {
      other_coding_ = true;
    }
  });
  if (repeated) fail(400, "chunked is not the last transfer coding");
}

void HttpParser::on_connection(std::string_view value) {
  each_member(value, [this](std::string_view option) {
    connection_close_ = connection_close_ || equal_ignoring_case(option, "close");
    connection_keep_ = connection_keep_ || equal_ignoring_case(option, "keep-alive");
  });
}

void HttpParser::on_head_end() {
  keep_alive_ = http10_ ? connection_keep_ && !connection_close_ : !connection_close_;
  if (has_coding_ && has_length_) return fail(400, "both Content-Length and Transfer-Encoding");
  if (has_coding_ && http10_) return fail(400, "Transfer-Encoding in HTTP/1.0");
  if (has_coding_ && !chunked_) return fail(400, "transfer coding without chunked");
  if (other_coding_) return fail(501, "transfer coding not supported");
  kind_ == Kind::request ? frame_request() : frame_response();
}

void HttpParser::frame_request() {
  if (hosts_ == 0 && !http10_) return fail(400, "no Host");
  if (chunked_) return start_chunks();
  if (length_ > limits_.body_bytes) return fail(413, "body too large");
  if (length_ == 0) {
    state_ = State::complete;
    return;
  }
  state_ = State::body;
  body_state_ = Body::sized;
  remaining_ = length_;
  body().reserve(std::min(length_, kReserveBytes));
}

void HttpParser::frame_response() {
  if (response_.status == 101) return fail(400, "unexpected switch of protocols");
  if (response_.status < 200) {  // interim: the answer itself is still to come
    const std::size_t used = head_used_;
    reset(head_request_);
    head_used_ = used;  // so that endless interim answers run into the limit
    return;
  }
  if (head_request_ || response_.status == 204 || response_.status == 304) {
    state_ = State::complete;
  } else if (chunked_) {
    start_chunks();
  } else if (has_length_) {
    if (length_ > limits_.body_bytes) return fail(413, "body too large");
    state_ = length_ == 0 ? State::complete : State::body;
    body_state_ = Body::sized;
    remaining_ = length_;
    body().reserve(std::min(length_, kReserveBytes));
  } else {
    state_ = State::body;
    body_state_ = Body::until_close;
    keep_alive_ = false;
  }
}

void HttpParser::start_chunks() {
  state_ = State::body;
  body_state_ = Body::chunk_size;
}

std::size_t HttpParser::feed_body(std::string_view bytes) {
  switch (body_state_) {
    case Body::sized:
    case Body::chunk_data: {
      const auto take = static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, bytes.size()));
      body().append(bytes.substr(0, take));
      remaining_ -= take;
      if (remaining_ == 0 && body_state_ == Body::sized) state_ = State::complete;
      if (remaining_ == 0 && body_state_ == Body::chunk_data) body_state_ = Body::chunk_end;
      return take;
    }
    case Body::until_close:
      append_body(bytes);
      return bytes.size();
    case Body::trailer:
      return feed_head(bytes);
    case Body::chunk_size:
    case Body::chunk_end: {
      const auto lf = bytes.find('\n', pending_);
      if ((lf == std::string_view::npos ? bytes.size() : lf + 1) > kChunkLineBytes) {
        fail(400, "chunk size line too long");
        return 0;
      }
      if (lf == std::string_view::npos) {
        pending_ = bytes.size();
        return 0;
      }
      pending_ = 0;
      if (lf == 0 || bytes[lf - 1] != '\r') {
        fail(400, "line ended by a bare LF");
      } else {
        on_chunk_line(bytes.substr(0, lf - 1));
      }
      return lf + 1;
    }
    case Body::none:
      break;
  }
  return 0;
}

void HttpParser::append_body(std::string_view bytes) {
  if (body().size() + bytes.size() > limits_.body_bytes) return fail(413, "body too large");
  body().append(bytes);
}

void HttpParser::on_chunk_line(std::string_view line) {
  if (body_state_ == Body::chunk_size) return on_chunk_size(line);
  if (!line.empty()) return fail(400, "chunk longer than its size");
  body_state_ = Body::chunk_size;
}

void HttpParser::on_chunk_size(std::string_view line) {
  const auto semicolon = line.find(';');
  const std::string_view digits = line.substr(0, semicolon);
  if (digits.empty() || digits.size() > 15) return fail(400, "malformed chunk size");
  if (semicolon != std::string_view::npos && (line.find('\r') != std::string_view::npos || !is_field_value(line))) {
    return fail(400, "control character in a chunk extension");
  }
  remaining_ = 0;
  for (const char c : digits) {
    const int digit = hex_digit(c);
    if (digit < 0) return fail(400, "malformed chunk size");
    remaining_ = remaining_ * 16 + static_cast<std::uint64_t>(digit);
  }
  if (body().size() + remaining_ > limits_.body_bytes) return fail(413, "body too large");
  if (remaining_ == 0) {
    head_used_ = 0;  // the trailer section has a header section's limits of its own; the number of fields goes on
    body_state_ = Body::trailer;
  } else {
    body_state_ = Body::chunk_data;
  }
}

void HttpParser::feed_end() {
  if (state_ == State::body && body_state_ == Body::until_close) {
    state_ = State::complete;
  } else if (state_ == State::head || state_ == State::body) {
    fail(400, nothing_yet() ? "closed" : "closed in the middle of a message");
  }
}

Request HttpParser::take_request() {
  return std::move(request_);
}
Response HttpParser::take_response() {
  return std::move(response_);
}

}  // namespace tidemark::net
