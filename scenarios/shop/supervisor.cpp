#include "scenarios/shop/supervisor.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <future>
#include <iterator>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

#include "engine/net/http_client.h"
#include "scenarios/shop/cache_protocol.h"
#include "scenarios/shop/child_process.h"
#include "scenarios/shop/node_config.h"
#include "scenarios/shop/stack_state.h"

namespace tidemark::shop {
namespace {

using namespace std::chrono_literals;
constexpr auto kReadyWithin = 30s;
constexpr auto kNeighboursWithin = 15s;
constexpr auto kGrace = 3s;
constexpr std::size_t kQuotedLog = 600;  // bytes

// The waves in which a stack starts; it stops in the reverse order.
const std::vector<std::vector<std::string>>& waves() {
  static const std::vector<std::vector<std::string>> kWaves{
      {"registry"},
      {"store", "cache", "events"},
      {"user", "product", "payment", "inventory", "order", "notification", "gateway", "gate"}};
  return kWaves;
}

std::string random_key() {
  std::array<unsigned char, 32> bytes{};
  for (std::size_t filled = 0; filled < bytes.size();) {
    const ssize_t got = getrandom(bytes.data() + filled, bytes.size() - filled, 0);
    if (got > 0) filled += static_cast<std::size_t>(got);
  }
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (const unsigned char byte : bytes) {
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 15];
  }
  return hex;
}

std::string end_of(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  if (text.size() > kQuotedLog) text = "..." + text.substr(text.size() - kQuotedLog);
  return text;
}

int milliseconds_left(Instant deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
  return static_cast<int>(std::max<std::int64_t>(left, 0));
}

}  // namespace

// The nodes live in a thread of their own, since the kernel ties a child's parent-death signal to the thread that
// started it.
struct Supervisor::Impl {
  explicit Impl(Options chosen) : options(std::move(chosen)), wake(eventfd(0, EFD_CLOEXEC)) {}

  void live(std::promise<Result<StackInfo>> started);
  Result<StackInfo> start_all();
  Result<void> prepare_dir();
  Result<void> start_wave(const std::vector<std::string>& services);
  Result<void> wait_ready(std::size_t first);
  Result<void> wait_neighbours();
  bool sees_everyone(const ChildProcess& child) const;
  NodeConfig config_of(const std::string& service, std::uint32_t index) const;
  std::uint32_t nodes_of(const std::string& service) const;
  tl::unexpected<Error> failed(const ChildProcess& child, const std::string& what) const;
  void watch();
  void stop_all();
  void note_death(ChildProcess& child);

  const Options options;
  const Descriptor wake;  // written once: stop
  // The thread's own.
  std::string tag_key, control_key;
  net::Endpoint registry{"127.0.0.1", 0};
  std::vector<ChildProcess> children;
  // Shared.
  std::mutex mutex;
  std::vector<std::string> deaths;
  // The owner's.
  StackInfo info;
  std::thread thread;
};

std::uint32_t Supervisor::Impl::nodes_of(const std::string& service) const {
  if (service == "gate") return static_cast<std::uint32_t>(options.topology.gates.size());
  return options.topology.services.at(service).nodes;
}

NodeConfig Supervisor::Impl::config_of(const std::string& service, std::uint32_t index) const {
  const Topology& topology = options.topology;
  NodeConfig config;
  config.service = service;
  config.index = index;
  if (service == "gate") {
    const GateTopology& gate = topology.gates.at(index - 1);
    config.options = {{"from", gate.from}, {"to", gate.to}};
  } else {
    const ServiceTopology& sizes = topology.services.at(service);
    config.workers = sizes.workers;
    config.queue_limit = sizes.queue_limit;
    config.operations = sizes.operations;
    config.guard = guard_of(topology, service);
  }
  if (service == "order" && guard_of(topology, "gateway").contains("buffer")) config.options["orders_by"] = "event";
  if (service == "order" || service == "inventory") config.options["inventory_by"] = topology.inventory_by;
  if (service == "gateway" && !options.limits_file.empty()) {
    config.options["limits"] = std::filesystem::absolute(options.limits_file).string();
  }
  config.tag_key = tag_key;
  config.control_key = control_key;
  config.seed = topology.seed;
  config.registry = registry;
  config.data_dir = std::filesystem::absolute(options.dir) / "data" / config.name();
  config.log_file = std::filesystem::absolute(options.dir) / "logs" / (config.name() + ".log");
  config.strip_tag_towards = topology.strip_tag_towards;
  config.span_sample = topology.span_sample;
  config.cpu = topology.cpu;
  return config;
}

