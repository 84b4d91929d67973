#include "engine/observe/scraper.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>

#include "tests/unit/net/server_thread.h"

namespace tidemark::observe {
namespace {

using net::Request;
using net::Response;
using net::ServerThread;
using net::Task;
using std::chrono::milliseconds;

constexpr ScraperTiming kFast{milliseconds(40), milliseconds(35), milliseconds(20)};

// What a scraper handed on, and a way to wait for it.
struct Received {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<WatermarkSample> samples;
  std::vector<Span> spans;
  std::vector<std::string> problems;

  Scraper::Sinks sinks() {
    return {[this](const WatermarkSample& sample) { keep(samples, sample); },
            [this](const Span& span) { keep(spans, span); },
            [this](const std::string& node, const std::string& problem) { keep(problems, node + ": " + problem); }};
  }
  template <class Condition>
  bool await(Condition condition) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, std::chrono::seconds(10), condition);
  }

 private:
  template <class T>
  void keep(std::vector<T>& list, const T& item) {
    const std::lock_guard lock(mutex);
    list.push_back(item);
    changed.notify_all();
  }
};

// A node that drains its problems and counts its scrapes. Its members belong to the server's thread.
struct Node {
  std::uint64_t arrived = 0;
  std::vector<std::string> problems;

  Task<Response> answer(Request request) {
    nlohmann::json document = nlohmann::json::object();
    if (request.path() == "/scrape") {
      WatermarkSample sample;
      sample.node = "someone-else";
      sample.arrived = ++arrived;
      Span span;
      span.trace_id = "0af7651916cd43dd8448eb211c80319c";
      span.id = "b7ad6b7169203331";
      span.name = "GET /";
      span.kind = "SERVER";
      span.service = "product";
      document = {{"watermark", sample}, {"spans", {span}}, {"spans_dropped", 2}};
    }
    document["problems"] = std::exchange(problems, {});
    co_return Response::json(200, document.dump());
  }
};

TEST(Scraper, HandsOnWhatEveryNodeAnswers) {
  Node one, two;
  ServerThread first([&](Request request) { return one.answer(std::move(request)); });
  ServerThread second([&](Request request) { return two.answer(std::move(request)); });
  Received received;
  Scraper scraper({{"product-1", "product", {"127.0.0.1", first.port()}, 0},
                   {"product-2", "product", {"127.0.0.1", second.port()}, 0}},
                  Clock::now(), received.sinks(), -1, kFast);
  ASSERT_TRUE(received.await([&] { return received.samples.size() >= 6; }));
  scraper.stop();
  std::map<std::string, std::uint64_t> last;
  for (const WatermarkSample& sample : received.samples) {
    if (sample.missed) continue;  // a busy machine may miss one
    EXPECT_EQ(sample.service, "product");
    EXPECT_GT(sample.arrived, last[sample.node]);
    EXPECT_GE(sample.t_s, 0);
    last[sample.node] = sample.arrived;
  }
  EXPECT_EQ(last.size(), 2U);
  EXPECT_EQ(last.count("someone-else"), 0U);
  EXPECT_EQ(received.spans.size(), scraper.counters().answered);
  EXPECT_EQ(scraper.counters().spans_dropped, 2 * scraper.counters().answered);
  EXPECT_EQ(scraper.counters().answered + scraper.counters().missed, received.samples.size());
}

TEST(Scraper, AsksForProblemsBetweenTheSeconds) {
  Node node;
  ServerThread server([&](Request request) { return node.answer(std::move(request)); });
  Received received;
  ScraperTiming timing;
  timing.period = std::chrono::hours(1);
  timing.problem_phase = milliseconds(50);
  Scraper scraper({{"order-1", "order", {"127.0.0.1", server.port()}, 0}}, Clock::now() - milliseconds(1),
                  received.sinks(), -1, timing);
  net::asio::post(server.io(), [&] { node.problems = {"tag-undecided at order-1, called by gateway-1"}; });
  ASSERT_TRUE(received.await([&] { return !received.problems.empty(); }));
  EXPECT_EQ(received.problems.front(), "order-1: tag-undecided at order-1, called by gateway-1");
  EXPECT_TRUE(received.samples.empty());
}

