// The wait between two probes, against a server that says what a node would.
#include "scenarios/search/idle_nodes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "engine/core/watermark.h"
#include "engine/net/http_server.h"

namespace tidemark::search {
namespace {

using testing::HasSubstr;

// Has `left` more answers with requests waiting, then none.
class FakeNode {
 public:
  explicit FakeNode(int left) : left_(left), server_(io_, {}, [this](net::Request) { return answer(); }) {
    port_ = *server_.listen("127.0.0.1", 0);
    thread_ = std::thread([this] { io_.run(); });
  }
  ~FakeNode() {
    io_.stop();
    thread_.join();
  }
  FakeNode(const FakeNode&) = delete;
  FakeNode& operator=(const FakeNode&) = delete;
  observe::ScrapeTarget target() const {
    return {.node = "product-1", .service = "product", .endpoint = {.host = "127.0.0.1", .port = port_}};
  }
  int asked() const { return asked_; }

 private:
  net::Task<net::Response> answer() {
    ++asked_;
    WatermarkSample sample{.node = "product-1", .service = "product"};
    sample.queued = left_-- > 0 ? 7 : 0;
    sample.in_use = 1;
    co_return net::Response::json(200, nlohmann::json(sample).dump());
  }

  int left_;
  std::atomic<int> asked_{0};
  net::asio::io_context io_{1};
  net::HttpServer server_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

TEST(IdleNodes, WaitsForTheQueueToEmpty) {
  FakeNode node(3);
  EXPECT_TRUE(wait_until_idle({node.target()}, std::chrono::seconds(20), nullptr));
  EXPECT_EQ(node.asked(), 4);
}

TEST(IdleNodes, NamesTheNodeThatStaysBusy) {
  FakeNode node(1 << 30);
  const auto waited = wait_until_idle({node.target()}, std::chrono::milliseconds(120), nullptr);
  ASSERT_FALSE(waited);
  EXPECT_EQ(waited.error().code, ExitCode::environment);
  EXPECT_THAT(waited.error().what, HasSubstr("7 waiting and 1 being served at product-1"));
}

TEST(IdleNodes, ANodeThatIsGoneIsAnError) {
  observe::ScrapeTarget gone;
  {
    FakeNode node(0);
    gone = node.target();
  }
  const auto waited = wait_until_idle({gone}, std::chrono::seconds(20), nullptr);
  ASSERT_FALSE(waited);
  EXPECT_EQ(waited.error().place, "product-1");
}

TEST(IdleNodes, ASignalEndsTheWait) {
  FakeNode node(1 << 30);
  const std::atomic<int> signal{2};
  EXPECT_TRUE(wait_until_idle({node.target()}, std::chrono::hours(1), &signal));
  EXPECT_TRUE(wait_until_idle({}, std::chrono::hours(1), nullptr));
}

}  // namespace
}  // namespace tidemark::search
