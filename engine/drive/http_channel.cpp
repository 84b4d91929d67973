#include "engine/drive/http_channel.h"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <cstring>

namespace tidemark::drive {
namespace {

constexpr std::size_t kReceiveBytes = 64 * 1024;
constexpr Nanos kRetryPause = std::chrono::milliseconds(100);  // when the machine refused a connection
constexpr std::uint32_t kMostConnections = 1U << 20U;          // what the epoll tag has room for

[[maybe_unused]] bool always_http2(const Origin& origin) {
  return origin.protocol == schedule::Protocol::grpc || origin.http_version == schedule::HttpVersion::http2;
}

}  // namespace

HttpChannel::HttpChannel(const ChannelContext& context, bool keep_all)
    : context_(context),
      keep_all_(keep_all),
      address_(socket_address(context.origin)),
      per_connection_(context.origin.http_version == schedule::HttpVersion::http1 ? 1 : context.scenario.streams),
      receive_buffer_(std::make_unique<char[]>(kReceiveBytes)) {
  assert(always_http2(context.origin) || context.origin.tls != nullptr);
  context_.most_connections = std::min(context.most_connections, kMostConnections);
  if (context.origin.tls == nullptr) return;
  const std::string& name = context.scenario.tls.server_name;
  tls_ = std::make_unique<TlsClient>(context.origin.tls, name.empty() ? context.origin.host : name);
}

HttpChannel::~HttpChannel() {
  for (const auto& connection : connections_) connection->close();
}

HttpChannel::Place& HttpChannel::place_of(std::uint32_t exchange) {
  if (exchange >= places_.size()) places_.resize(exchange + 1);
  return places_[exchange];
}

bool HttpChannel::submit(std::uint32_t exchange, const Rendered& request) {
  if (held_.empty()) {
    if (HttpConnection* free = pick()) {
      hand_over(*free, exchange, request);
      return true;
    }
  }
  place_of(exchange) = {};
  if (held_.size() >= std::uint64_t{connecting_} * per_connection_) {
    std::string why;
    const Opened opened = open(why);
    if (opened == Opened::failed) {
      context_.owner.on_failure(exchange, why, true);
      return true;
    }
    if (opened != Opened::yes) {
      refused_ = true;
      return false;
    }
  }
  held_.push_back({exchange, request});
  held_.back().request.lasting = false;
  return true;
}

void HttpChannel::hand_over(HttpConnection& connection, std::uint32_t exchange, const Rendered& request) {
  const std::uint32_t handle = connection.submit(exchange, request);
  place_of(exchange) = {.connection = connection.index(), .handle = handle};
}

// The connection that was freed last and still has room; nullptr when there is none.
HttpConnection* HttpChannel::pick() {
  while (!free_.empty()) {
    HttpConnection& connection = *connections_[free_.back()];
    if (connection.has_room()) return &connection;
    connection.listed = false;
    free_.pop_back();
  }
  return nullptr;
}

HttpChannel::Opened HttpChannel::open(std::string& why) {
  if (open_ >= context_.most_connections) return Opened::at_limit;
  int error = 0;
  const int fd = begin_connect(address_, error);
  if (fd < 0 && !out_of_descriptors(error) && !out_of_ports(error)) {
    why = std::string("connect: ") + std::strerror(error);
    return Opened::failed;
  }
  if (closed_.empty()) {
    closed_.push_back(static_cast<std::uint32_t>(connections_.size()));
    connections_.push_back(std::make_unique<HttpConnection>(*this, closed_.back()));
  }
  HttpConnection& connection = *connections_[closed_.back()];
  const bool added = fd >= 0 && context_.loop.add(fd, context_.tag | connection.socket_id(), true);
  if (!added) {
    if (fd >= 0) ::close(fd);
    context_.owner.on_exhausted(fd < 0 && out_of_ports(error));
    retry_at_ = (Clock::now() - context_.start + kRetryPause).count();
    return Opened::exhausted;
  }
  closed_.pop_back();
  connection.open(fd);
  ++open_;
  ++connecting_;
  return Opened::yes;
}

void HttpChannel::cancel(std::uint32_t exchange) {
  const Place place = std::exchange(place_of(exchange), {});
  if (place.connection == kNone) {
    std::erase_if(held_, [exchange](const Held& held) { return held.exchange == exchange; });
    return;
  }
  HttpConnection& connection = *connections_[place.connection];
  if (connection.cancel(exchange, place.handle)) {
    offer(connection);
  } else {
    on_lost(connection, "", false);
  }
  tell_room();
}

void HttpChannel::flush() {
  while (!marked_.empty()) {
    flushing_.swap(marked_);
    for (const std::uint32_t index : flushing_) {
      connections_[index]->marked = false;
      connections_[index]->flush();
    }
    flushing_.clear();
  }
}

void HttpChannel::on_event(std::uint32_t socket, bool readable, bool writable) {
  HttpConnection& connection = *connections_[socket % kMostConnections];
  if (connection.socket_id() == socket) connection.on_event(readable, writable);
}

void HttpChannel::on_timer(std::int64_t /*at*/) {
  retry_at_ = INT64_MAX;
  tell_room();
}

void HttpChannel::on_ready(HttpConnection& connection) {
  --connecting_;
  if (!connection.multiplexes()) per_connection_ = 1;
  offer(connection);
  // The server may have chosen HTTP/1.1 where streams were reckoned with.
  std::string why;
  while (held_.size() > std::uint64_t{connecting_} * per_connection_ && open(why) == Opened::yes) continue;
  tell_room();
}

void HttpChannel::on_lost(HttpConnection& connection, const std::string& why, bool while_connecting) {
  --open_;
  if (while_connecting) --connecting_;
  connection.fail(why);
  closed_.push_back(connection.index());
  // As many as were to go over this one fail with it, the longest waiting first.
  while (while_connecting && held_.size() > std::uint64_t{connecting_} * per_connection_) {
    const std::uint32_t exchange = held_.front().exchange;
    held_.pop_front();
    context_.owner.on_failure(exchange, why, true);
  }
  tell_room();
}

void HttpChannel::offer(HttpConnection& connection) {
  if (!connection.listed && connection.has_room()) {
    connection.listed = true;
    free_.push_back(connection.index());
  }
  while (!held_.empty()) {
    HttpConnection* free = pick();
    if (free == nullptr) return;
    const Held held = std::move(held_.front());
    held_.pop_front();
    hand_over(*free, held.exchange, held.request);
  }
}

void HttpChannel::mark(HttpConnection& connection) {
  if (std::exchange(connection.marked, true)) return;
  marked_.push_back(connection.index());
}

void HttpChannel::tell_room() {
  if (!refused_ || (pick() == nullptr && open_ >= context_.most_connections)) return;
  refused_ = false;
  context_.owner.on_room();
}

}  // namespace tidemark::drive