// A node that keeps its problems until they are acknowledged, and whose first answer comes too late.
TEST(Scraper, AnAnswerThatMissesItsDeadlineLosesNoProblem) {
  std::atomic<int> asked{0};
  ServerThread* running = nullptr;
  ServerThread server([&](Request request) -> Task<Response> {
    if (asked++ == 0) {
      net::Timer timer(running->io().get_executor());
      timer.expires_after(milliseconds(400));
      co_await timer.async_wait(net::as_values);
    }
    const std::vector<std::string> all = {"first", "second"};
    const auto seen = std::min<std::size_t>(std::strtoul(request.query("seen").c_str(), nullptr, 10), all.size());
    const std::vector<std::string> rest(all.begin() + static_cast<std::ptrdiff_t>(seen), all.end());
    co_return Response::json(200, nlohmann::json{{"problems", rest}, {"problems_from", seen}}.dump());
  });
  running = &server;
  Received received;
  ScraperTiming timing;
  timing.period = milliseconds(200);
  timing.deadline = milliseconds(150);
  timing.problem_phase = milliseconds(100);
  Scraper scraper({{"order-1", "order", {"127.0.0.1", server.port()}, 0}}, Clock::now(), received.sinks(), -1, timing);
  ASSERT_TRUE(received.await([&] { return received.problems.size() >= 2; }));
  const int then = asked;
  while (asked < then + 3) std::this_thread::yield();
  scraper.stop();
  EXPECT_EQ(received.problems, (std::vector<std::string>{"order-1: first", "order-1: second"})) << "each once";
}

TEST(Scraper, TakesALastSampleWhenItStops) {
  Node node;
  ServerThread server([&](Request request) { return node.answer(std::move(request)); });
  Received received;
  ScraperTiming timing;
  timing.period = std::chrono::hours(1);
  Scraper scraper({{"order-1", "order", {"127.0.0.1", server.port()}, 0}}, Clock::now() + std::chrono::hours(1),
                  received.sinks(), -1, timing);
  net::asio::post(server.io(), [&] { node.problems = {"at the very end"}; });
  scraper.stop();
  scraper.stop();  // once is enough, twice does no harm
  ASSERT_EQ(received.samples.size(), 1U);
  EXPECT_FALSE(received.samples[0].missed);
  EXPECT_EQ(received.problems.size(), 1U);
}

TEST(Scraper, HandsOnAMissedSecondAsMissed) {
  std::uint16_t closed_port = 0;
  {
    Node node;
    ServerThread gone([&](Request request) { return node.answer(std::move(request)); });
    closed_port = gone.port();
  }
  Node node;
  ServerThread server([&](Request request) { return node.answer(std::move(request)); });
  Received received;
  Scraper scraper(
      {{"cache-1", "cache", {"127.0.0.1", closed_port}, 0}, {"store-1", "store", {"127.0.0.1", server.port()}, 0}},
      Clock::now(), received.sinks(), -1, kFast);
  ASSERT_TRUE(received.await([&] { return received.samples.size() >= 8; }));
  scraper.stop();
  std::size_t missed = 0, answered = 0;
  for (const WatermarkSample& sample : received.samples) {
    if (sample.node == "cache-1") {
      EXPECT_TRUE(sample.missed);
      EXPECT_EQ(sample.service, "cache");
      ++missed;
    } else if (!sample.missed) {
      ++answered;
    }
  }
  EXPECT_EQ(missed, received.samples.size() / 2);  // one a second, whatever became of it
  EXPECT_GT(answered, 0U);
}

Task<Response> scripted(std::string body, int status) {
  co_return Response::json(status, body);
}

TEST(Scraper, CountsMalformedAnswersAsMissed) {
  for (const auto& [body, status] : std::vector<std::pair<std::string, int>>{{"", 200},
                                                                             {"{", 200},
                                                                             {"[]", 200},
                                                                             {"{}", 200},
                                                                             {R"({"watermark": 1})", 200},
                                                                             {R"({"watermark": {}})", 200},
                                                                             {"not found", 404}}) {
    ServerThread server([&, text = body, code = status](const Request&) { return scripted(text, code); });
    Received received;
    Scraper scraper({{"user-1", "user", {"127.0.0.1", server.port()}, 0}}, Clock::now() + std::chrono::hours(1),
                    received.sinks());
    scraper.stop();
    ASSERT_EQ(received.samples.size(), 1U) << body;
    EXPECT_TRUE(received.samples[0].missed) << body;
    EXPECT_EQ(scraper.counters().malformed, 1U) << body;
    EXPECT_EQ(scraper.counters().missed, 1U) << body;
  }
}

}  // namespace
}  // namespace tidemark::observe
