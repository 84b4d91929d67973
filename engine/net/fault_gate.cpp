#include "engine/net/fault_gate.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/write.hpp>
#include <deque>
#include <tuple>
#include <unordered_set>
#include <utility>
#include <vector>

#include "engine/core/random.h"
#include "engine/net/task_group.h"

namespace tidemark::net {
namespace {

constexpr std::size_t kReadBytes = 16 * 1024;
constexpr std::chrono::microseconds kSliceGap{100};  // else the kernel hands the reader several slices as one
constexpr std::chrono::milliseconds kAcceptRetry{50};

// One direction of a connection: what was read and waits until it is due.
struct Pipe {
  explicit Pipe(asio::io_context& io) : room(io.get_executor(), Instant::max()), work(io.get_executor()) {}
  struct Piece {
    Instant due;
    std::vector<char> bytes;
  };
  std::deque<Piece> pieces;
  std::size_t held = 0;
  bool ended = false;  // nothing more will be read
  Timer room;          // the reader sleeps here; cancelled when a piece has gone
  Timer work;          // the writer sleeps here until the first piece is due; cancelled when there is something new
};

void reset_socket(TcpSocket& socket) {
  ErrorCode ignored;
  socket.set_option(asio::socket_base::linger(true, 0), ignored);
  socket.close(ignored);
}

}  // namespace

struct FaultGate::Impl : std::enable_shared_from_this<FaultGate::Impl> {
  // Shared by the coroutines of one connection.
  struct Link {
    Link(std::shared_ptr<Impl> owner, TcpSocket accepted)
        : gate(std::move(owner)),
          caller(std::move(accepted)),
          upstream(gate->io.get_executor()),
          up(gate->io),
          down(gate->io) {
      gate->open.insert(this);
    }
    ~Link() { gate->open.erase(this); }
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;

    void reset() {
      if (std::exchange(broken, true)) return;
      for (TcpSocket* socket : {&caller, &upstream}) reset_socket(*socket);
      for (Pipe* pipe : {&up, &down}) {
        pipe->room.cancel();
        pipe->work.cancel();
      }
    }

    const std::shared_ptr<Impl> gate;
    TcpSocket caller, upstream;
    Pipe up, down;
    bool broken = false;
  };
  using LinkPtr = std::shared_ptr<Link>;

  Impl(asio::io_context& context, GateLimits bounds, std::function<std::optional<Endpoint>()> where, std::uint64_t seed)
      : limits(bounds),
        upstream(std::move(where)),
        io(context),
        acceptor(context.get_executor()),
        reservation(context.get_executor()),
        pause(context.get_executor()),
        tasks(context),
        random(seed, "fault gate") {}

  static Task<void> accept_loop(std::shared_ptr<Impl> self, std::uint64_t life);
  static Task<void> connect(LinkPtr link);
  static Task<void> read(LinkPtr link, bool upwards);
  static Task<void> write(LinkPtr link, bool upwards);
  static Task<bool> write_piece(Link* link, TcpSocket* to, std::vector<char> bytes, std::uint64_t* passed);
  ErrorCode open_listener();
  void reset_all() {
    const std::vector<Link*> now(open.begin(), open.end());
    for (Link* link : now) link->reset();
  }

  const GateLimits limits;
  const std::function<std::optional<Endpoint>()> upstream;

