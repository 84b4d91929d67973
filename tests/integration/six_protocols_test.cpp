// One scenario file, six protocols, one run: HTTP/1.1 and h2c against nginx, gRPC against Debian's gRPC, Redis,
// MariaDB, and Kafka protocol (mock). The books balance, and each server has seen what was sent, no more and no less.
#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>

#include "store_runs.h"
#include "wire_fixture.h"

namespace tidemark::test {
namespace {

using ::testing::MatchesRegex;
using ::testing::StartsWith;

constexpr const char* kProto = R"(
  syntax = "proto3";
  package shop;
  message Query { int64 id = 1; repeated string tags = 2; }
  message Reply { int64 id = 1; string name = 2; repeated string tags = 3; string shadow = 4; string trace = 5;
                  string caller = 6; bool has_deadline = 7; }
  service Product { rpc Get(Query) returns (Reply); }
)";

// HTTP/1.1 on one port and h2c on another; says in a log what it answered.
class Nginx {
 public:
  explicit Nginx(const std::filesystem::path& folder)
      : log_(folder / "nginx-access.log"),
        http_(unused_port()),
        h2c_(unused_port()),
        process_(write(folder), h2c_, folder / "nginx.log") {}
  std::string http() const { return "http://127.0.0.1:" + std::to_string(http_); }
  std::string h2c() const { return "http://127.0.0.1:" + std::to_string(h2c_); }
  // "HTTP/1.1 GET /browse/0 <tag>", one a request.
  std::vector<std::string> requests() {
    process_.signal(SIGQUIT);  // finishes, and writes what it still has in its buffers
    process_.reap();
    std::ifstream file(log_);
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
  }

 private:
  std::vector<std::string> write(const std::filesystem::path& folder) const {
    const std::string in = folder.string();
    std::ofstream(folder / "nginx.conf")
        << "daemon off;\nmaster_process off;\npid " << in << "/nginx.pid;\nerror_log stderr;\nevents {}\nhttp {\n"
        << "  log_format seen '$server_protocol $request_method $request_uri $http_x_shadow';\n  access_log "
        << log_.string() << " seen;\n"
        << "  client_body_temp_path " << in << ";\n  proxy_temp_path " << in << ";\n  fastcgi_temp_path " << in
        << ";\n  uwsgi_temp_path " << in << ";\n  scgi_temp_path " << in << ";\n"
        << "  server { listen 127.0.0.1:" << http_ << "; location / { return 200 'ok'; } }\n"
        << "  server { listen 127.0.0.1:" << h2c_ << " http2; location / { return 200 'ok'; } }\n}\n";
    return {"/usr/sbin/nginx", "-e", "stderr", "-c", (folder / "nginx.conf").string()};
  }
  std::filesystem::path log_;
  std::uint16_t http_, h2c_;
  ServerProcess process_;
};

class SixProtocols : public StoreRunTest {
 protected:
  void SetUp() override {
    if (std::system("/usr/bin/python3 -c 'import grpc, google.protobuf' 2> /dev/null") != 0 || !installed("nginx") ||
        !installed("protoc"))
      GTEST_SKIP() << "skipped: nginx, protoc, python3-grpcio or python3-protobuf is not installed";
    std::ofstream(folder_ / "shop.proto") << kProto;
    const std::string protoc = "protoc -I" + folder_.string() + " --python_out=" + folder_.string() + " shop.proto";
    ASSERT_EQ(std::system(protoc.c_str()), 0);
    grpc_ = std::make_unique<Child>(std::vector<std::string>{
        "/usr/bin/python3", TIDEMARK_SOURCE_DIR "/tests/integration/grpc_server.py", folder_.string()});
    nginx_ = std::make_unique<Nginx>(folder_);
    redis_ = std::make_unique<RedisServerProcess>(folder_);
    mariadb_ = std::make_unique<MariadbProcess>(folder_);
    const std::vector<std::string> databases = {"shop", "shadow_shop"};
    for (const auto& database : databases)
      mariadb_->ask("CREATE TABLE " + database + ".products AS SELECT id, item FROM shop.orders");
    for (const auto& database : databases) {
      mariadb_->ask("CREATE OR REPLACE TABLE " + database +
                    ".orders(id INT PRIMARY KEY, item VARCHAR(200), run VARCHAR(32))");
    }
    for (const std::string topic : {"order.created", "shadow.order.created"}) kafka_.create_topic(topic);
  }

