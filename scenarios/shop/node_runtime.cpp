// The life of a node: listen, register, serve, drain.
#include "scenarios/shop/node_runtime.h"

#include <sched.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <exception>
#include <utility>

#include "scenarios/shop/node_runtime_impl.h"

namespace tidemark::shop {
namespace {

constexpr std::chrono::milliseconds kDrain{2000};
constexpr std::chrono::milliseconds kJoinRetry{50};
constexpr int kJoinAttempts = 100;

using SignalSet = net::asio::basic_signal_set<net::IoExecutor>;

void pin_to(int cpu) {
  if (cpu < 0) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<std::size_t>(cpu), &set);
  sched_setaffinity(0, sizeof set, &set);
}

bool write_ready(int fd, std::uint16_t port) {
  const std::string line = "ready " + std::to_string(port) + "\n";
  return write(fd, line.data(), line.size()) == static_cast<ssize_t>(line.size());
}

}  // namespace

NodeRuntime::Impl::Impl(NodeRuntime& owner, NodeConfig node_config)
    : node(owner),
      config(std::move(node_config)),
      name(config.name()),
      gate(config.tag_key, config.service == "gateway"),
      pool(io, config.workers, config.queue_limit),
      times(config.seed, name, config.operations),
      turns(io),
      trace_ids(config.seed, "trace/" + name),
      faults(io, config.seed, name, counters,
             [this](const std::string& message, std::vector<std::pair<std::string, std::string>> context) {
               log("warning", "", message, context);
             }),
      dying(io.get_executor()),
      spans(config.span_sample),
      client(io),
      entrance(config.seed, name, counters),
      call_guards(config.seed, name),
      group(io),
      server(io, net::ServerLimits{}, [this](net::Request request) { return serve(std::move(request)); }) {
  if (config.registry.port != 0) {
    discovery.emplace(io, RegistryClient(client, config.registry, name), config.service, name, config.seed);
  }
}

void NodeRuntime::Impl::log(const std::string& level, const std::string& trace_id, const std::string& message,
                            const std::vector<std::pair<std::string, std::string>>& context) {
  if (log_file) log_file->write(level, trace_id, message, context);
}

// The registry is up before any other node is started; a few attempts bridge a slow machine.
net::Task<bool> NodeRuntime::Impl::announce(std::uint16_t port) {
  if (!discovery) co_return true;
  discovery->advertise(config.service, net::Endpoint{"127.0.0.1", port});
  for (auto& [other, endpoint] : waiting_addresses) discovery->advertise(other, std::move(endpoint));
  std::string last;
  for (int attempt = 0; attempt < kJoinAttempts; ++attempt) {
    const auto joined = co_await discovery->join();
    if (joined) co_return true;
    last = joined.error().message();
    net::Timer timer(io.get_executor(), Clock::now() + kJoinRetry);
    co_await timer.async_wait(net::as_values);
  }
  log("error", "", "not registered", {{"what", last}});
  co_return false;
}

net::Task<ExitCode> NodeRuntime::Impl::live(int ready_fd) {
  SignalSet signals(io.get_executor(), SIGTERM);
  const auto port = server.listen("127.0.0.1", 0);
  if (!port) {
    log("error", "", port.error().message());
    co_return port.error().code;
  }
  if (!co_await announce(*port) || !write_ready(ready_fd, *port)) {
    co_await server.stop(std::chrono::milliseconds(0));
    co_return ExitCode::environment;
  }
  close(ready_fd);
  log("info", "", "ready", {{"port", std::to_string(*port)}});
  running = true;
  if (discovery) group.spawn(discovery->run());
  for (const auto& task : background) group.spawn(task());

  co_await signals.async_wait(net::as_values);
  log("info", "", "stopping");
  group.cancel();
  co_await group.join();
  if (discovery) co_await discovery->leave();
  co_await server.stop(kDrain);
  client.close();
  log("info", "", "stopped");
  co_return ExitCode::pass;
}

NodeRuntime::NodeRuntime(NodeConfig config) {
  pin_to(config.cpu);
  const std::filesystem::path log_file = config.log_file;
  impl_ = std::make_unique<Impl>(*this, std::move(config));
  if (!log_file.empty()) {
    if (auto opened = observe::JsonLog::open(log_file, impl_->config.service, impl_->name)) {
      impl_->log_file = std::move(*opened);
    }
  }
  impl_->add_admin_routes();
  impl_->add_fault_routes();
  impl_->add_guard_routes();
  if (const auto set = impl_->set_guard(impl_->config.guard); !set) impl_->log("error", "", set.error().message());
}