  asio::io_context& io;
  TcpAcceptor acceptor;
  TcpAcceptor reservation;  // bound and never listening: keeps the port while the gate is down
  asio::ip::tcp::endpoint address;
  Timer pause;
  TaskGroup tasks;
  Random random;
  GateRules rules;
  Counters counters;
  std::unordered_set<Link*> open;
  std::uint64_t life = 0;  // of the listener: an accept loop of an earlier one ends
  bool stopping = false;
};

namespace {

ErrorCode bind_to(TcpAcceptor& acceptor, const asio::ip::tcp::endpoint& address) {
  ErrorCode error;
  acceptor.open(address.protocol(), error);
  if (error) return error;
  const int on = 1;
  ::setsockopt(acceptor.native_handle(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  ::setsockopt(acceptor.native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  acceptor.bind(address, error);
  return error;
}

}  // namespace

ErrorCode FaultGate::Impl::open_listener() {
  ErrorCode error = bind_to(acceptor, address);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) {
    ErrorCode ignored;
    acceptor.close(ignored);
    return error;
  }
  tasks.spawn(accept_loop(shared_from_this(), ++life));
  return {};
}

Task<void> FaultGate::Impl::accept_loop(std::shared_ptr<Impl> self, std::uint64_t life) {
  while (!self->stopping && self->life == life && self->acceptor.is_open()) {
    TcpSocket caller(self->io.get_executor());
    const auto [error] = co_await self->acceptor.async_accept(caller, as_values);
    if (self->stopping || self->life != life) co_return;
    if (error == asio::error::connection_aborted) continue;
    if (error == asio::error::operation_aborted || error == asio::error::bad_descriptor) co_return;
    if (error) {  // no descriptors: trying again at once would spin
      self->pause.expires_after(kAcceptRetry);
      co_await self->pause.async_wait(as_values);
      continue;
    }
    if (self->open.size() >= self->limits.connections) {
      ++self->counters.refused;
      reset_socket(caller);
      continue;
    }
    ++self->counters.accepted;
    ErrorCode ignored;
    caller.set_option(asio::ip::tcp::no_delay(true), ignored);
    self->tasks.spawn(connect(std::make_shared<Link>(self, std::move(caller))));
  }
}

Task<void> FaultGate::Impl::connect(LinkPtr link) {
  const auto where = link->gate->upstream();
  ErrorCode error = asio::error::host_not_found;
  if (where) {
    const auto ip = asio::ip::make_address(where->host, error);
    if (!error) {
      const asio::ip::tcp::endpoint endpoint(ip, where->port);
      std::tie(error) = co_await link->upstream.async_connect(endpoint, as_values);
    }
  }
  if (link->broken) co_return;
  if (error) {
    ++link->gate->counters.unreachable;
    link->reset();
    co_return;
  }
  link->upstream.set_option(asio::ip::tcp::no_delay(true), error);
  for (const bool upwards : {true, false}) {
    link->gate->tasks.spawn(read(link, upwards));
    link->gate->tasks.spawn(write(link, upwards));
  }
}

Task<void> FaultGate::Impl::read(LinkPtr link, bool upwards) {
  Impl& gate = *link->gate;
  TcpSocket& from = upwards ? link->caller : link->upstream;
  Pipe& pipe = upwards ? link->up : link->down;
  std::vector<char> buffer(kReadBytes);
  while (!link->broken) {
    while (pipe.held >= gate.limits.held_bytes && !link->broken) co_await pipe.room.async_wait(as_values);
    const auto [error, count] = co_await from.async_read_some(asio::buffer(buffer), as_values);
    if (link->broken) co_return;
    if (error == asio::error::eof) break;
    if (error) co_return link->reset();
    if (gate.rules.reset > 0 && gate.random.uniform() < gate.rules.reset) {
      ++gate.counters.resets;
      co_return link->reset();
    }
    const auto end = buffer.begin() + static_cast<std::ptrdiff_t>(count);
    pipe.pieces.push_back({Clock::now() + gate.rules.delay, {buffer.begin(), end}});
    pipe.held += count;
    pipe.work.cancel();
  }
  pipe.ended = true;
  pipe.work.cancel();
}

Task<void> FaultGate::Impl::write(LinkPtr link, bool upwards) {
  Impl& gate = *link->gate;
  TcpSocket& to = upwards ? link->upstream : link->caller;
  Pipe& pipe = upwards ? link->up : link->down;
  std::uint64_t* passed = upwards ? &gate.counters.bytes_up : &gate.counters.bytes_down;
  while (!link->broken) {
    if (pipe.pieces.empty() && pipe.ended) {
      ErrorCode ignored;
      to.shutdown(TcpSocket::shutdown_send, ignored);
      co_return;
    }
    const Instant due = pipe.pieces.empty() ? Instant::max() : pipe.pieces.front().due;
    if (due > Clock::now()) {
      pipe.work.expires_at(due);
      co_await pipe.work.async_wait(as_values);
      continue;
    }
    std::vector<char> bytes = std::move(pipe.pieces.front().bytes);
    pipe.pieces.pop_front();
    const std::size_t size = bytes.size();
    if (!co_await write_piece(link.get(), &to, std::move(bytes), passed)) co_return link->reset();
    pipe.held -= size;
    pipe.room.cancel();
  }
}

Task<bool> FaultGate::Impl::write_piece(Link* link, TcpSocket* to, std::vector<char> bytes, std::uint64_t* passed) {
  Impl& gate = *link->gate;
  for (std::size_t done = 0; done < bytes.size();) {
    std::size_t size = bytes.size() - done;
    if (gate.rules.slice_max > 0) {
      const std::uint64_t spread = gate.rules.slice_max - gate.rules.slice_min + 1;
      size = std::min<std::size_t>(size, gate.rules.slice_min + gate.random.below(spread));
    }
    const auto [error, count] = co_await asio::async_write(*to, asio::buffer(bytes.data() + done, size), as_values);
    if (error || link->broken) co_return false;
    done += count;
    *passed += count;
    ++gate.counters.writes;
    if (done == bytes.size()) break;
    Timer gap(gate.io.get_executor(), Clock::now() + kSliceGap);
    co_await gap.async_wait(as_values);
    if (link->broken) co_return false;
  }
  co_return true;
}

FaultGate::FaultGate(asio::io_context& io, GateLimits limits, std::function<std::optional<Endpoint>()> upstream,
                     std::uint64_t seed)
    : impl_(std::make_shared<Impl>(io, limits, std::move(upstream), seed)) {}

FaultGate::~FaultGate() {
  impl_->stopping = true;
  impl_->tasks.abandon();
}

Result<std::uint16_t> FaultGate::listen(const std::string& address, std::uint16_t port) {
  const std::string place = Endpoint{address, port}.authority();
  ErrorCode error;
  const auto ip = asio::ip::make_address(address, error);
  if (error) return fail(ExitCode::environment, place, "not an IP address to listen on");
  error = bind_to(impl_->reservation, {ip, port});
  if (!error) impl_->address = impl_->reservation.local_endpoint(error);
  if (!error) error = impl_->open_listener();
  if (error) {
    return fail(ExitCode::environment, place, "cannot listen: " + error.message(),
                error == asio::error::address_in_use ? "choose another port, or 0 to let the system pick one" : "");
  }
  return impl_->address.port();
}

Result<void> FaultGate::set(const GateRules& rules) {
  const bool was_down = std::exchange(impl_->rules, rules).down;
  if (impl_->stopping || rules.down == was_down) return {};
  if (rules.down) {
    ErrorCode ignored;
    ++impl_->life;
    impl_->acceptor.close(ignored);
    impl_->reset_all();
  } else if (const ErrorCode error = impl_->open_listener()) {
    impl_->rules.down = true;
    return fail(ExitCode::environment, "gate", "cannot listen again: " + error.message());
  }
  return {};
}

const GateRules& FaultGate::rules() const {
  return impl_->rules;
}

namespace {

// A free function, so that the coroutine owns its gate whatever becomes of the FaultGate.
template <class Impl>
Task<void> stop_gate(std::shared_ptr<Impl> self) {
  self->stopping = true;
  ErrorCode ignored;
  self->acceptor.close(ignored);
  self->reservation.close(ignored);
  self->pause.cancel();
  self->reset_all();
  self->tasks.cancel();
  co_await self->tasks.join();
}

}  // namespace

Task<void> FaultGate::stop() {
  return stop_gate(impl_);
}

std::size_t FaultGate::connections() const {
  return impl_->open.size();
}

const FaultGate::Counters& FaultGate::counters() const {
  return impl_->counters;
}

}  // namespace tidemark::net
