// `run --tag-key-file`: every request of a load on a target of one's own carries a tag that the holder of the key
// accepts.
#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include "engine/net/http_server.h"
#include "engine/traffic/shadow_tag.h"
#include "tests/e2e/command.h"

namespace tidemark::test {
namespace {

constexpr const char* kKey = "0123456789abcdef0123456789abcdef";

// Keeps the tag of every request.
class TaggedServer {
 public:
  TaggedServer() : server_(io_, {}, [this](net::Request request) { return answer(std::move(request)); }) {
    port_ = *server_.listen("127.0.0.1", 0);
    thread_ = std::thread([this] { io_.run(); });
  }
  ~TaggedServer() { stop(); }
  TaggedServer(const TaggedServer&) = delete;
  TaggedServer& operator=(const TaggedServer&) = delete;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/page"; }
  const std::vector<std::string>& stop() {
    io_.stop();
    if (thread_.joinable()) thread_.join();
    return tags_;
  }

 private:
  net::Task<net::Response> answer(net::Request request) {
    const std::string* tag = request.headers.find(traffic::kShadowHeader);
    tags_.push_back(tag ? *tag : "");
    co_return net::Response::text(200, "ok");
  }

  net::asio::io_context io_{1};
  std::vector<std::string> tags_;  // of the server's thread until stop()
  net::HttpServer server_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

TEST(TagKey, SignsEveryRequest) {
  TaggedServer server;
  TemporaryFolder folder;
  std::ofstream(folder / "key") << kKey << "\n";
  const auto result = run_tidemark({"run", "--target", server.url(), "--tag-key-file", folder / "key", "--rate", "20",
                                    "--duration", "500ms", "--arrivals", "even", "--out", folder / "run", "--quiet"});
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  const auto& tags = server.stop();
  EXPECT_EQ(tags.size(), 10U);
  for (const std::string& text : tags) {
    const auto tag = traffic::parse_tag(text);
    ASSERT_TRUE(tag) << text;
    EXPECT_FALSE(tag->live());
    EXPECT_TRUE(traffic::TagSigner(kKey).genuine(*tag)) << text;
  }
  EXPECT_EQ(read_text(folder / "run/manifest.json").find(kKey), std::string::npos);
}

TEST(TagKey, AKeyThatIsAbsentShortOrBesideAStackIsRefused) {
  TemporaryFolder folder;
  std::ofstream(folder / "short") << "fifteen bytes..\n";
  const auto run = [&](const std::vector<std::string>& more) {
    std::vector<std::string> all{"run", "--target", "http://127.0.0.1:9/", "--rate", "1", "--out", folder / "run"};
    all.insert(all.end(), more.begin(), more.end());
    return run_tidemark(all);
  };
  const auto absent = run({"--tag-key-file", folder / "none"});
  EXPECT_EQ(absent.exit_code, 2);
  EXPECT_NE(absent.errors.find("cannot be read as a tag key"), std::string::npos) << absent.errors;
  const auto brief = run({"--tag-key-file", folder / "short"});
  EXPECT_EQ(brief.exit_code, 2);
  EXPECT_NE(brief.errors.find("a tag key of 15 bytes is too short"), std::string::npos) << brief.errors;
  EXPECT_EQ(run({"--tag-key-file", folder / "short", "--stack", folder / "stack"}).exit_code, 2);
}

}  // namespace
}  // namespace tidemark::test
