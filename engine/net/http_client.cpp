#include "engine/net/http_client.h"

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/write.hpp>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "engine/net/http_format.h"
#include "engine/net/http_parser.h"

namespace tidemark::net {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kTimerPatience{250};  // see the header: how long the timer may outlive the last call
constexpr std::size_t kFirstBuffer = 4 * 1024;
constexpr std::size_t kLargeBuffer = 64 * 1024;
constexpr std::uint32_t kHeaderBytes = 64 * 1024;
constexpr std::uint32_t kHeaderFields = 256;

struct EndpointHash {
  std::size_t operator()(const Endpoint& endpoint) const {
    return std::hash<std::string>()(endpoint.host) * 31 + endpoint.port;
  }
};
struct EndpointEqual {
  bool operator()(const Endpoint& a, const Endpoint& b) const { return a.port == b.port && a.host == b.host; }
};

struct Connection {
  Connection(asio::io_context& io, std::uint32_t response_bytes)
      : socket(io.get_executor()), parser(HttpParser::Kind::response, {kHeaderBytes, kHeaderFields, response_bytes}) {}
  TcpSocket socket;
  HttpParser parser;
  std::vector<char> in;
  std::string out;
};

// A kept connection that the server closed, or on which it sent something nobody asked for, is of no use.
bool still_quiet(TcpSocket& socket) {
  char byte = 0;
  ErrorCode error;
  socket.receive(asio::buffer(&byte, 1), asio::socket_base::message_peek, error);
  return error == asio::error::would_block;
}

bool idempotent(const std::string& method) {
  return method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE" || method == "OPTIONS" ||
         method == "TRACE";
}

CallResult failed(std::string what) {
  return {CallResult::Status::failed, {}, std::move(what)};
}

}  // namespace

struct HttpClient::Impl : std::enable_shared_from_this<HttpClient::Impl> {
  using ConnectionPtr = std::unique_ptr<Connection>;
  struct Pool {
    asio::ip::tcp::endpoint address;
    std::string authority;
    std::vector<ConnectionPtr> idle;  // the last one is the warmest
  };
  class Watched;

  Impl(asio::io_context& context, ClientLimits bounds) : limits(bounds), io(context), timer(context.get_executor()) {}

  Pool* pool_of(const Endpoint& endpoint);
  ConnectionPtr take_idle(Pool& pool);
  void keep(Pool& pool, ConnectionPtr connection);
  void pools_drop_idle() {
    for (auto& [endpoint, pool] : pools) pool.idle.clear();
  }
  void arm(Instant deadline);
  void on_timer();
  static Task<CallResult> call(std::shared_ptr<Impl> self, Endpoint endpoint, Request request, Instant deadline);

  const ClientLimits limits;
  asio::io_context& io;
  Timer timer;
  std::optional<Instant> armed;
  std::multimap<Instant, Watched*> deadlines;
  std::unordered_map<Endpoint, Pool, EndpointHash, EndpointEqual> pools;  // never erased: calls under way point into it
  bool closed = false;
};

// Puts a call into the deadline queue; when its time has come, its socket is closed and `expired()` says so.
class HttpClient::Impl::Watched {
 public:
  Watched(Impl& client, Instant deadline)
      : client_(client), place_(client.deadlines.emplace_hint(client.deadlines.end(), deadline, this)) {
    client_.arm(deadline);
  }
  ~Watched() { client_.deadlines.erase(place_); }
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;

  void watch(TcpSocket* socket) { socket_ = socket; }
  bool expired() const { return expired_; }
  void expire() {
    expired_ = true;
    ErrorCode ignored;
    if (socket_ != nullptr) socket_->close(ignored);
  }

 private:
  Impl& client_;
  std::multimap<Instant, Watched*>::iterator place_;
  TcpSocket* socket_ = nullptr;
  bool expired_ = false;
};

