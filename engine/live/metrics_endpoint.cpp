#include "engine/live/metrics_endpoint.h"

#include <sys/resource.h>

#include <charconv>
#include <mutex>
#include <thread>
#include <utility>

#include "engine/live/run_metrics.h"
#include "engine/net/http_server.h"

namespace tidemark::live {
namespace {

constexpr int kNice = 5;
constexpr net::ServerLimits kLimits{.header_bytes = 4096, .header_fields = 50, .body_bytes = 1024, .connections = 32};
constexpr const char* kBefore = "# the run has not ended its first second yet\n";

net::Task<net::Response> unknown_path() {
  co_return net::Response::text(404, "GET /metrics\n");
}

}  // namespace

struct MetricsEndpoint::Impl {
  net::asio::io_context io{1};
  net::HttpServer server;
  std::uint16_t port = 0;
  std::thread thread;
  std::mutex mutex;  // guards the two below
  Progress latest;
  std::uint64_t dropped = 0;

  Impl() : server(io, kLimits, [this](net::Request request) { return answer(std::move(request)); }) {}

  std::string text() {
    Progress progress;
    std::uint64_t lost = 0;
    {
      const std::lock_guard lock(mutex);
      progress = latest;
      lost = dropped;
    }
    return progress.run_id.empty() ? kBefore : run_metrics(progress, lost);
  }

  net::Task<net::Response> metrics() {
    net::Response response = net::Response::text(200, text());
    response.headers.set("content-type", "text/plain; version=0.0.4; charset=utf-8");
    co_return response;
  }

  net::Task<net::Response> answer(net::Request request) {
    if (request.method != "GET" || request.path() != "/metrics") return unknown_path();
    return metrics();
  }
};

MetricsEndpoint::MetricsEndpoint(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

MetricsEndpoint::~MetricsEndpoint() {
  impl_->io.stop();
  if (impl_->thread.joinable()) impl_->thread.join();
}

Result<std::unique_ptr<MetricsEndpoint>> MetricsEndpoint::listen(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  const std::string host = address.substr(0, colon == std::string::npos ? 0 : colon);
  std::uint16_t port = 0;
  const std::string digits = colon == std::string::npos ? "" : address.substr(colon + 1);
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (digits.empty() || parsed.ec != std::errc() || parsed.ptr != digits.data() + digits.size()) {
    return fail(ExitCode::usage, "--metrics-listen " + address, "is not ADDRESS:PORT", "write 127.0.0.1:9100");
  }
  if (!host.starts_with("127.") && host != "::1" && host != "[::1]") {
    return fail(ExitCode::usage, "--metrics-listen " + address, "is not a loopback address", "write 127.0.0.1:9100");
  }
  auto impl = std::make_unique<Impl>();
  const auto bound = impl->server.listen(host == "[::1]" ? "::1" : host, port);
  if (!bound) return tl::make_unexpected(bound.error());
  impl->port = *bound;
  impl->thread = std::thread([io = &impl->io] {
    setpriority(PRIO_PROCESS, 0, kNice);  // on Linux: this thread
    io->run();
  });
  return std::unique_ptr<MetricsEndpoint>(new MetricsEndpoint(std::move(impl)));
}

std::uint16_t MetricsEndpoint::port() const {
  return impl_->port;
}

void MetricsEndpoint::set(const Progress& progress, std::uint64_t dropped) {
  const std::lock_guard lock(impl_->mutex);
  impl_->latest = progress;
  impl_->dropped = dropped;
}

}  // namespace tidemark::live