tl::unexpected<Error> Supervisor::Impl::failed(const ChildProcess& child, const std::string& what) const {
  std::string quoted;
  for (const char* ending : {".log", ".out"}) quoted += end_of(options.dir / "logs" / (child.name() + ending));
  return fail(ExitCode::environment, child.name(), what + (quoted.empty() ? "" : "; its log ends: " + quoted));
}

Result<void> Supervisor::Impl::prepare_dir() {
  if (const auto running = read_stack_info(options.dir); running && stack_runs(*running)) {
    return fail(ExitCode::environment, options.dir.string(),
                "a stack runs there already, supervisor " + std::to_string(running->supervisor_pid),
                "tidemark stack down --dir " + options.dir.string());
  }
  std::error_code error;
  for (const char* old : {"stack.json", "data", "logs"}) {
    if (!error) std::filesystem::remove_all(options.dir / old, error);
  }
  for (const char* fresh : {"data", "logs"}) {
    if (!error) std::filesystem::create_directories(options.dir / fresh, error);
  }
  if (error) return fail(ExitCode::environment, options.dir.string(), error.message());
  return {};
}

Result<void> Supervisor::Impl::start_wave(const std::vector<std::string>& services) {
  const std::filesystem::path binary =
      options.binary.empty() ? std::filesystem::read_symlink("/proc/self/exe") : options.binary;
  const std::size_t first = children.size();
  for (const auto& service : services) {
    for (std::uint32_t index = 1; index <= nodes_of(service); ++index) {
      const NodeConfig config = config_of(service, index);
      std::error_code error;
      std::filesystem::create_directories(config.data_dir, error);
      if (error) return fail(ExitCode::environment, config.data_dir.string(), error.message());
      auto child = ChildProcess::start(binary, config, options.dir / "logs" / (config.name() + ".out"));
      if (!child) return tl::make_unexpected(child.error());
      children.push_back(std::move(*child));
    }
  }
  return wait_ready(first);
}

Result<void> Supervisor::Impl::wait_ready(std::size_t first) {
  const Instant deadline = Clock::now() + kReadyWithin;
  while (true) {
    std::vector<pollfd> polled;
    std::vector<ChildProcess*> waiting;
    for (std::size_t i = first; i < children.size(); ++i) {
      if (children[i].port() != 0) continue;
      waiting.push_back(&children[i]);
      polled.push_back({children[i].ready_descriptor(), POLLIN, 0});
    }
    if (waiting.empty()) return {};
    if (Clock::now() >= deadline) return failed(*waiting.front(), "was not ready in time");
    poll(polled.data(), polled.size(), milliseconds_left(deadline));
    for (std::size_t i = 0; i < waiting.size(); ++i) {
      if (polled[i].revents == 0 || waiting[i]->read_ready()) continue;
      pollfd ended{waiting[i]->pid_descriptor(), POLLIN, 0};
      poll(&ended, 1, 1000);  // the pipe closes a moment before the process ends
      const auto ending = waiting[i]->reap();
      return failed(*waiting[i], ending ? *ending + " before it was ready" : "closed its pipe before it was ready");
    }
  }
}

bool Supervisor::Impl::sees_everyone(const ChildProcess& child) const {
  if (child.service() == "registry") return true;
  net::Request request;
  request.target = "/healthz";
  const auto answer = net::call_blocking({"127.0.0.1", child.port()}, request, 2s);
  if (answer.status != net::CallResult::Status::ok || answer.response.status != 200) return false;
  const auto health = nlohmann::json::parse(answer.response.body, nullptr, false);
  if (!health.is_object() || !health.contains("sees") || !health["sees"].is_object()) return false;
  for (const auto& [service, sizes] : options.topology.services) {
    if (service != "registry" && health["sees"].value(service, std::uint32_t{0}) != sizes.nodes) return false;
  }
  for (const auto& gate : options.topology.gates) {
    const std::string called = gate.to == "cache" ? kCacheRespService : gate.to;
    if (gate.from == child.service() && !health["sees"].contains(called + "@" + gate.from)) return false;
  }
  return true;
}

Result<void> Supervisor::Impl::wait_neighbours() {
  const Instant deadline = Clock::now() + kNeighboursWithin;
  for (ChildProcess& child : children) {
    while (!sees_everyone(child)) {
      if (const auto ending = child.reap()) return failed(child, *ending);
      if (Clock::now() >= deadline) return failed(child, "did not find its neighbours in time");
      pollfd ended{child.pid_descriptor(), POLLIN, 0};
      poll(&ended, 1, 20);
    }
  }
  return {};
}

