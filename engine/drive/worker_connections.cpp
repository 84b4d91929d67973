#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "engine/drive/worker.h"

namespace tidemark::drive {
namespace {

constexpr std::size_t kReceiveBytes = 64 * 1024;
constexpr std::size_t kKeptCapacity = 4 * 1024;  // of a connection between two answers

}  // namespace

void Worker::on_event(const EventLoop::Event& event) {
  if ((event.tag & ChannelContext::kTagBit) != 0) return on_channel_event(event);
  const auto index = static_cast<std::uint32_t>(event.tag);
  if (tag_of(index) != event.tag) return;  // closed earlier in this batch
  Connection& connection = connections_[index];
  if (connection.state == Connection::State::connecting) {
    if (event.writable) on_connected(index);
    return;
  }
  if (event.writable && !connection.unsent.empty()) flush(index);
  if (event.readable) receive(index);
}

// The limit of an approval: what may not go yet stays with those that wait for a connection.
bool Worker::must_hold(std::int64_t at) {
  if (!limit_ || limit_->would_admit(Nanos(at))) return false;
  held_until_ = limit_->next().count();
  return true;
}

void Worker::resume_held(std::int64_t at) {
  held_until_ = INT64_MAX;
  for (std::uint32_t origin = 0; origin < pools_.size() && !must_hold(at); ++origin) pump(origin);
}

// Gives waiting flows to idle connections, and opens as many more as there are flows that none is under way for.
void Worker::pump(std::uint32_t origin) {
  OriginPool& pool = pools_[origin];
  if (pool.channel) return feed(origin);
  while (!pool.waiting.empty() && !stopping_ && !(limit_ && must_hold(now()))) {
    if (!pool.idle.empty()) {
      const std::uint32_t connection = pool.idle.back();
      pool.idle.pop_back();
      const std::uint32_t flow = pool.waiting.front();
      pool.waiting.pop_front();
      --waiting_;
      send_on(connection, flow, now());
      continue;
    }
    if (pool.connecting >= pool.waiting.size()) return;
    if (open_connections_ >= options_.connections && !evict_idle(origin)) return;
    if (!open_connection(origin)) return;
  }
}

// False: the machine has no descriptor or port left; what waits keeps waiting for the connections there are.
bool Worker::open_connection(std::uint32_t origin) {
  OriginPool& pool = pools_[origin];
  const int fd = socket(pool.address.get()->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    ++interval_->self.no_descriptor;
    return false;
  }
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  const bool connected = connect(fd, pool.address.get(), pool.address.size) == 0;
  const int error = connected ? 0 : errno;
  if (!connected && error != EINPROGRESS) {
    close(fd);
    if (out_of_ports(error) || out_of_descriptors(error)) {
      ++(out_of_ports(error) ? interval_->self.no_port : interval_->self.no_descriptor);
      return false;
    }
    refuse_oldest(origin, "connect: ", error);
    return true;
  }
  if (free_connections_.empty()) {
    free_connections_.push_back(static_cast<std::uint32_t>(connections_.size()));
    connections_.emplace_back();
  }
  const std::uint32_t index = free_connections_.back();
  Connection& connection = connections_[index];
  if (!loop_.add(fd, tag_of(index), !connected)) {
    close(fd);
    ++interval_->self.no_descriptor;
    return false;
  }
  free_connections_.pop_back();
  connection.fd = fd;
  connection.origin = origin;
  connection.flow = kNone;
  connection.reused = false;
  connection.unsent.clear();
  connection.received.clear();
  ++open_connections_;
  if (connected) {
    connection.state = Connection::State::idle;
    pool.idle.push_back(index);
  } else {
    connection.state = Connection::State::connecting;
    ++pool.connecting;
  }
  return true;
}

// A connection could not be made: the flow that has waited longest for one is the one that fails.
void Worker::refuse_oldest(std::uint32_t origin, const char* what, int error) {
  OriginPool& pool = pools_[origin];
  if (pool.waiting.empty()) return;
  const std::uint32_t flow = pool.waiting.front();
  pool.waiting.pop_front();
  --waiting_;
  const std::int64_t at = now();
  end_request(flow, Outcome::failed, at, std::string(what) + std::strerror(error));
  advance_flow(flow, Outcome::failed, at, true);
}

bool Worker::evict_idle(std::uint32_t except_origin) {
  for (std::uint32_t other = 0; other < pools_.size(); ++other) {
    if (other == except_origin || pools_[other].idle.empty()) continue;
    close_connection(pools_[other].idle.front());
    return true;
  }
  return false;
}

void Worker::on_connected(std::uint32_t index) {
  Connection& connection = connections_[index];
  const std::uint32_t origin = connection.origin;
  int error = 0;
  socklen_t size = sizeof(error);
  getsockopt(connection.fd, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) {
    close_connection(index);
    refuse_oldest(origin, "connect: ", error);
  } else {
    loop_.modify(connection.fd, tag_of(index), true, false);
    --pools_[origin].connecting;
    connection.state = Connection::State::idle;
    pools_[origin].idle.push_back(index);
  }
  pump(origin);
}

void Worker::send_on(std::uint32_t index, std::uint32_t flow, std::int64_t at) {
  Connection& connection = connections_[index];
  FlowSlot& slot = flows_[flow];
  const CompiledStep& step = step_of(slot);
  connection.flow = flow;
  connection.touched = false;
  connection.state = Connection::State::busy;
  slot.connection = index;
  slot.phase = FlowSlot::Phase::in_flight;
  if (slot.sent < 0) slot.sent = at;
  if (!slot.started) count_started(slot);
  connection.framing.start({.head_request = step.head,
                            .keep_headers = step.keep_headers,
                            .keep_body = step.keep_body,
                            .keep_hints = step.keep_hints});
  const std::string& bytes = request_bytes(slot);
  if (step.after != CompiledStep::kNoFunction) slot.state->sent = bytes;
  const ssize_t sent = ::send(connection.fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (limit_) limit_->count(Nanos(now()));
  if (sent == static_cast<ssize_t>(bytes.size())) return;
  // A broken connection is reported by the next wait; there is one place that deals with it.
  if (sent < 0 && errno != EAGAIN) return;
  connection.unsent.assign(bytes, static_cast<std::size_t>(std::max<ssize_t>(sent, 0)));
  loop_.modify(connection.fd, tag_of(index), true, true);
}

void Worker::flush(std::uint32_t index) {
  Connection& connection = connections_[index];
  const ssize_t sent = ::send(connection.fd, connection.unsent.data(), connection.unsent.size(), MSG_NOSIGNAL);
  if (sent < 0 && errno == EAGAIN) return;
  connection.unsent.erase(0, sent < 0 ? std::string::npos : static_cast<std::size_t>(sent));
  if (connection.unsent.empty()) loop_.modify(connection.fd, tag_of(index), true, false);
}

void Worker::receive(std::uint32_t index) {
  receive_all(index);
  arriving_on_ = kNone;
}

void Worker::receive_all(std::uint32_t index) {
  while (true) {
    Connection& connection = connections_[index];
    const ssize_t count = ::recv(connection.fd, receive_buffer_.get(), kReceiveBytes, 0);
    if (count < 0 && errno == EAGAIN) return;
    if (count < 0 && errno == EINTR) continue;
    if (connection.state == Connection::State::idle) {  // closed by the peer, or bytes that nobody asked for
      close_connection(index);
      return;
    }
    if (count < 0) return lose(index, std::strerror(errno));
    const std::int64_t at = now();
    connection.touched |= count > 0;
    const std::string_view bytes(receive_buffer_.get(), static_cast<std::size_t>(count));
    arriving_ = bytes;
    arriving_on_ = index;
    const auto state = count == 0 ? connection.framing.end_of_input() : connection.framing.feed(bytes);
    if (state == ResponseFraming::State::complete) {
      const bool exact = count > 0 && connection.framing.consumed() == bytes.size() && connection.unsent.empty();
      return finish_answer(index, at, exact);
    }
    if (state == ResponseFraming::State::malformed) return lose(index, connection.framing.problem());
    const std::size_t kept = connection.received.size();
    if (kept < Connection::kMostReceived) connection.received.append(bytes.substr(0, Connection::kMostReceived - kept));
    arriving_on_ = kNone;
    if (bytes.size() < kReceiveBytes) return;
  }
}

// The connection broke under a request, or what came was no HTTP. On a kept connection that the server closed before
// the first byte of an answer, the request cannot have been processed in order: an idempotent one goes once more, on
// another (RFC 9112, 9.3.1).
void Worker::lose(std::uint32_t index, std::string_view why) {
  Connection& connection = connections_[index];
  const std::uint32_t flow = connection.flow;
  const std::uint32_t origin = connection.origin;
  FlowSlot& slot = flows_[flow];
  const bool again =
      connection.reused && !connection.touched && step_of(slot).idempotent && !slot.retried && !stopping_;
  const std::int64_t at = now();
  const std::string kind(why);  // may live in the connection
  close_connection(index);
  if (again) {
    count_retry(slot);
    slot.phase = FlowSlot::Phase::waiting;
    slot.connection = kNone;
    pools_[origin].waiting.push_front(flow);
    ++waiting_;
  } else {
    end_request(flow, Outcome::failed, at, kind);
    advance_flow(flow, Outcome::failed, at, false);
  }
  pump(origin);
}

// The connection is free again: the oldest waiting flow takes it.
void Worker::release(std::uint32_t index) {
  Connection& connection = connections_[index];
  connection.reused = true;
  if (!connection.received.empty()) {
    if (connection.received.capacity() > kKeptCapacity) std::string().swap(connection.received);
    connection.received.clear();
  }
  connection.flow = kNone;
  connection.state = Connection::State::idle;
  pools_[connection.origin].idle.push_back(index);
  if (!pools_[connection.origin].waiting.empty()) pump(connection.origin);
}

void Worker::close_connection(std::uint32_t index) {
  Connection& connection = connections_[index];
  OriginPool& pool = pools_[connection.origin];
  if (connection.state == Connection::State::connecting) --pool.connecting;
  if (connection.state == Connection::State::idle)
    pool.idle.erase(std::find(pool.idle.begin(), pool.idle.end(), index));
  close(connection.fd);
  connection.fd = -1;
  connection.flow = kNone;
  connection.state = Connection::State::closed;
  ++connection.generation;
  --open_connections_;
  free_connections_.push_back(index);
}

}  // namespace tidemark::drive
