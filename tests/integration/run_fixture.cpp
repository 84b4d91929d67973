#include "run_fixture.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <csignal>
#include <cstdlib>

#include "engine/record/run_reader.h"

namespace tidemark::test {
namespace {

// A whole request at the front of `pending`, taken off it.
bool take_request(std::string& pending, ServedRequest& request) {
  const std::size_t head = pending.find("\r\n\r\n");
  if (head == std::string::npos) return false;
  request.headers.clear();
  std::size_t line = pending.find("\r\n");
  const std::string first = pending.substr(0, line);
  request.method = first.substr(0, first.find(' '));
  request.target = first.substr(first.find(' ') + 1, first.rfind(' ') - first.find(' ') - 1);
  while (line < head) {
    const std::size_t next = pending.find("\r\n", line + 2);
    const std::string field = pending.substr(line + 2, next - line - 2);
    std::string name = field.substr(0, field.find(':'));
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    request.headers[name] = field.substr(field.find(": ") + 2);
    line = next;
  }
  const auto length = request.headers.find("content-length");
  const std::size_t body = length == request.headers.end() ? 0 : std::stoul(length->second);
  if (pending.size() < head + 4 + body) return false;
  request.body = pending.substr(head + 4, body);
  pending.erase(0, head + 4 + body);
  return true;
}

}  // namespace

Reply Reply::ok(const std::string& body) {
  return {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body};
}

Reply Reply::status(int status) {
  return {.bytes = "HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Length: 0\r\n\r\n"};
}

ScriptedServer::ScriptedServer(std::function<Reply(const ServedRequest&)> handler) : handler_(std::move(handler)) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener_, 1024) != 0) std::abort();
  getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  wake_ = eventfd(0, EFD_CLOEXEC);
  thread_ = std::thread([this] { serve(); });
}

ScriptedServer::~ScriptedServer() {
  eventfd_write(wake_, 1);
  thread_.join();
  for (const auto& [fd, peer] : peers_) close(fd);
  close(listener_);
  close(wake_);
}

void ScriptedServer::serve() {
  while (true) {
    std::vector<pollfd> watched = {{wake_, POLLIN, 0}, {listener_, POLLIN, 0}};
    for (const auto& [fd, peer] : peers_) watched.push_back({fd, POLLIN, 0});
    if (poll(watched.data(), watched.size(), -1) < 0) continue;
    if (watched[0].revents != 0) return;
    if (watched[1].revents != 0) {
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd >= 0) peers_[fd];
      ++accepted_;
    }
    for (std::size_t i = 2; i < watched.size(); ++i) {
      if (watched[i].revents != 0 && !read_from(watched[i].fd)) {
        peers_.erase(watched[i].fd);
        close(watched[i].fd);
      }
    }
  }
}

bool ScriptedServer::read_from(int fd) {
  Peer& peer = peers_[fd];
  std::array<char, 16384> bytes;
  const ssize_t count = recv(fd, bytes.data(), bytes.size(), 0);
  if (count <= 0) return false;
  peer.pending.append(bytes.data(), static_cast<std::size_t>(count));
  ServedRequest request;
  while (take_request(peer.pending, request)) {
    request.number = peer.requests++;
    const Reply reply = handler_(request);
    ++served_;
    if (!reply.bytes.empty()) send(fd, reply.bytes.data(), reply.bytes.size(), MSG_NOSIGNAL);
    if (reply.close) return false;
  }
  return true;
}

StubProcess::StubProcess() {
  int out[2];
  if (pipe2(out, O_CLOEXEC) != 0) std::abort();
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  std::string program = TIDEMARK_STUB_SERVER;
  char* arguments[] = {program.data(), nullptr};
  if (posix_spawn(&pid_, program.c_str(), &actions, nullptr, arguments, environ) != 0) std::abort();
  posix_spawn_file_actions_destroy(&actions);
  close(out[1]);
  std::string line;
  for (char c = 0; read(out[0], &c, 1) == 1 && c != '\n';) line.push_back(c);
  close(out[0]);
  port_ = static_cast<std::uint16_t>(std::atoi(line.c_str()));
}

StubProcess::~StubProcess() {
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

void StubProcess::signal(int number) const {
  kill(pid_, number);
}

RunTest::RunTest() {
  std::string pattern = (std::filesystem::temp_directory_path() / "tidemark-run-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) std::abort();
  folder_ = pattern;
}

RunTest::~RunTest() {
  std::filesystem::remove_all(folder_);
}

void RunTest::TearDown() {
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    if (!std::filesystem::exists(entry.path() / "summary.json")) continue;
    const auto record = record::read_run(entry.path());
    ASSERT_TRUE(record) << record.error().message();
    SCOPED_TRACE(entry.path().string());
    if (!record->partial && record->damage.empty() && record->stored_summary)
      expect_sound(*record->stored_summary, entry.path());
  }
}

drive::RunOptions RunTest::even(const std::string& url, double rate, Nanos duration) {
  drive::RunOptions options;
  options.scenario = schedule::single_url_scenario(url);
  options.scenario.load.arrivals = schedule::Load::Arrivals::even;
  options.scenario.load.stages = {{Rate::per_second(rate), Rate::per_second(rate), duration}};
  options.out_dir = folder_ / ("run-" + std::to_string(++runs_));
  return options;
}

drive::RunOptions RunTest::closed(const std::string& url, std::uint32_t users, Nanos duration) {
  drive::RunOptions options = even(url, 1, duration);
  options.scenario.load = {};
  options.scenario.load.model = schedule::Load::Model::closed;
  options.scenario.load.connections = users;
  options.scenario.load.duration = duration;
  return options;
}

void expect_sound(const Summary& summary, const std::filesystem::path& dir) {
  EXPECT_TRUE(summary.requests.balances());
  EXPECT_TRUE(summary.flows.balances());
  const std::uint64_t ended = summary.requests.ok + summary.requests.failed + summary.requests.timed_out;
  EXPECT_EQ(summary.clocks.response_us.count, ended);
  EXPECT_EQ(summary.clocks.service_us.count, ended);
  EXPECT_EQ(summary.clocks.lag_us.count, ended);

  const auto record = record::read_run(dir);
  ASSERT_TRUE(record) << record.error().message();
  EXPECT_FALSE(record->partial);
  EXPECT_TRUE(record->damage.empty());
  RequestBook seconds, steps;
  FlowBook flows;
  for (const auto& point : record->series) {
    RequestBook& book = point.step.empty() ? seconds : steps;
    book.started += point.requests.started;
    book.ok += point.requests.ok;
    book.failed += point.requests.failed;
    book.timed_out += point.requests.timed_out;
    if (point.step.empty()) flows.planned += point.flows.planned;
  }
  for (const RequestBook& book : {seconds, steps}) {
    EXPECT_EQ(book.started, summary.requests.started);
    EXPECT_EQ(book.ok, summary.requests.ok);
    EXPECT_EQ(book.failed, summary.requests.failed);
    EXPECT_EQ(book.timed_out, summary.requests.timed_out);
  }
  EXPECT_EQ(flows.planned, summary.flows.planned);
  std::uint64_t in_seconds = 0, in_windows = 0;
  for (const auto& second : record->seconds) in_seconds += second.response.total();
  for (const auto& window : record->windows) in_windows += window.response.total();
  EXPECT_EQ(in_seconds, ended);
  EXPECT_EQ(in_windows, ended);
}

}  // namespace tidemark::test
