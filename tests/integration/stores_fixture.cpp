#include "tests/integration/stores_fixture.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <iterator>

#include "scenarios/shop/node_config.h"
#include "scenarios/shop/payload.h"

namespace tidemark::shop {

namespace {
constexpr std::chrono::seconds kPatience{30};  // a sanitized build on a busy machine is slow, not broken

std::uint16_t read_port(int descriptor) {
  std::string line;
  std::array<char, 64> bytes{};
  const Instant until = Clock::now() + kPatience;
  while (line.find('\n') == std::string::npos && Clock::now() < until) {
    pollfd waiting{descriptor, POLLIN, 0};
    if (poll(&waiting, 1, 100) <= 0) continue;
    const ssize_t size = read(descriptor, bytes.data(), bytes.size());
    if (size <= 0) break;
    line.append(bytes.data(), static_cast<std::size_t>(size));
  }
  return line.starts_with("ready ") ? static_cast<std::uint16_t>(std::stoi(line.substr(6))) : 0;
}
}  // namespace

std::string shadow_tag(const std::string& run) {
  return traffic::TagSigner(kTagKey).sign(run, "buy").header_value();
}

bool eventually(const std::function<bool()>& condition) {
  const Instant until = Clock::now() + kPatience;
  while (Clock::now() < until) {
    if (condition()) return true;
    poll(nullptr, 0, 10);
  }
  return condition();
}

Answer send(const net::Endpoint& endpoint, const std::string& method, const std::string& target, const std::string& tag,
            const std::string& body) {
  net::Request request;
  request.method = method;
  request.target = target;
  request.body = body;
  if (!tag.empty()) request.headers.set(traffic::kShadowHeader, tag);
  request.headers.set(traffic::kCallerHeader, "test-1");
  const auto result = net::call_blocking(endpoint, std::move(request), kPatience);
  if (result.status != net::CallResult::Status::ok) return {0, result.error};
  return {result.response.status, result.response.body};
}

void StoresTest::start(const std::string& service, const std::map<std::string, std::string>& options,
                       const std::string& strip_tag_towards) {
  NodeConfig config;
  config.service = service;
  config.workers = 32;
  config.options = options;
  config.tag_key = kTagKey;
  config.strip_tag_towards = strip_tag_towards;
  config.data_dir = data_dir(service);
  config.log_file = dir_.path() / (service + ".log");
  if (service != "registry") config.registry = endpoint("registry");
  std::filesystem::create_directories(config.data_dir);
  std::array<int, 2> ready{};
  ASSERT_EQ(pipe2(ready.data(), O_CLOEXEC), 0);
  const pid_t pid = fork();
  ASSERT_GE(pid, 0);
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    close(ready[0]);
    const ExitCode code = service == "probe" ? run_probe(config, ready[1]) : run_node(config, ready[1]);
    _exit(static_cast<int>(code));
  }
  close(ready[1]);
  const std::uint16_t port = read_port(ready[0]);
  close(ready[0]);
  children_[service] = {pid, port};
  ASSERT_NE(port, 0) << service << " did not start:\n" << log_of(service);
}

void StoresTest::start_stores() {
  for (const char* service : {"registry", "store", "cache", "events"}) {
    ASSERT_NO_FATAL_FAILURE(start(service));
  }
}

void StoresTest::stop(const std::string& service) {
  const Child child = children_.at(service);
  children_.erase(service);
  kill(child.pid, SIGTERM);
  int status = 0;
  ASSERT_EQ(waitpid(child.pid, &status, 0), child.pid);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << service << " ended with " << status << "\n"
                                                             << log_of(service);
}

void StoresTest::kill_node(const std::string& service) {
  const Child child = children_.at(service);
  children_.erase(service);
  kill(child.pid, SIGKILL);
  waitpid(child.pid, nullptr, 0);
}

void StoresTest::TearDown() {
  for (const char* last : {"probe", "events", "cache", "store", "registry"}) {
    if (children_.contains(last)) stop(last);
  }
}

void StoresTest::await_discovery(const std::string& node, const std::vector<std::string>& services) {
  std::string body = nlohmann::json(services).dump();
  EXPECT_TRUE(eventually([&] { return send(endpoint(node), "POST", "/knows", {}, body).body == "true"; }))
      << log_of(node);
}

net::Endpoint StoresTest::endpoint(const std::string& service) const {
  return {"127.0.0.1", children_.at(service).port};
}

std::string StoresTest::log_of(const std::string& service) const {
  std::ifstream in(dir_.path() / (service + ".log"));
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

net::Endpoint StoresTest::resp() const {
  return {"127.0.0.1", send(endpoint("cache"), "GET", "/resp-port").json().at("port").get<std::uint16_t>()};
}

double StoresTest::extra(const std::string& service, const std::string& counter) const {
  return send(endpoint(service), "GET", "/watermark").json().at("extra").value(counter, -1.0);
}

StackInfo StoresTest::stack() const {
  StackInfo info;
  info.tag_key = kTagKey;
  for (const auto& [service, child] : children_) {
    info.nodes.push_back({service + "-1", service, {"127.0.0.1", child.port}, child.pid});
  }
  return info;
}

}  // namespace tidemark::shop
