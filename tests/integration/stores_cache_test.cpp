// The cache node: our client, redis-cli and raw bytes against it; and our client against a real Redis.
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>

#include "scenarios/shop/cache_client.h"
#include "scenarios/shop/cache_protocol.h"
#include "scenarios/shop/resp_codec.h"
#include "tests/integration/stores_fixture.h"

namespace tidemark::shop {
namespace {

using nlohmann::json;
using Status = CacheResult::Status;

class CacheTest : public StoresTest {
 protected:
  json ask(const std::string& path, const std::string& tag, const json& body) {
    const Answer answer = send(endpoint("probe"), "POST", path, tag, body.dump());
    EXPECT_EQ(answer.status, 200) << answer.body;
    return answer.json();
  }
  static Status status(const json& reply) { return static_cast<Status>(reply.at("status").get<int>()); }
  void both_worlds_are_apart() {
    const json entry{{"key", "product:1"}, {"fields", {{"n", 1}}}};
    EXPECT_EQ(status(ask("/cache-get", kLiveTag, entry)), Status::miss);
    EXPECT_EQ(status(ask("/cache-set", kLiveTag, entry)), Status::done);
    EXPECT_EQ(status(ask("/cache-get", shadow_tag(), entry)), Status::miss);
    EXPECT_EQ(status(ask("/cache-set", shadow_tag(), entry)), Status::done);
    EXPECT_EQ(json::parse(ask("/cache-get", kLiveTag, entry)["value"].get<std::string>()),
              (json{{"n", 1}, {"_run", ""}}));
    EXPECT_EQ(json::parse(ask("/cache-get", shadow_tag(), entry)["value"].get<std::string>()),
              (json{{"n", 1}, {"_run", kRun}}));
    EXPECT_EQ(status(ask("/cache-del", shadow_tag(), entry)), Status::done);
    EXPECT_EQ(status(ask("/cache-get", shadow_tag(), entry)), Status::miss);
    EXPECT_EQ(status(ask("/cache-get", kLiveTag, entry)), Status::hit);
  }
  void entries_expire() {
    const json entry{{"key", "short"}, {"fields", {{"n", 1}}}, {"ttl_ms", 50}};
    EXPECT_EQ(status(ask("/cache-set", kLiveTag, entry)), Status::done);
    EXPECT_TRUE(eventually([&] { return status(ask("/cache-get", kLiveTag, entry)) == Status::miss; }));
  }
};

class CacheNodeTest : public CacheTest {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(start("registry"));
    ASSERT_NO_FATAL_FAILURE(start("cache"));
  }
  void start_probe(const std::string& strip = {}) {
    ASSERT_NO_FATAL_FAILURE(start("probe", {}, strip));
    await_discovery("probe", {kCacheRespService});
  }
  // Sends raw bytes and reads until the peer closes, or until `replies` bytes have come.
  std::string raw(const std::string& bytes, std::size_t replies = std::string::npos) {
    const int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(resp().port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(connection, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    const timeval patience{20, 0};
    setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    EXPECT_EQ(::send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
    std::string got;
    std::array<char, 4096> buffer{};
    while (got.size() < replies) {
      const ssize_t size = recv(connection, buffer.data(), buffer.size(), 0);
      if (size <= 0) break;
      got.append(buffer.data(), static_cast<std::size_t>(size));
    }
    close(connection);
    return got;
  }
  static std::string command(const std::vector<std::string>& args) {
    std::string out = resp_array_header(args.size());
    for (const std::string& arg : args) out += resp_bulk(arg);
    return out;
  }
  static std::string tag(const std::string& value = kLiveTag) { return command({"TAG", value, "", "test-1"}); }
  std::string redis_cli(const std::string& arguments, const std::string& input) {
    const std::string line =
        "printf '" + input + "' | redis-cli -p " + std::to_string(resp().port) + " " + arguments + " 2>&1";
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(line.c_str(), "r"), pclose);
    std::string out;
    std::array<char, 1024> bytes{};
    while (const std::size_t size = fread(bytes.data(), 1, bytes.size(), pipe.get())) out.append(bytes.data(), size);
    return out;
  }
};

TEST_F(CacheNodeTest, TheClientKeepsTheTwoWorldsApart) {
  start_probe();
  both_worlds_are_apart();
  entries_expire();
  EXPECT_GT(extra("cache", "cache_hits"), 0);
  EXPECT_GT(extra("cache", "cache_misses"), 0);
}

TEST_F(CacheNodeTest, TheClientFindsARestartedCache) {
  start_probe();
  const json entry{{"key", "k"}, {"fields", {{"n", 1}}}};
  ASSERT_EQ(status(ask("/cache-set", kLiveTag, entry)), Status::done);
  kill_node("cache");
  EXPECT_EQ(status(ask("/cache-get", kLiveTag, entry)), Status::failed);
  ASSERT_NO_FATAL_FAILURE(start("cache"));
  EXPECT_TRUE(eventually([&] { return status(ask("/cache-set", kLiveTag, entry)) == Status::done; }));
  EXPECT_EQ(status(ask("/cache-get", kLiveTag, entry)), Status::hit);
}

TEST_F(CacheNodeTest, ATagStrippedOnTheWayIsRefusedAndNamed) {
  start_probe("cache");
  const json refused = ask("/cache-get", shadow_tag(), {{"key", "k"}});
  EXPECT_EQ(status(refused), Status::refused);
  EXPECT_NE(refused["error"].get<std::string>().find("TAGUNDECIDED"), std::string::npos) << refused;
  EXPECT_TRUE(eventually([&] { return log_of("cache").find("probe-1") != std::string::npos; }))
      << "the caller is named";
}

TEST_F(CacheNodeTest, ATagHoldsForOneCommandOnly) {
  const std::string expected = "+OK\r\n+OK\r\n-TAGUNDECIDED";
  EXPECT_EQ(raw(tag() + command({"SET", "live:a", "1"}) + command({"GET", "live:a"}) + command({"QUIT"}))
                .substr(0, expected.size()),
            expected);
}

TEST_F(CacheNodeTest, ATagIsHeldToItsOwnWorldAndMustBeGenuine) {
  EXPECT_NE(raw(tag() + command({"GET", "shadow:a"}) + command({"QUIT"})).find("-TAGWORLD"), std::string::npos);
  EXPECT_NE(raw(tag(shadow_tag()) + command({"SET", "live:a", "1"}) + command({"QUIT"})).find("-TAGWORLD"),
            std::string::npos);
  EXPECT_NE(raw(tag(shadow_tag()) + command({"DEL", "shadow:a", "live:a"}) + command({"QUIT"})).find("-TAGWORLD"),
            std::string::npos);
  const std::string forged = kRun + ";buy;" + std::string(32, '0');
  EXPECT_NE(raw(tag(forged) + command({"GET", "shadow:a"}) + command({"QUIT"})).find("-TAGUNDECIDED"),
            std::string::npos);
}

TEST_F(CacheNodeTest, PipelinedCommandsAreAnsweredInOrderAndSeeEachOther) {
  std::string sent, expected;
  for (int i = 0; i < 500; ++i) {
    const std::string key = "live:" + std::to_string(i % 7), value = std::to_string(i);
    sent += tag() + command({"SET", key, value}) + tag() + command({"GET", key});
    expected += "+OK\r\n+OK\r\n+OK\r\n" + resp_bulk(value);
  }
  EXPECT_EQ(raw(sent, expected.size()), expected);
}

TEST_F(CacheNodeTest, CommandsOutsideTheSubsetAreErrorsNotSilence) {
  const std::string got =
      raw(command({"FLUSHALL"}) + command({"SCAN", "0"}) + tag() + command({"SET", "live:a"}) + tag() +
          command({"SET", "live:a", "1", "EX", "0"}) + tag() + command({"SET", "live:a", "1", "NX", "1"}) +
          command({"TAG", "live"}) + command({"AUTH", "audit", "wrong"}) + command({"PING", "hi"}) + command({"QUIT"}));
  EXPECT_EQ(got,
            "-ERR unknown command 'FLUSHALL'\r\n-NOPERM only the auditor may scan\r\n+OK\r\n"
            "-ERR wrong number of arguments for 'SET'\r\n+OK\r\n-ERR invalid expire time in 'set' command\r\n+OK\r\n"
            "-ERR syntax error\r\n-ERR TAG takes a shadow tag, a traceparent and a caller\r\n"
            "-WRONGPASS invalid username-password pair\r\n$2\r\nhi\r\n+OK\r\n");
}

TEST_F(CacheNodeTest, BrokenBytesEndThatConnectionAndNoOther) {
  for (const std::string bytes :
       {"GET / HTTP/1.1\r\n\r\n", "*1\r\n$-5\r\n", "*999\r\n", "*1\r\n$99999999\r\n", "*2\r\n$4\r\nPINGxx"}) {
    const std::string expected = "+PONG\r\n-ERR Protocol error: ";
    EXPECT_EQ(raw(command({"PING"}) + bytes).substr(0, expected.size()), expected) << bytes;
  }
  EXPECT_EQ(raw(command({"PING"}), 7), "+PONG\r\n");
}

TEST_F(CacheNodeTest, RedisCliTalksToIt) {
  EXPECT_EQ(redis_cli("",
                      "PING\\nTAG live - cli\\nSET live:a hello EX 100\\nTAG live - cli\\nGET live:a\\nTAG live - "
                      "cli\\nEXISTS live:a "
                      "live:b\\nTAG live - cli\\nTTL live:a\\nDBSIZE\\nTAG live - cli\\nDEL live:a\\nTAG live - "
                      "cli\\nGET live:a\\n"),
            "PONG\nOK\nOK\nOK\nhello\nOK\n1\nOK\n100\n1\nOK\n1\nOK\n\n");
  EXPECT_NE(redis_cli("INFO", "").find("maxmemory_policy:allkeys-lru"), std::string::npos);
}

TEST_F(CacheNodeTest, RedisCliScansAsTheAuditorOnly) {
  std::string sent;
  for (int i = 0; i < 50; ++i) sent += tag() + command({"SET", "live:" + std::to_string(i), "1"});
  raw(sent, 50 * 10);
  const std::string scanned =
      redis_cli("--no-auth-warning --user audit --pass " + auditor_password(kTagKey) + " --scan", "");
  EXPECT_EQ(std::count(scanned.begin(), scanned.end(), '\n'), 50) << scanned;
  EXPECT_NE(redis_cli("--no-auth-warning --user audit --pass " + auditor_password(kTagKey) + " SET live:x 1", "")
                .find("NOPERM"),
            std::string::npos);
  EXPECT_NE(redis_cli("--scan", "").find("NOPERM"), std::string::npos);
}

// Our client, no TAG command, against Redis itself.
class RealRedisTest : public CacheTest {
 protected:
  void SetUp() override {
    if (access("/usr/bin/redis-server", X_OK) != 0) GTEST_SKIP() << "skipped: no redis-server";
    // Redis takes no port 0; another process may take the free port meanwhile: then once more.
    for (int attempt = 0; attempt < 5 && !serving(); ++attempt) start_redis();
    ASSERT_TRUE(serving());
    ASSERT_NO_FATAL_FAILURE(start("registry"));
    ASSERT_NO_FATAL_FAILURE(start("probe", {{"redis", std::to_string(port_)}}));
  }
  void TearDown() override {
    StoresTest::TearDown();
    end_redis();
  }
  bool serving() const { return pid_ > 0 && waitpid(pid_, nullptr, WNOHANG) == 0; }
  void end_redis() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }
  void start_redis() {
    const int probe = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    ASSERT_EQ(bind(probe, reinterpret_cast<sockaddr*>(&address), size), 0);
    ASSERT_EQ(getsockname(probe, reinterpret_cast<sockaddr*>(&address), &size), 0);
    close(probe);
    port_ = ntohs(address.sin_port);
    pid_ = fork();
    if (pid_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      const std::string port = std::to_string(port_);
      const int nowhere = open("/dev/null", O_WRONLY);
      dup2(nowhere, STDOUT_FILENO);
      execl("/usr/bin/redis-server", "redis-server", "--port", port.c_str(), "--bind", "127.0.0.1", "--save", "",
            "--appendonly", "no", static_cast<char*>(nullptr));
      _exit(127);
    }
    const bool answers = eventually([&] { return !serving() || connects(); });
    if (!answers || !serving()) end_redis();
  }
  bool connects() const {
    const int connection = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port_);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool connected = connect(connection, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
    close(connection);
    return connected;
  }

  pid_t pid_ = 0;
  std::uint16_t port_ = 0;
};

TEST_F(RealRedisTest, ServesTheSameClientUnderTheSameContract) {
  both_worlds_are_apart();
  entries_expire();
}

}  // namespace
}  // namespace tidemark::shop
