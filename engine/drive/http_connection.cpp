#include "engine/drive/http_connection.h"

#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "engine/drive/http_channel.h"

namespace tidemark::drive {
namespace {

constexpr std::size_t kReceiveBytes = 64 * 1024;
constexpr std::uint32_t kGenerations = 1U << 12U;

void append_http1(const Rendered& request, std::string& out) {
  out.append(request.method).append(" ").append(request.target).append(" HTTP/1.1\r\nHost: ");
  out.append(request.authority).append("\r\n");
  for (const auto& [name, value] : request.fields) out.append(name).append(": ").append(value).append("\r\n");
  if (request.step->sends_length) out.append("Content-Length: ").append(std::to_string(request.body.size())) += "\r\n";
  out.append("\r\n").append(request.body);
}

}  // namespace

void HttpConnection::open(int fd) {
  fd_ = fd;
  state_ = State::connecting;
  reading_ = false;
  writing_ = true;
  reused_ = serves_ = false;
}

void HttpConnection::close() {
  if (state_ == State::closed) return;
  // Without its farewell OpenSSL would hold the session unfit to be resumed. What goes wrong with it is no news, and
  // must not be taken for the error of another connection.
  if (ssl_ && state_ == State::ready) SSL_shutdown(ssl_.get());
  if (ssl_) ERR_clear_error();
  ssl_.reset();
  ::close(fd_);
  fd_ = -1;
  state_ = State::closed;
  generation_ = (generation_ + 1) % kGenerations;
  exchange_ = kNone;
  h2_.reset();
  out_.clear();
  written_ = 0;
  fresh_.clear();
}

bool HttpConnection::has_room() const {
  if (!serves_ || state_ != State::ready) return false;
  return h2_ ? h2_->has_room() : exchange_ == kNone;
}

std::uint32_t HttpConnection::submit(std::uint32_t exchange, const Rendered& request) {
  const CompiledStep& step = *request.step;
  const H2Session::Keep keep{.headers = step.keep_headers || channel_.keep_all_,
                             .body = step.keep_body || channel_.keep_all_,
                             .hints = step.keep_hints};
  std::uint32_t handle = 0;
  if (h2_) {
    handle = h2_->submit(exchange, request, ssl_ ? "https" : "http", keep);
  } else {
    exchange_ = exchange;
    idempotent_ = step.idempotent;
    touched_ = false;
    framing_.start(
        {.head_request = step.head, .keep_headers = keep.headers, .keep_body = keep.body, .keep_hints = keep.hints});
    append_http1(request, out_);
  }
  fresh_.push_back(exchange);
  channel_.mark(*this);
  return handle;
}

bool HttpConnection::cancel(std::uint32_t exchange, std::uint32_t handle) {
  std::erase(fresh_, exchange);
  if (!h2_) {
    exchange_ = kNone;
    return false;
  }
  h2_->cancel(handle);
  channel_.mark(*this);
  return true;
}

void HttpConnection::fail(const std::string& why) {
  const auto h2 = std::move(h2_);
  const std::uint32_t exchange = std::exchange(exchange_, kNone);
  const bool again = reused_ && !touched_ && idempotent_;
  close();
  if (h2) h2->abandon(why);
  if (exchange == kNone) return;
  channel_.places_[exchange] = {};
  if (again) {
    channel_.context_.owner.on_refused(exchange, why);
  } else {
    channel_.context_.owner.on_failure(exchange, why, false);
  }
}

void HttpConnection::watch(bool reading, bool writing) {
  if (reading == reading_ && writing == writing_) return;
  reading_ = reading;
  writing_ = writing;
  channel_.context_.loop.modify(fd_, channel_.context_.tag | socket_id(), reading, writing);
}

void HttpConnection::on_event(bool readable, bool writable) {
  switch (state_) {
    case State::connecting:
      if (writable) on_connected();
      break;
    case State::handshaking:
      handshake();
      break;
    case State::ready:
      if (writable && writing_) write_out();
      if (readable && state_ == State::ready) receive();
      break;
    case State::closed:
      break;
  }
}

void HttpConnection::on_connected() {
  int error = 0;
  socklen_t size = sizeof(error);
  getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return lose(std::string("connect: ") + std::strerror(error));
  if (!channel_.tls_) return agree();
  ssl_ = channel_.tls_->connect(fd_);
  if (!ssl_) return lose("tls: out of memory");
  state_ = State::handshaking;
  handshake();
}

void HttpConnection::handshake() {
  errno = 0;
  const int result = SSL_do_handshake(ssl_.get());
  if (result == 1) {
    channel_.tls_->count_handshake(ssl_.get());
    return agree();
  }
  const int wanted = SSL_get_error(ssl_.get(), result);
  if (wanted == SSL_ERROR_WANT_READ) return watch(true, false);
  if (wanted == SSL_ERROR_WANT_WRITE) return watch(false, true);
  lose(tls_problem(ssl_.get(), result));
}

// Which HTTP it is from here on.
void HttpConnection::agree() {
  using schedule::HttpVersion;
  const Origin& origin = channel_.context_.origin;
  const bool only_h2 = origin.protocol == schedule::Protocol::grpc || origin.http_version == HttpVersion::http2;
  const bool h2 = ssl_ ? chosen_protocol(ssl_.get()) == "h2" : only_h2;
  if (only_h2 && !h2) return lose("tls: the server did not choose HTTP/2 (ALPN)");
  if (h2) {
    H2Session::Events& events = *this;
    h2_ = std::make_unique<H2Session>(events, H2Session::Limits{.streams = channel_.context_.scenario.streams});
  }
  state_ = State::ready;
  watch(true, false);
  if (!h2_) return serve();
  channel_.mark(*this);  // its preface; requests follow when the server's settings are known
}

void HttpConnection::serve() {
  serves_ = true;
  channel_.on_ready(*this);
}

long HttpConnection::read_some(char* into, std::size_t most, std::string& why) {
  errno = 0;
  if (ssl_) {
    const int count = SSL_read(ssl_.get(), into, static_cast<int>(most));
    if (count > 0) return count;
    const int wanted = SSL_get_error(ssl_.get(), count);
    if (wanted == SSL_ERROR_WANT_READ || wanted == SSL_ERROR_WANT_WRITE) return 0;
    why = wanted == SSL_ERROR_ZERO_RETURN ? "" : tls_problem(ssl_.get(), count);
    return -1;
  }
  const ssize_t count = ::recv(fd_, into, most, 0);
  if (count > 0) return count;
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
  why = count == 0 ? "" : std::strerror(errno);
  return -1;
}

void HttpConnection::receive() {
  char* const buffer = channel_.receive_buffer_.get();
  while (true) {
    std::string why;
    const long count = read_some(buffer, kReceiveBytes, why);
    if (count == 0) return;
    if (count < 0) {
      if (why.empty() && !h2_ && exchange_ != kNone && framing_.end_of_input() == ResponseFraming::State::complete) {
        return end_http1(false);
      }
      return lose(why.empty() ? "connection closed by the server" : why);
    }
    if (!feed({buffer, static_cast<std::size_t>(count)})) return;
    // Level-triggered: what is still in the kernel comes with the next wait; what lies in OpenSSL would not.
    if (ssl_ ? SSL_has_pending(ssl_.get()) == 0 : static_cast<std::size_t>(count) < kReceiveBytes) return;
  }
}

// False: closed, or nothing more is to be read now.
bool HttpConnection::feed(std::string_view bytes) {
  if (!h2_) return feed_http1(bytes);
  const bool sound = h2_->feed(bytes);
  channel_.mark(*this);
  if (!serves_ && h2_->settled()) serve();
  if (sound) return true;
  break_off();
  return false;
}

bool HttpConnection::feed_http1(std::string_view bytes) {
  if (exchange_ == kNone) {  // bytes that nobody asked for
    lose("bytes after the answer");
    return false;
  }
  touched_ = true;
  const auto state = framing_.feed(bytes);
  if (state == ResponseFraming::State::malformed) {
    lose(framing_.problem());
    return false;
  }
  if (state != ResponseFraming::State::complete) return true;
  end_http1(framing_.consumed() == bytes.size() && out_.empty());
  return false;
}

void HttpConnection::end_http1(bool exact) {
  const std::uint32_t exchange = std::exchange(exchange_, kNone);
  const bool kept = exact && framing_.keep_alive();
  reused_ = true;
  std::erase(fresh_, exchange);
  channel_.places_[exchange] = {};
  // Before the owner hears of it: what it submits next must find this connection free, or gone. But where somebody
  // waits, the connection is theirs and changes hands afterwards: the next request would forget the answer.
  const bool reserved = kept && !channel_.held_.empty();
  if (!kept) {
    channel_.on_lost(*this, "", false);
  } else if (!reserved) {
    channel_.offer(*this);
  }
  channel_.context_.owner.on_answer(exchange, {framing_.status(), framing_.header_lines(), framing_.body()});
  if (reserved) channel_.offer(*this);
  channel_.tell_room();
}

long HttpConnection::write_some(std::string& why) {
  const std::size_t size = out_.size() - written_;
  if (size == 0) return 0;
  errno = 0;
  long count = 0;
  if (ssl_) {
    count = SSL_write(ssl_.get(), out_.data() + written_, static_cast<int>(size));
    if (count <= 0) {
      const int wanted = SSL_get_error(ssl_.get(), static_cast<int>(count));
      if (wanted == SSL_ERROR_WANT_READ || wanted == SSL_ERROR_WANT_WRITE) return 0;
      why = tls_problem(ssl_.get(), static_cast<int>(count));
      return -1;
    }
  } else {
    count = ::send(fd_, out_.data() + written_, size, MSG_NOSIGNAL);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
    if (count < 0) {
      why = std::strerror(errno);
      return -1;
    }
  }
  written_ += static_cast<std::size_t>(count);
  if (written_ == out_.size()) {
    out_.clear();
    written_ = 0;
  }
  return count;
}

void HttpConnection::flush() {
  if (state_ != State::ready) return;
  if (h2_) {
    if (!h2_->collect(out_)) return break_off();
    if (out_.empty() && h2_->over()) return lose("connection closed by the server");
  }
  if (!writing_) write_out();
}

void HttpConnection::write_out() {
  std::string why;
  long sum = 0;
  while (!out_.empty()) {
    const long count = write_some(why);
    if (count < 0 && ssl_) return lose(why);
    // The answer to what was sent may be there already, and says more than the error of writing: the read that
    // follows, which ends too, is the one place that deals with it.
    if (count < 0) {
      out_.clear();
      written_ = 0;
      break;
    }
    if (count == 0) break;
    sum += count;
  }
  if (sum > 0 || out_.empty()) {
    for (const std::uint32_t exchange : fresh_) channel_.context_.owner.on_sent(exchange);
    fresh_.clear();
  }
  watch(true, !out_.empty());
}

// The peer broke HTTP/2: it is told, if the kernel takes the bytes, and the connection is given up.
void HttpConnection::break_off() {
  h2_->collect(out_);
  std::string ignored;
  write_some(ignored);
  lose(h2_->problem());
}

void HttpConnection::lose(std::string_view why) {
  channel_.on_lost(*this, std::string(why), !serves_);
}

void HttpConnection::on_h2_answer(std::uint32_t exchange, const Answer& answer) {
  channel_.places_[exchange] = {};
  if (!fresh_.empty()) std::erase(fresh_, exchange);  // answered before all of it was taken
  channel_.offer(*this);
  channel_.context_.owner.on_answer(exchange, answer);
  channel_.tell_room();
}

void HttpConnection::on_h2_failure(std::uint32_t exchange, std::string_view why, bool refused) {
  channel_.places_[exchange] = {};
  std::erase(fresh_, exchange);
  channel_.offer(*this);
  if (refused) {
    channel_.context_.owner.on_refused(exchange, why);
  } else {
    channel_.context_.owner.on_failure(exchange, why, false);
  }
  channel_.tell_room();
}

}  // namespace tidemark::drive