namespace {

// What became of one request on one connection.
struct Exchange {
  ErrorCode error;             // of the socket; eof: closed before the answer was complete
  const char* malformed = "";  // the parser's reason
  bool untouched = true;       // the kernel took nothing of the request
  bool answered = false;       // at least one byte of an answer arrived
  bool complete = false;
  bool reusable = false;
};

Task<Exchange> receive(Connection* connection, Exchange result) {
  HttpParser& parser = connection->parser;
  std::vector<char>& in = connection->in;
  if (in.empty()) in.resize(kFirstBuffer);
  std::size_t filled = 0;
  while (true) {
    if (filled == in.size()) in.resize(in.size() * 2);
    const auto [error, count] =
        co_await connection->socket.async_read_some(asio::buffer(in.data() + filled, in.size() - filled), as_values);
    if (error) {
      if (error == asio::error::eof) parser.feed_end();
      result.complete = parser.state() == HttpParser::State::complete;
      if (!result.error) result.error = error;
      co_return result;
    }
    result.answered = true;
    filled += count;
    const bool full = filled == in.size();
    const std::size_t used = parser.feed({in.data(), filled});
    std::copy(in.begin() + static_cast<std::ptrdiff_t>(used), in.begin() + static_cast<std::ptrdiff_t>(filled),
              in.begin());
    filled -= used;
    if (parser.state() == HttpParser::State::complete) {
      result.complete = true;
      // Bytes behind the answer belong to nothing that was asked; an unfinished request leaves the server waiting.
      result.reusable = filled == 0 && !result.error && parser.keep_alive();
      co_return result;
    }
    if (parser.state() == HttpParser::State::failed) {
      result.malformed = parser.reason();
      co_return result;
    }
    if (full && in.size() < kLargeBuffer) in.resize(kLargeBuffer);
  }
}

Task<Exchange> exchange(Connection* connection, const std::string* body, bool head_request) {
  Exchange result;
  connection->parser.reset(head_request);
  const std::array<asio::const_buffer, 2> whole{asio::buffer(connection->out), asio::buffer(*body)};
  const std::size_t total = connection->out.size() + body->size();
  const std::size_t sent = connection->socket.write_some(whole, result.error);
  if (result.error == asio::error::would_block) result.error = {};
  result.untouched = sent == 0;
  if (result.error) co_return result;
  if (sent < total) {
    const std::size_t head_sent = std::min(sent, connection->out.size());
    const std::array<asio::const_buffer, 2> rest{asio::buffer(connection->out) + head_sent,
                                                 asio::buffer(*body) + (sent - head_sent)};
    // A server may answer (413, say) without reading all of it: that answer is still read.
    const auto [error, count] = co_await asio::async_write(connection->socket, rest, as_values);
    result.error = error;
    result.untouched = result.untouched && count == 0;
  }
  co_return co_await receive(connection, result);
}

Task<ErrorCode> connect(Connection* connection, asio::ip::tcp::endpoint address) {
  ErrorCode error;
  TcpSocket& socket = connection->socket;
  socket.open(address.protocol(), error);
  if (error) co_return error;
  socket.set_option(asio::ip::tcp::no_delay(true), error);
  socket.non_blocking(true, error);
  const auto [failure] = co_await socket.async_connect(address, as_values);
  co_return failure;
}

}  // namespace

HttpClient::Impl::Pool* HttpClient::Impl::pool_of(const Endpoint& endpoint) {
  const auto known = pools.find(endpoint);
  if (known != pools.end()) return &known->second;
  ErrorCode error;
  const auto address = asio::ip::make_address(endpoint.host == "localhost" ? "127.0.0.1" : endpoint.host, error);
  if (error) return nullptr;
  return &pools.emplace(endpoint, Pool{{address, endpoint.port}, endpoint.authority(), {}}).first->second;
}

HttpClient::Impl::ConnectionPtr HttpClient::Impl::take_idle(Pool& pool) {
  while (!pool.idle.empty()) {
    ConnectionPtr connection = std::move(pool.idle.back());
    pool.idle.pop_back();
    if (still_quiet(connection->socket)) return connection;
  }
  return nullptr;
}

