// The same seed and plan: the same requests, whatever the servers and the moment; the same record: the same page. And a
// run that is steered from another process.
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "engine/net/http_server.h"
#include "tests/e2e/command.h"
#include "tests/e2e/local_server.h"

namespace tidemark::test {
namespace {

// Keeps every request by the flow it belongs to, in the order within the flow.
class RecordingServer {
 public:
  RecordingServer() : server_(io_, {}, [this](net::Request request) { return answer(std::move(request)); }) {
    const auto port = server_.listen("127.0.0.1", 0);
    port_ = port ? *port : 0;
    thread_ = std::thread([this] { io_.run(); });
  }
  ~RecordingServer() {
    io_.stop();
    thread_.join();
  }
  RecordingServer(const RecordingServer&) = delete;
  RecordingServer& operator=(const RecordingServer&) = delete;
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

  // What came since the last call: flow number to its requests, joined.
  std::map<std::uint64_t, std::string> taken() {
    const std::lock_guard lock(mutex_);
    return std::exchange(seen_, {});
  }

 private:
  net::Task<net::Response> answer(net::Request request) {
    {
      const std::lock_guard lock(mutex_);
      const std::string target(request.target);
      const std::size_t id = target.find("flow=");
      if (id != std::string::npos)
        seen_[std::stoull(target.substr(id + 5))] += request.method + " " + target + " " + request.body + "\n";
    }
    co_return net::Response::text(200, "ok");
  }

  net::asio::io_context io_{1};
  std::mutex mutex_;
  std::map<std::uint64_t, std::string> seen_;
  net::HttpServer server_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

std::uint64_t hash_of(const std::map<std::uint64_t, std::string>& requests) {
  std::uint64_t hash = 0xcbf29ce484222325U;  // FNV-1a
  for (const auto& [flow, text] : requests) {
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  }
  return hash;
}

class Repeat : public testing::Test {
 protected:
  std::string scenario(const std::string& load) {
    const std::string file = folder_ / "scenario.yaml";
    std::ofstream(file) << load << R"(
variables: {item: {random: [1, 1000000]}, colour: {choice: [red, green, blue]}, n: {sequence: 10}}
flows:
  - name: look
    weight: 3
    steps: [{get: "/look?flow=${flow_id}&item=${item}"}, {name: more, get: "/more?flow=${flow_id}&colour=${colour}"}]
  - name: buy
    steps: [{post: "/buy?flow=${flow_id}", body: '{"item":${item},"n":${n}}'}]
)";
    return file;
  }
  std::map<std::uint64_t, std::string> requests(const std::string& file, const std::string& seed,
                                                std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"run",    file, "--target", server_.url(),
                                          "--seed", seed, "--out",    folder_ / ("run" + std::to_string(++runs_)),
                                          "--json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const auto result = run_tidemark(arguments);
    EXPECT_TRUE(result.exit_code == 0 || result.exit_code == 6) << result.errors;
    return server_.taken();
  }

  TemporaryFolder folder_;
  RecordingServer server_;
  int runs_ = 0;
};

TEST_F(Repeat, TheSameSeedAndPlanSendTheSameRequests) {
  const std::string file = scenario("load: {stages: [{from: 50, to: 400, duration: 2s}]}");
  const auto first = requests(file, "5");
  EXPECT_GT(first.size(), 350U);
  EXPECT_EQ(hash_of(first), hash_of(requests(file, "5")));
  EXPECT_NE(hash_of(first), hash_of(requests(file, "6")));
}

TEST_F(Repeat, AgentsTogetherSendWhatOneWould) {
  const std::string file = scenario("load: {rate: 200, duration: 1s}");
  const auto whole = requests(file, "5");
  std::map<std::uint64_t, std::string> shared;
  for (const std::string part : {"0/3", "1/3", "2/3"}) shared.merge(requests(file, "5", {"--partition", part}));
  EXPECT_EQ(shared, whole);
  EXPECT_EQ(run_tidemark({"run", file, "--target", server_.url(), "--partition", "3/3"}).exit_code, 2);
}

TEST_F(Repeat, UsersDoTheSameHoweverFastTheyAreAnswered) {
  const std::string file = scenario("load: {model: closed, users: 4, duration: 1s, pacing: 100ms}");
  const auto first = requests(file, "5"), again = requests(file, "5", {"--connections", "1"});
  EXPECT_GT(first.size(), 25U);
  std::size_t common = 0;
  for (const auto& [flow, text] : first) {
    const auto other = again.find(flow);
    if (other == again.end()) continue;
    EXPECT_EQ(text, other->second) << flow;
    ++common;
  }
  EXPECT_GT(common, 20U);
}

TEST_F(Repeat, TheSameRecordMakesTheSamePage) {
  requests(scenario("load: {rate: 100, duration: 1s}"), "5");
  const std::string run = folder_ / "run1";
  for (const std::string page : {"a.html", "b.html"})
    EXPECT_EQ(run_tidemark({"report", run, "--out", folder_ / page}).exit_code, 0);
  const std::string page = read_text(folder_ / "a.html");
  EXPECT_GT(page.size(), 10'000U);
  EXPECT_EQ(page, read_text(folder_ / "b.html"));
}

TEST_F(Repeat, ARunIsSteeredFromAnotherProcess) {
  const std::string run = folder_ / "steered";
  BackgroundCommand command({TIDEMARK_BINARY, "run", "--target", server_.url(), "--rate", "100", "--arrivals", "even",
                             "--duration", "40s", "--out", run, "--json"});
  const auto ctl = [&](const std::string& word, const std::string& value = "") {
    std::vector<std::string> arguments = {"ctl", run, word, "--json"};
    if (!value.empty()) arguments.push_back(value);
    const auto result = run_tidemark(arguments);
    EXPECT_EQ(result.exit_code, 0) << word << ": " << result.errors;
    return result.output.empty() ? nlohmann::json::object() : nlohmann::json::parse(result.output);
  };
  while (!std::filesystem::exists(run + "/control.sock")) ASSERT_EQ(kill(command.pid(), 0), 0);
  EXPECT_EQ(ctl("pause")["state"], "paused");
  EXPECT_EQ(ctl("status")["state"], "paused");
  EXPECT_EQ(ctl("resume")["state"], "running");
  EXPECT_EQ(ctl("rate", "10x")["rate"], 1000);
  EXPECT_EQ(ctl("rate", "2000")["factor"], 20);
  EXPECT_EQ(run_tidemark({"ctl", run, "rate", "fast"}).exit_code, 2);
  EXPECT_EQ(run_tidemark({"ctl", run, "rate", "0x"}).exit_code, 2);
  EXPECT_EQ(ctl("stop")["state"], "draining");
  const auto result = command.wait(30);
  const auto summary = nlohmann::json::parse(read_text(run + "/summary.json"));
  EXPECT_EQ(summary["stop_reason"], "stopped by tidemark ctl");
  const auto& flows = summary["flows"];
  EXPECT_EQ(flows["planned"], flows["completed"]);
  std::vector<std::string> steps;
  std::istringstream events(read_text(run + "/events.ndjson"));
  for (std::string line; std::getline(events, line);) {
    const auto event = nlohmann::json::parse(line);
    if (event["kind"] == "control") steps.push_back(event["fields"]["what"]);
  }
  EXPECT_EQ(steps, (std::vector<std::string>{"pause", "resume", "rate", "rate", "stop"}));
  const auto over = run_tidemark({"ctl", run, "status"});
  EXPECT_EQ(over.exit_code, 4) << over.errors;
}

}  // namespace
}  // namespace tidemark::test