NodeRuntime::~NodeRuntime() = default;

void NodeRuntime::route(const std::string& method, const std::string& path, const std::string& operation,
                        Operation handler) {
  auto route = std::make_unique<Route>();
  route->method = method;
  route->prefix = path.ends_with("/*");
  route->path = route->prefix ? path.substr(0, path.size() - 1) : path;
  route->operation = impl_->operation_entry(operation);
  route->handler = std::move(handler);
  impl_->routes.push_back(std::move(route));
}

void NodeRuntime::admin_route(const std::string& method, const std::string& path,
                              std::function<net::Task<net::Response>(net::Request)> handler) {
  auto route = std::make_unique<Route>();
  route->method = method;
  route->prefix = path.ends_with("/*");
  route->path = route->prefix ? path.substr(0, path.size() - 1) : path;
  route->admin = std::move(handler);
  impl_->routes.push_back(std::move(route));
}

// Compares all of the key, however early it differs.
void NodeRuntime::control_route(const std::string& method, const std::string& path,
                                std::function<net::Task<net::Response>(net::Request)> handler) {
  admin_route(method, path, [this, handler = std::move(handler)](net::Request request) -> net::Task<net::Response> {
    const std::string& key = impl_->config.control_key;
    const std::string* given = request.headers.find(kControlHeader);
    unsigned differs = key.empty() || given == nullptr || given->size() != key.size() ? 1 : 0;
    for (std::size_t i = 0; differs == 0 && i < key.size(); ++i) {
      differs |= static_cast<unsigned char>(key[i]) ^ static_cast<unsigned char>((*given)[i]);
    }
    if (differs == 0) co_return co_await handler(std::move(request));
    impl_->log_rarely({}, "control-refused", std::string(request.path()));
    co_return net::Response::json(401, R"({"error":"control-key"})");
  });
}

void NodeRuntime::background(std::function<net::Task<void>()> task) {
  impl_->background.push_back(std::move(task));
  if (impl_->running) impl_->group.spawn(impl_->background.back()());
}

net::Task<bool> NodeRuntime::perform(std::string operation, std::string tag_header, std::string traceparent,
                                     std::string caller, std::function<net::Task<void>(CallContext&)> work) {
  return impl_->perform(std::move(operation), std::move(tag_header), std::move(traceparent), std::move(caller),
                        std::move(work));
}

void NodeRuntime::admission(std::function<std::optional<net::Response>(const net::Request&, Instant now)> decide) {
  impl_->admission = std::move(decide);
}

void NodeRuntime::on_guard(std::function<void(const GuardConfig&)> apply) {
  apply(impl_->guard_settings);
  impl_->guard_listeners.push_back(std::move(apply));
}

WatermarkSample NodeRuntime::watermark() {
  return impl_->watermark();
}

void NodeRuntime::before_watermark(std::function<void()> update) {
  impl_->watermark_updates.push_back(std::move(update));
}

void NodeRuntime::advertise(const std::string& name, net::Endpoint endpoint) {
  if (impl_->running && impl_->discovery) {
    impl_->discovery->advertise(name, std::move(endpoint));
  } else {
    impl_->waiting_addresses[name] = std::move(endpoint);
  }
}

double* NodeRuntime::counter(const std::string& name) {
  return impl_->counters.extra(name);
}

void NodeRuntime::log(const std::string& level, const std::string& trace_id, const std::string& message,
                      std::vector<std::pair<std::string, std::string>> context) {
  impl_->log(level, trace_id, message, context);
}

const NodeConfig& NodeRuntime::config() const {
  return impl_->config;
}

net::asio::io_context& NodeRuntime::io() {
  return impl_->io;
}

const std::vector<net::Endpoint>& NodeRuntime::endpoints(const std::string& service) const {
  static const std::vector<net::Endpoint> kNone;
  return impl_->discovery ? impl_->discovery->endpoints(service) : kNone;
}

ExitCode NodeRuntime::run(int ready_fd) {
  ExitCode code = ExitCode::internal;
  net::asio::co_spawn(impl_->io, impl_->live(ready_fd), [&](const std::exception_ptr& error, ExitCode ended) {
    if (!error) {
      code = ended;
    } else {
      try {
        std::rethrow_exception(error);
      } catch (const std::exception& what) {
        impl_->log("error", "", "node failed", {{"what", what.what()}});
      }
    }
    impl_->io.stop();
  });
  impl_->io.run();
  return code;
}

}  // namespace tidemark::shop