void HttpClient::Impl::keep(Pool& pool, ConnectionPtr connection) {
  if (closed || pool.idle.size() >= limits.idle_per_endpoint || !connection->socket.is_open()) return;
  if (connection->in.size() > kFirstBuffer) std::vector<char>().swap(connection->in);
  pool.idle.push_back(std::move(connection));
}

void HttpClient::Impl::arm(Instant deadline) {
  const Instant target = std::min(deadline, Clock::now() + kTimerPatience);
  if (armed && *armed <= target) return;
  armed = target;
  timer.expires_at(target);
  timer.async_wait([self = shared_from_this()](const ErrorCode& error) {
    if (!error) self->on_timer();
  });
}

void HttpClient::Impl::on_timer() {
  armed.reset();
  const Instant now = Clock::now();
  auto next = deadlines.begin();
  for (; next != deadlines.end() && next->first <= now; ++next) next->second->expire();
  if (next != deadlines.end()) arm(next->first);
}

Task<CallResult> HttpClient::Impl::call(std::shared_ptr<Impl> self, Endpoint endpoint, Request request,
                                        Instant deadline) {
  const CallResult timed_out{CallResult::Status::timed_out, {}, "deadline exceeded"};
  Pool* pool = self->pool_of(endpoint);
  if (pool == nullptr) co_return failed(endpoint.authority() + ": not an IP address");
  if (deadline <= Clock::now()) co_return timed_out;
  Watched watched(*self, deadline);
  ConnectionPtr connection = self->take_idle(*pool);
  while (true) {
    const bool kept = connection != nullptr;
    if (!kept) {
      connection = std::make_unique<Connection>(self->io, self->limits.response_bytes);
      watched.watch(&connection->socket);
      const ErrorCode error = co_await connect(connection.get(), pool->address);
      if (watched.expired()) co_return timed_out;
      if (error) co_return failed("connect " + pool->authority + ": " + error.message());
    }
    watched.watch(&connection->socket);
    connection->out.clear();
    if (!append_request_head(connection->out, request, pool->authority)) {
      co_return failed("request to " + pool->authority + ": method, target or header not sendable");
    }
    const Exchange result = co_await exchange(connection.get(), &request.body, request.method == "HEAD");
    if (result.complete) {
      CallResult answer{CallResult::Status::ok, connection->parser.take_response(), {}};
      if (result.reusable) self->keep(*pool, std::move(connection));
      co_return answer;
    }
    if (watched.expired()) co_return timed_out;
    if (*result.malformed != '\0') co_return failed("answer of " + pool->authority + ": " + result.malformed);
    const bool stale = kept && !result.answered && (idempotent(request.method) || result.untouched) &&
                       result.error != asio::error::operation_aborted;
    if (!stale) {
      co_return failed(
          pool->authority + ": " +
          (result.error == asio::error::eof ? "closed before the answer was complete" : result.error.message()));
    }
    connection.reset();
  }
}

HttpClient::HttpClient(asio::io_context& io, ClientLimits limits) : impl_(std::make_shared<Impl>(io, limits)) {}

HttpClient::~HttpClient() {
  impl_->closed = true;
  impl_->pools_drop_idle();
  if (impl_->deadlines.empty()) impl_->timer.cancel();
}

Task<CallResult> HttpClient::call(Endpoint endpoint, Request request, Instant deadline) {
  return Impl::call(impl_, std::move(endpoint), std::move(request), deadline);
}

void HttpClient::close() {
  impl_->pools_drop_idle();
}

std::size_t HttpClient::idle_connections() const {
  std::size_t count = 0;
  for (const auto& [endpoint, pool] : impl_->pools) count += pool.idle.size();
  return count;
}

CallResult call_blocking(const Endpoint& endpoint, Request request, Nanos timeout) {
  asio::io_context io(1);
  HttpClient client(io);
  CallResult result;
  std::exception_ptr failure;
  asio::co_spawn(io, client.call(endpoint, std::move(request), Clock::now() + timeout),
                 [&](const std::exception_ptr& error, CallResult answer) {
                   failure = error;
                   result = std::move(answer);
                   io.stop();
                 });
  io.run();
  if (failure) std::rethrow_exception(failure);
  return result;
}

}  // namespace tidemark::net
