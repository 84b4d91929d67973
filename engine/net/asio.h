// The one place that picks Asio's executor and completion token (docs/decisions.md, "coroutines"). Narrow headers only.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "engine/core/units.h"

namespace tidemark::net {

namespace asio = boost::asio;
using IoExecutor = asio::io_context::executor_type;
using ErrorCode = boost::system::error_code;
using TcpSocket = asio::basic_stream_socket<asio::ip::tcp, IoExecutor>;
using TcpAcceptor = asio::basic_socket_acceptor<asio::ip::tcp, IoExecutor>;
using Timer = asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, IoExecutor>;
template <class T>
using Task = asio::awaitable<T, IoExecutor>;
// Failures are values: auto [error, n] = co_await socket.async_read_some(buffer, as_values);
inline constexpr auto as_values = asio::as_tuple(asio::deferred);

}  // namespace tidemark::net
