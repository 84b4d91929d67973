#include "tests/integration/stack_fixture.h"

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>

#include "engine/core/units.h"

namespace tidemark::test {

using namespace std::chrono_literals;

bool eventually(std::chrono::milliseconds patience, const std::function<bool()>& condition) {
  const Instant deadline = Clock::now() + patience;
  while (!condition()) {
    if (Clock::now() >= deadline) return false;
    poll(nullptr, 0, 10);
  }
  return true;
}

std::filesystem::path fresh_dir(const std::string& name) {
  static std::atomic<int> number{0};
  const auto dir = std::filesystem::temp_directory_path() /
                   ("tidemark_" + name + "_" + std::to_string(getpid()) + "_" + std::to_string(++number));
  std::filesystem::remove_all(dir);
  std::filesystem::create_directories(dir);
  return dir;
}

bool process_exists(int pid) {
  return kill(pid, 0) == 0;
}

bool port_is_free(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool refused = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0;
  close(fd);
  return refused;
}

RunningStack::RunningStack(shop::Topology topology, std::filesystem::path limits) : dir(fresh_dir("stack")) {
  auto started = shop::Supervisor::start(
      {.topology = std::move(topology), .dir = dir, .limits_file = std::move(limits), .binary = TIDEMARK_BINARY});
  if (started) {
    supervisor = std::move(*started);
  } else {
    error_ = started.error().message();
  }
}

RunningStack::~RunningStack() {
  supervisor.reset();
  std::error_code ignored;
  std::filesystem::remove_all(dir, ignored);
}

net::Endpoint RunningStack::endpoint(const std::string& node) const {
  for (const auto& target : info().nodes) {
    if (target.node == node) return target.endpoint;
  }
  return {};
}

int RunningStack::pid(const std::string& node) const {
  for (const auto& target : info().nodes) {
    if (target.node == node) return target.pid;
  }
  return 0;
}

std::string RunningStack::tag(const std::string& flow) const {
  return traffic::TagSigner(info().tag_key).sign("0123456789abcdef", flow).header_value();
}

net::CallResult RunningStack::call(const std::string& node, const std::string& method, const std::string& target,
                                   const std::string& body, const std::string& tag,
                                   const std::vector<std::pair<std::string, std::string>>& headers) const {
  net::Request request;
  request.method = method;
  request.target = target;
  request.body = body;
  if (!tag.empty()) request.headers.set(traffic::kShadowHeader, tag);
  for (const auto& [name, value] : headers) request.headers.set(name, value);
  return net::call_blocking(endpoint(node), request, 10s);
}

nlohmann::json RunningStack::get_json(const std::string& node, const std::string& target) const {
  return nlohmann::json::parse(call(node, "GET", target).response.body, nullptr, false);
}

double RunningStack::extra(const std::string& node, const std::string& name) const {
  const auto watermark = get_json(node, "/watermark");
  if (!watermark.is_object() || !watermark.contains("extra")) return 0;
  return watermark["extra"].value(name, 0.0);
}

}  // namespace tidemark::test
