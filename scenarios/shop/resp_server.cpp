#include "scenarios/shop/resp_server.h"

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/write.hpp>
#include <boost/system/system_error.hpp>
#include <deque>
#include <unordered_set>
#include <utility>

#include "scenarios/shop/wakeup.h"

namespace tidemark::shop {

namespace asio = net::asio;

namespace {
constexpr std::size_t kReadBytes = 16 * 1024;
constexpr std::size_t kWriteBytes = 64 * 1024;         // replies are gathered up to here
constexpr std::chrono::milliseconds kAcceptPause{50};  // after a failed accept (no descriptors): no spinning
}  // namespace

struct RespServer::Reply {
  std::string bytes;
  bool ready = false;
};

// Shared by the connection's reader, its writer and its commands under way, all children of one group.
struct RespServer::Session {
  Session(asio::io_context& io, net::TcpSocket connected, RespLimits limits)
      : socket(std::move(connected)), parser(limits), changed(io), group(io) {}

  net::TcpSocket socket;
  RespParser parser;
  RespClient client;
  std::deque<std::shared_ptr<Reply>> replies;  // in the order of the commands
  std::unordered_set<std::string> busy;        // keys of commands under way
  bool ending = false;                         // no further command will come
  Wakeup changed;                              // of anything above
  net::TaskGroup group;
};

RespServer::RespServer(asio::io_context& io, RespServerLimits limits, RespDispatcher dispatch)
    : io_(io), limits_(limits), dispatch_(std::move(dispatch)), acceptor_(io.get_executor()) {}

Result<std::uint16_t> RespServer::listen() {
  net::ErrorCode error;
  const asio::ip::tcp::endpoint address(asio::ip::address_v4::loopback(), 0);
  acceptor_.open(address.protocol(), error);
  if (!error) acceptor_.bind(address, error);
  if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (error) return fail(ExitCode::environment, "127.0.0.1:0", "listen: " + error.message());
  return acceptor_.local_endpoint().port();
}

net::Task<void> RespServer::run() {
  net::TaskGroup group(io_);
  co_await asio::this_coro::throw_if_cancelled(false);
  while ((co_await asio::this_coro::cancellation_state).cancelled() == asio::cancellation_type::none) {
    auto [error, socket] = co_await acceptor_.async_accept(io_.get_executor(), net::as_values);
    if (!error) {
      group.spawn(serve(std::move(socket)));
    } else if (error != asio::error::operation_aborted) {
      net::Timer pause(io_.get_executor(), Clock::now() + kAcceptPause);
      co_await pause.async_wait(net::as_values);
    }
  }
  acceptor_.close();
  co_await group.join();
}

net::Task<void> RespServer::serve(net::TcpSocket socket) {
  net::ErrorCode ignored;
  socket.set_option(asio::ip::tcp::no_delay(true), ignored);
  if (connections_ >= limits_.connections) {
    const std::string refusal = resp_error("ERR max number of clients reached");
    co_await asio::async_write(socket, asio::buffer(refusal), net::as_values);
    co_return;
  }
  ++connections_;
  const auto session = std::make_shared<Session>(io_, std::move(socket), limits_.commands);
  session->group.spawn(write(session));
  session->group.spawn(read(session));
  std::exception_ptr failure;
  try {
    co_await session->group.join();
  } catch (...) {
    failure = std::current_exception();
  }
  --connections_;
  session->socket.close(ignored);
  if (failure) std::rethrow_exception(failure);
}

net::Task<void> RespServer::read(std::shared_ptr<Session> session) {
  std::array<char, kReadBytes> bytes;
  std::vector<std::string> args;
  while (!session->ending) {
    const RespParser::Status status = session->parser.next(&args);
    if (status == RespParser::Status::command) {
      co_await begin(session, dispatch_(session->client, std::move(args)));
      continue;
    }
    if (status == RespParser::Status::malformed) {
      co_await begin(
          session, RespAction{resp_error("ERR Protocol error: " + session->parser.problem()), {}, {}, /*close=*/true});
      break;
    }
    auto [error, size] = co_await session->socket.async_read_some(asio::buffer(bytes), net::as_values);
    if (error) break;
    session->parser.feed(std::string_view(bytes.data(), size));
  }
  session->ending = true;
  session->changed.notify();
}

net::Task<void> RespServer::begin(std::shared_ptr<Session> session, RespAction action) {
  const auto touches_busy = [&] {
    for (const std::string& key : action.keys) {
      if (session->busy.contains(key)) return true;
    }
    return false;
  };
  while (!session->ending && (session->replies.size() >= limits_.pipeline || touches_busy()))
    co_await session->changed.wait();
  if (session->ending) co_return;
  const auto reply = std::make_shared<Reply>();
  session->replies.push_back(reply);
  if (action.close) session->ending = true;
  if (!action.work) {
    reply->bytes = std::move(action.reply);
    reply->ready = true;
    session->changed.notify();
    co_return;
  }
  session->busy.insert(action.keys.begin(), action.keys.end());
  session->group.spawn(perform(session, reply, std::move(action)));
}

net::Task<void> RespServer::perform(std::shared_ptr<Session> session, std::shared_ptr<Reply> reply, RespAction action) {
  try {
    reply->bytes = co_await action.work();
  } catch (const boost::system::system_error& error) {
    if (error.code() == asio::error::operation_aborted) throw;  // the node stops
    reply->bytes = resp_error(std::string("ERR ") + error.what());
  } catch (const std::exception& error) {
    reply->bytes = resp_error(std::string("ERR ") + error.what());
  }
  reply->ready = true;
  for (const std::string& key : action.keys) session->busy.erase(key);
  session->changed.notify();
}

net::Task<void> RespServer::write(std::shared_ptr<Session> session) {
  std::string bytes;
  while (true) {
    bytes.clear();
    while (!session->replies.empty() && session->replies.front()->ready && bytes.size() < kWriteBytes) {
      bytes += session->replies.front()->bytes;
      session->replies.pop_front();
    }
    if (bytes.empty()) {
      if (session->ending && session->replies.empty()) break;
      co_await session->changed.wait();
      continue;
    }
    session->changed.notify();  // the reader may have paused on the pipeline's length
    const auto [error, size] = co_await asio::async_write(session->socket, asio::buffer(bytes), net::as_values);
    if (error) {
      session->ending = true;
      session->changed.notify();
      break;
    }
  }
  // Wakes a reader that waits for bytes which no longer matter.
  net::ErrorCode ignored;
  session->socket.shutdown(asio::socket_base::shutdown_both, ignored);
}

}  // namespace tidemark::shop