  Summary run_file(Tagged tagged) {
    const std::map<std::string, std::string> links = {
        {"duration", "2s"},
        {"http", nginx_->http()},
        {"h2c", nginx_->h2c()},
        {"grpc", "http://127.0.0.1:" + grpc_->line()},
        {"proto", (folder_ / "shop.proto").string()},
        {"redis", redis_->url()},
        {"mysql", mariadb_->url(tagged == Tagged::yes ? "shadow" : "shop")},
        {"kafka", kafka_.url()}};
    return finished(prepared_file(TIDEMARK_SOURCE_DIR "/scenarios/library/six-protocols.yaml", links, tagged));
  }

  // Every server has seen each of `flows` flows once, in `world`'s names.
  void expect_seen(std::uint64_t flows, const std::string& database, const std::string& key_prefix,
                   const std::string& topic) {
    const auto lines = nginx_->requests();
    EXPECT_EQ(std::ranges::count_if(lines, [](const auto& line) { return line.starts_with("HTTP/1.1 GET /browse/"); }),
              static_cast<std::ptrdiff_t>(flows));
    EXPECT_EQ(std::ranges::count_if(lines, [](const auto& line) { return line.starts_with("HTTP/2.0 GET /stock/"); }),
              static_cast<std::ptrdiff_t>(flows));
    EXPECT_EQ(std::set<std::string>(lines.begin(), lines.end()).size(), 2 * flows);
    const auto rows = mariadb_->ask("SELECT id, item, run FROM " + database + ".orders");
    ASSERT_EQ(rows.size(), flows);
    for (const auto& row : rows) {  // the gRPC server's name and MariaDB's title, through Redis
      const std::string id = row["id"];
      EXPECT_THAT(row["item"].get<std::string>(), MatchesRegex("product-1[0-9]{3}: (tea|it's \"quoted\"|kaffee)"));
      EXPECT_EQ(row["run"], kRunId);
      EXPECT_EQ(redis_->ask({"GET", key_prefix + "basket:" + id}), row["item"]);
    }
    EXPECT_EQ(redis_->ask({"DBSIZE"}), flows);
    const auto messages = kafka_.messages(topic, flows);
    EXPECT_EQ(messages.size(), flows);
    std::set<std::string> keys;
    for (const auto& message : messages) keys.insert(message.key);
    EXPECT_EQ(keys.size(), flows);
  }

  std::unique_ptr<Child> grpc_;
  std::unique_ptr<Nginx> nginx_;
  std::unique_ptr<RedisServerProcess> redis_;
  std::unique_ptr<MariadbProcess> mariadb_;
  KafkaMock kafka_;
};

void expect_all_steps(const Summary& summary) {
  EXPECT_TRUE(summary.errors.empty()) << nlohmann::json(summary.errors);
  EXPECT_GT(summary.flows.completed, 50U);
  EXPECT_EQ(summary.flows.completed, summary.flows.planned);
  EXPECT_EQ(summary.requests.ok, 8 * summary.flows.planned);
  for (const std::string step :
       {"http", "h2c", "grpc", "mysql-read", "redis-write", "redis-read", "mysql-write", "kafka"})
    EXPECT_EQ(summary.by_step.at(step).requests.ok, summary.flows.planned) << step;
}

TEST_F(SixProtocols, OneScenarioLoadsEveryLinkOfTheChain) {
  const auto summary = run_file(Tagged::no);
  expect_all_steps(summary);
  expect_seen(summary.flows.planned, "shop", "", "order.created");
  EXPECT_TRUE(kafka_.messages("shadow.order.created", 0).empty());
}

TEST_F(SixProtocols, ATaggedRunDoesTheSameOnShadowData) {
  const auto summary = run_file(Tagged::yes);
  expect_all_steps(summary);
  expect_seen(summary.flows.planned, "shadow_shop", "shadow:", "shadow.order.created");
  EXPECT_EQ(mariadb_->ask("SELECT COUNT(*) n FROM shop.orders")[0]["n"], "0");
  EXPECT_TRUE(kafka_.messages("order.created", 0).empty());
  for (const auto& message : kafka_.messages("shadow.order.created", summary.flows.planned))
    EXPECT_THAT(message.headers.at("x-shadow"), StartsWith(std::string(kRunId) + ";order;"));
}

}  // namespace
}  // namespace tidemark::test