Result<StackInfo> Supervisor::Impl::start_all() {
  if (const auto prepared = prepare_dir(); !prepared) return tl::make_unexpected(prepared.error());
  tag_key = random_key();
  control_key = random_key();
  for (const auto& wave : waves()) {
    if (const auto ready = start_wave(wave); !ready) return tl::make_unexpected(ready.error());
    registry.port = children.front().port();
  }
  if (const auto found = wait_neighbours(); !found) return tl::make_unexpected(found.error());
  StackInfo fresh;
  fresh.supervisor_pid = getpid();
  fresh.tag_key = tag_key;
  fresh.control_key = control_key;
  fresh.topology_yaml = to_yaml(options.topology);
  for (const ChildProcess& child : children) {
    const net::Endpoint endpoint{"127.0.0.1", child.port()};
    if (child.name() == "gateway-1") fresh.edge_url = "http://" + endpoint.authority();
    fresh.nodes.push_back({child.name(), child.service(), endpoint, child.pid()});
  }
  if (const auto written = write_stack_info(options.dir, fresh); !written) return tl::make_unexpected(written.error());
  return fresh;
}

void Supervisor::Impl::note_death(ChildProcess& child) {
  if (!child.running()) return;
  const auto ending = child.reap();
  if (!ending) return;
  const std::lock_guard lock(mutex);
  deaths.push_back(child.name() + ": " + *ending);
}

void Supervisor::Impl::watch() {
  while (true) {
    std::vector<pollfd> polled{{wake.get(), POLLIN, 0}};
    for (const ChildProcess& child : children) {
      if (child.running()) polled.push_back({child.pid_descriptor(), POLLIN, 0});
    }
    poll(polled.data(), polled.size(), -1);
    if (polled.front().revents != 0) return;
    for (ChildProcess& child : children) note_death(child);
  }
}

void Supervisor::Impl::stop_all() {
  const Instant deadline = Clock::now() + kGrace;
  for (auto wave = waves().rbegin(); wave != waves().rend(); ++wave) {
    std::vector<ChildProcess*> ending;
    for (ChildProcess& child : children) {
      if (std::find(wave->begin(), wave->end(), child.service()) == wave->end()) continue;
      child.signal(SIGTERM);
      ending.push_back(&child);
    }
    for (ChildProcess* child : ending) {
      pollfd ended{child->pid_descriptor(), POLLIN, 0};
      while (child->running() && Clock::now() < deadline) {
        poll(&ended, 1, milliseconds_left(deadline));
        child->reap();
      }
    }
  }
  children.clear();  // kills and reaps whoever is left
}

void Supervisor::Impl::live(std::promise<Result<StackInfo>> started) {
  sigset_t all;  // signals are the owner's business, and a child that is gone must not end us by SIGPIPE
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  auto result = start_all();
  const bool running = result.has_value();
  if (running) {
    started.set_value(std::move(result));
    watch();
  }
  stop_all();
  if (!running) started.set_value(std::move(result));
}

Result<std::unique_ptr<Supervisor>> Supervisor::start(Options options) {
  for (const auto& name : service_names())
    options.topology.services.try_emplace(name, default_topology().services.at(name));
  std::unique_ptr<Supervisor> supervisor(new Supervisor());
  supervisor->impl_ = std::make_unique<Impl>(std::move(options));
  std::promise<Result<StackInfo>> promise;
  auto started = promise.get_future();
  Impl* impl = supervisor->impl_.get();
  impl->thread = std::thread([impl, promise = std::move(promise)]() mutable { impl->live(std::move(promise)); });
  auto info = started.get();
  if (!info) return tl::make_unexpected(info.error());
  impl->info = std::move(*info);
  return supervisor;
}

Supervisor::~Supervisor() {
  stop();
}

const StackInfo& Supervisor::info() const {
  return impl_->info;
}

void Supervisor::stop() {
  if (!impl_ || !impl_->thread.joinable()) return;
  const std::uint64_t one = 1;
  while (write(impl_->wake.get(), &one, sizeof one) < 0 && errno == EINTR) continue;
  impl_->thread.join();
  std::error_code ignored;
  if (!impl_->info.nodes.empty()) std::filesystem::remove(impl_->options.dir / "stack.json", ignored);
}

std::vector<std::string> Supervisor::deaths() {
  const std::lock_guard lock(impl_->mutex);
  return impl_->deaths;
}

}  // namespace tidemark::shop
