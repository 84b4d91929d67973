#include "engine/net/http_server.h"

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/write.hpp>
#include <boost/system/system_error.hpp>
#include <list>
#include <vector>

#include "engine/net/http_format.h"
#include "engine/net/http_parser.h"
#include "engine/net/task_group.h"

namespace tidemark::net {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kFirstBuffer = 2 * 1024;    // grows up to header_bytes when a head does not fit
constexpr std::size_t kLingerBytes = 256 * 1024;  // read and dropped after a refusal, so that the peer gets to read it
constexpr milliseconds kLingerDeadline{1'000};
constexpr milliseconds kAcceptRetry{50};

// What a connection is waiting for, and what an expiry means then.
enum class Phase { idle, header, body, handler, writing, lingering };

// A read buffer whose unread part is contiguous.
class ReadBuffer {
 public:
  ReadBuffer() : bytes_(kFirstBuffer) {}
  std::string_view unread() const { return {bytes_.data() + begin_, end_ - begin_}; }
  void consume(std::size_t count) {
    begin_ += count;
    if (begin_ == end_) begin_ = end_ = 0;
  }
  void commit(std::size_t count) { end_ += count; }
  asio::mutable_buffer space() {
    if (end_ == bytes_.size() && begin_ > 0) {
      std::copy(bytes_.begin() + static_cast<std::ptrdiff_t>(begin_),
                bytes_.begin() + static_cast<std::ptrdiff_t>(end_), bytes_.begin());
      end_ -= begin_;
      begin_ = 0;
    }
    if (end_ == bytes_.size()) bytes_.resize(bytes_.size() * 2);
    return asio::buffer(bytes_.data() + end_, bytes_.size() - end_);
  }

 private:
  std::vector<char> bytes_;
  std::size_t begin_ = 0, end_ = 0;
};

struct Connection {
  Connection(TcpSocket peer, const ServerLimits& limits)
      : socket(std::move(peer)),
        parser(HttpParser::Kind::request, {limits.header_bytes, limits.header_fields, limits.body_bytes}) {}

  void enter(Phase next, Instant until) {
    phase = next;
    deadline = until;
  }

  TcpSocket socket;
  std::string peer;  // its address, as text
  HttpParser parser;
  ReadBuffer in;
  std::string out;
  Phase phase = Phase::idle;
  Instant deadline = Instant::max();
  bool expired = false;
};

}  // namespace

struct HttpServer::Impl : std::enable_shared_from_this<HttpServer::Impl> {
  Impl(asio::io_context& context, ServerLimits bounds, Handler on_request)
      : limits(bounds),
        handler(std::move(on_request)),
        io(context),
        acceptor(context.get_executor()),
        watchdog(context.get_executor()),
        accept_wait(context.get_executor()),
        drained(context.get_executor()),
        tasks(context) {}

  // Takes its connection out of the server when it ends, also as the parameter of a coroutine that never got to start.
  class Seat {
   public:
    Seat(std::shared_ptr<Impl> server, std::list<Connection>::iterator place)
        : server_(std::move(server)), place_(place) {}
    Seat(Seat&&) = default;
    Seat& operator=(Seat&&) = delete;
    ~Seat() {
      if (server_) server_->end(place_);
    }
    const std::shared_ptr<Impl>& server() const { return server_; }
    Connection* connection() const { return &*place_; }

   private:
    std::shared_ptr<Impl> server_;  // null: moved from
    std::list<Connection>::iterator place_;
  };

  static Task<void> accept_loop(std::shared_ptr<Impl> self);
  static Task<void> watch(std::shared_ptr<Impl> self);
  static Task<void> serve(Seat seat);
  static Task<void> converse(std::shared_ptr<Impl> self, Connection* connection);
  static Task<bool> receive(std::shared_ptr<Impl> self, Connection* connection);
  static Task<bool> answer(std::shared_ptr<Impl> self, Connection* connection);
  static Task<void> refuse(std::shared_ptr<Impl> self, Connection* connection, int status, const char* reason);
  static Task<bool> send(std::shared_ptr<Impl> self, Connection* connection, std::string body);
  void end(std::list<Connection>::iterator place);

  const ServerLimits limits;
  const Handler handler;

  asio::io_context& io;
  TcpAcceptor acceptor;
  Timer watchdog;
  Timer accept_wait;  // cancelled when a connection ends
  Timer drained;      // cancelled when the last connection ends
  TaskGroup tasks;
  std::list<Connection> open;
  Counters counters;
  bool stopping = false;
};

Task<void> HttpServer::Impl::accept_loop(std::shared_ptr<Impl> self) {
  while (!self->stopping) {
    if (self->open.size() >= self->limits.connections) {
      ++self->counters.accept_pauses;
      self->accept_wait.expires_at(Instant::max());
      co_await self->accept_wait.async_wait(as_values);
      continue;
    }
    TcpSocket peer(self->io.get_executor());
    const auto [error] = co_await self->acceptor.async_accept(peer, as_values);
    if (self->stopping) co_return;
    if (error == asio::error::connection_aborted) continue;  // the peer was gone before it was accepted
    if (error) {  // no descriptors, no memory: the connection stays in the backlog, and trying again at once would spin
      ++self->counters.accept_pauses;
      self->accept_wait.expires_after(kAcceptRetry);
      co_await self->accept_wait.async_wait(as_values);
      continue;
    }
    ErrorCode ignored;
    peer.set_option(asio::ip::tcp::no_delay(true), ignored);
    peer.non_blocking(true, ignored);
    ++self->counters.accepted;
    const auto place = self->open.emplace(self->open.end(), std::move(peer), self->limits);
    place->peer = place->socket.remote_endpoint(ignored).address().to_string();
    place->enter(Phase::idle, Clock::now() + self->limits.idle_deadline);
    self->tasks.spawn(serve(Seat(self, place)));
  }
}

Task<void> HttpServer::Impl::watch(std::shared_ptr<Impl> self) {
  const auto shortest = std::min(
      {self->limits.header_deadline, self->limits.idle_deadline, self->limits.body_deadline, kLingerDeadline * 2});
  const milliseconds tick = std::clamp(shortest / 8, milliseconds(5), milliseconds(250));
  while (true) {
    self->watchdog.expires_after(tick);
    const auto [error] = co_await self->watchdog.async_wait(as_values);
    if (error) co_return;
    const Instant now = Clock::now();
    for (Connection& connection : self->open) {
      if (connection.expired || now < connection.deadline) continue;
      connection.expired = true;
      ++self->counters.expired;
      ErrorCode ignored;
      connection.socket.cancel(ignored);
    }
  }
}

void HttpServer::Impl::end(std::list<Connection>::iterator place) {
  open.erase(place);
  accept_wait.cancel();
  if (open.empty()) drained.cancel();
}

Task<void> HttpServer::Impl::serve(Seat seat) {
  co_await converse(seat.server(), seat.connection());
}

Task<void> HttpServer::Impl::converse(std::shared_ptr<Impl> self, Connection* connection) {
  while (co_await receive(self, connection)) {
    if (!co_await answer(self, connection)) break;
    connection->parser.reset();
    if (self->stopping) break;
    connection->enter(Phase::idle, Clock::now() + self->limits.idle_deadline);
  }
}

// Reads one request. False: the connection is done, after an answer to whatever was wrong.
Task<bool> HttpServer::Impl::receive(std::shared_ptr<Impl> self, Connection* connection) {
  HttpParser& parser = connection->parser;
  bool continued = false;
  while (true) {
    connection->in.consume(parser.feed(connection->in.unread()));
    if (parser.state() == HttpParser::State::complete) co_return true;
    if (parser.state() == HttpParser::State::failed) {
      ++self->counters.refused;
      co_await refuse(self, connection, parser.status(), parser.reason());
      co_return false;
    }
    if (parser.state() == HttpParser::State::body && connection->phase != Phase::body) {
      connection->enter(Phase::body, Clock::now() + self->limits.body_deadline);
      if (parser.expects_continue() && !continued && connection->in.unread().empty()) {
        continued = true;
        connection->out = "HTTP/1.1 100 Continue\r\n\r\n";
        if (!co_await send(self, connection, {})) co_return false;
      }
    } else if (connection->phase == Phase::idle && !parser.nothing_yet()) {
      connection->enter(Phase::header, Clock::now() + self->limits.header_deadline);
    }
    const auto [error, count] = co_await connection->socket.async_read_some(connection->in.space(), as_values);
    if (connection->expired) {
      if (connection->phase != Phase::idle) co_await refuse(self, connection, 408, "request not complete in time");
      co_return false;
    }
    if (error) co_return false;
    connection->in.commit(count);
  }
}

// Runs the handler and sends what it made. False: the connection ends here.
Task<bool> HttpServer::Impl::answer(std::shared_ptr<Impl> self, Connection* connection) {
  const bool http10 = connection->parser.http10();
  bool keep_alive = connection->parser.keep_alive();
  const bool head_only = connection->parser.method() == "HEAD";
  connection->enter(Phase::handler, Instant::max());
  ++self->counters.requests;
  Response response;
  try {
    Request request = connection->parser.take_request();
    request.peer = connection->peer;
    response = co_await self->handler(std::move(request));
  } catch (const boost::system::system_error& error) {
    if (error.code() == asio::error::operation_aborted && !connection->socket.is_open()) throw;
    ++self->counters.handler_exceptions;
    response = Response::text(500, "internal error\n");
  } catch (...) {
    ++self->counters.handler_exceptions;
    response = Response::text(500, "internal error\n");
  }
  keep_alive = keep_alive && !self->stopping && !asks_to_close(response.headers);
  connection->out.clear();
  if (!append_response_head(connection->out, response, keep_alive, http10)) {
    ++self->counters.handler_exceptions;
    response = Response::text(500, "internal error\n");
    append_response_head(connection->out, response, keep_alive, http10);
  }
  const bool bodiless = head_only || response.status == 204 || response.status == 304;
  connection->enter(Phase::writing, Clock::now() + self->limits.body_deadline);
  if (!co_await send(self, connection, bodiless ? std::string() : std::move(response.body))) co_return false;
  co_return keep_alive;
}

// Sends `out` and the body behind it: in one system call where the socket takes it, without a turn of the event loop.
Task<bool> HttpServer::Impl::send(std::shared_ptr<Impl> /*keeps the connection*/, Connection* connection,
                                  std::string body) {
  const std::array<asio::const_buffer, 2> whole{asio::buffer(connection->out), asio::buffer(body)};
  const std::size_t total = connection->out.size() + body.size();
  ErrorCode error;
  std::size_t sent = connection->socket.write_some(whole, error);
  if (error && error != asio::error::would_block) co_return false;
  if (sent == total) co_return true;
  const std::size_t head_sent = std::min(sent, connection->out.size());
  const std::array<asio::const_buffer, 2> rest{asio::buffer(connection->out) + head_sent,
                                               asio::buffer(body) + (sent - head_sent)};
  const auto [failure, count] = co_await asio::async_write(connection->socket, rest, as_values);
  co_return !failure && sent + count == total;
}

Task<void> HttpServer::Impl::refuse(std::shared_ptr<Impl> self, Connection* connection, int status,
                                    const char* reason) {
  const Response response = Response::text(status, std::string(reason) + "\n");
  connection->out.clear();
  append_response_head(connection->out, response, false, false);
  connection->out += response.body;
  connection->expired = false;
  connection->enter(Phase::lingering, Clock::now() + kLingerDeadline);
  if (!co_await send(self, connection, {})) co_return;
  // Closing with unread bytes would reset the connection, and the peer might never see the answer (RFC 9112, 9.6).
  ErrorCode ignored;
  connection->socket.shutdown(TcpSocket::shutdown_send, ignored);
  std::vector<char> dropped(4096);
  for (std::size_t total = 0; total < kLingerBytes;) {
    const auto [error, count] = co_await connection->socket.async_read_some(asio::buffer(dropped), as_values);
    if (error) co_return;
    total += count;
  }
}

HttpServer::HttpServer(asio::io_context& io, ServerLimits limits, Handler handler)
    : impl_(std::make_shared<Impl>(io, limits, std::move(handler))) {}

HttpServer::~HttpServer() {
  impl_->stopping = true;
  impl_->tasks.abandon();
}

Result<std::uint16_t> HttpServer::listen(const std::string& address, std::uint16_t port) {
  const std::string place = Endpoint{address, port}.authority();
  ErrorCode error;
  const auto ip = asio::ip::make_address(address, error);
  if (error) return fail(ExitCode::environment, place, "not an IP address to listen on");
  const asio::ip::tcp::endpoint endpoint(ip, port);
  TcpAcceptor& acceptor = impl_->acceptor;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) {
    ErrorCode ignored;
    acceptor.close(ignored);
    return fail(ExitCode::environment, place, "cannot listen: " + error.message(),
                error == asio::error::address_in_use ? "choose another port, or 0 to let the system pick one" : "");
  }
  impl_->tasks.spawn(Impl::accept_loop(impl_));
  impl_->tasks.spawn(Impl::watch(impl_));
  return acceptor.local_endpoint(error).port();
}

namespace {

// A free function, so that the coroutine owns its server whatever becomes of the HttpServer.
template <class Impl>
Task<void> stop_server(std::shared_ptr<Impl> self, milliseconds grace) {
  self->stopping = true;
  ErrorCode ignored;
  self->acceptor.close(ignored);
  self->accept_wait.cancel();
  for (Connection& connection : self->open) {
    if (connection.phase == Phase::idle) connection.socket.close(ignored);
  }
  if (!self->open.empty()) {
    self->drained.expires_after(grace);
    co_await self->drained.async_wait(as_values);
  }
  for (Connection& connection : self->open) connection.socket.close(ignored);
  self->tasks.cancel();
  co_await self->tasks.join();
}

}  // namespace

Task<void> HttpServer::stop(milliseconds grace) {
  return stop_server(impl_, grace);
}

std::size_t HttpServer::connections() const {
  return impl_->open.size();
}

const HttpServer::Counters& HttpServer::counters() const {
  return impl_->counters;
}

}  // namespace tidemark::net
