// Kafka steps against librdkafka's mock cluster, Kafka protocol (mock): no Kafka broker exists in Debian.
#include <gmock/gmock.h>

#include <poll.h>

#include <chrono>
#include <set>

#include "engine/drive/kafka_client.h"
#include "fake_broker.h"
#include "store_runs.h"

namespace tidemark::test {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Key;

class KafkaMockRuns : public StoreRunTest {
 protected:
  static std::string scenario(const std::string& steps, const std::string& load = "rate: 100, duration: 500ms",
                              const std::string& timeout = "5s") {
    return "timeout: " + timeout + "\nload: {arrivals: even, " + load + "}\nflows:\n  - name: events\n    steps:\n" +
           steps;
  }
  static std::string step(const std::string& url, const std::string& rest) {
    return "      - kafka: {target: '" + url + "', " + rest + "}\n";
  }
};

TEST_F(KafkaMockRuns, EachDeliveryReportIsAnAnswer) {
  KafkaMock mock;
  mock.create_topic("orders");
  const auto summary =
      run(scenario(step(mock.url(),
                        "topic: orders, key: 'k${flow_id}', value: '{\"n\":${flow_id}}', "
                        "headers: {source: test, number: 'n${flow_id}'}") +
                   "        check: {json: {/topic: orders}}\n        capture: {at: {json: /offset}}\n"));
  EXPECT_EQ(summary.requests.ok, 50U);
  EXPECT_TRUE(summary.errors.empty());
  const auto messages = mock.messages("orders", 50);
  ASSERT_EQ(messages.size(), 50U);
  std::set<std::string> keys;
  for (const auto& message : messages) {
    keys.insert(message.key);
    EXPECT_EQ(message.value, "{\"n\":" + message.key.substr(1) + "}");
    EXPECT_EQ(message.headers,
              (std::map<std::string, std::string>{{"source", "test"}, {"number", "n" + message.key.substr(1)}}));
  }
  EXPECT_EQ(keys.size(), 50U);
}

TEST_F(KafkaMockRuns, ATaggedRunWritesToTheShadowTopicWithTheTagInItsHeaders) {
  KafkaMock mock;
  mock.create_topic("live.orders");
  mock.create_topic("shadow.orders");
  const auto summary =
      run(scenario(step(mock.url(), "topic: live.orders, value: '{\"_run\":\"${run_id}\"}'")), Tagged::yes);
  EXPECT_EQ(summary.requests.ok, 50U);
  EXPECT_TRUE(mock.messages("live.orders", 0).empty());
  const auto messages = mock.messages("shadow.orders", 50);
  ASSERT_EQ(messages.size(), 50U);
  std::set<std::string> traces;
  for (const auto& message : messages) {
    EXPECT_THAT(message.headers.at("x-shadow"), HasSubstr("00000000000000aa;events;"));
    traces.insert(message.headers.at("traceparent"));
    EXPECT_EQ(message.value, R"({"_run":"00000000000000aa"})");
  }
  EXPECT_EQ(traces.size(), 50U);
}

TEST_F(KafkaMockRuns, AnErrorOfTheBrokerIsAnAnswerWithItsNumber) {
  KafkaMock mock;
  mock.create_topic("orders");
  constexpr std::int16_t kProduce = 0;  // the API's key
  for (int i = 0; i < 50; ++i) {
    rd_kafka_mock_push_request_errors(mock.cluster(), kProduce, 1, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
  }
  const auto summary = run(scenario(step(mock.url(), "topic: orders, value: x")));
  EXPECT_EQ(summary.requests.failed, 50U);
  EXPECT_THAT(summary.errors, Contains(Key("status 29")));
}

TEST_F(KafkaMockRuns, ABrokerThatGoesAwayForAMomentCostsWaitingAndNoMessage) {
  KafkaMock mock;
  mock.create_topic("orders");
  auto options = prepared(scenario(step(mock.url(), "topic: orders, value: x"), "rate: 100, duration: 4s"));
  int seconds = 0;
  options.progress = [&](const drive::Progress&) {
    ++seconds;
    if (seconds == 1) rd_kafka_mock_broker_set_down(mock.cluster(), 1);
    if (seconds == 2) rd_kafka_mock_broker_set_up(mock.cluster(), 1);
  };
  const auto summary = finished(std::move(options));
  EXPECT_EQ(summary.requests.started, 400U);
  EXPECT_EQ(summary.requests.ok + summary.requests.failed, 400U);
  EXPECT_GT(summary.requests.ok, 200U);
  EXPECT_GT(summary.clocks.response_us.max, 300'000);  // the wait is the messages' own
}

TEST_F(KafkaMockRuns, ASlowBrokerMeansTimeOuts) {
  KafkaMock mock;
  mock.create_topic("orders");
  rd_kafka_mock_broker_set_rtt(mock.cluster(), 1, 700);
  const auto summary = run(scenario(step(mock.url(), "topic: orders, value: x"), "rate: 50, duration: 500ms", "300ms"));
  EXPECT_EQ(summary.requests.timed_out + summary.requests.failed, 25U);
  EXPECT_GT(summary.requests.timed_out, 0U);
}

// Brokers are named by the cluster, not by the scenario: the guard must see them all the same.
TEST_F(KafkaMockRuns, ABrokerAdvertisedElsewhereIsRefusedBeforeTheRun) {
  for (const std::string host : {"192.0.2.1", "10.1.2.3", "0177.0.0.1", "2130706433"}) {
    const FakeBroker broker(host, 9092);
    const auto error = refused(scenario(step(broker.url(), "topic: orders, value: x")));
    EXPECT_EQ(error.code, ExitCode::refused_target) << host;
    EXPECT_THAT(error.message(), HasSubstr(host));
  }
}

// What the check before the run cannot see: the same list, met by the producer itself.
TEST_F(KafkaMockRuns, ABrokerAdvertisedElsewhereIsNotConnectedToByTheProducer) {
  const FakeBroker broker("192.0.2.1", 9092);
  const std::string bootstrap = broker.url().substr(std::string("kafka://").size());
  const auto client = drive::KafkaClient::create(bootstrap, std::chrono::seconds(10), nullptr);
  ASSERT_TRUE(client) << client.error().message();
  rd_kafka_topic_t* topic = rd_kafka_topic_new((*client)->handle(), "orders", nullptr);
  std::string value = "x";
  rd_kafka_produce(topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, value.data(), 1, nullptr, 0, nullptr);
  const Instant limit = Clock::now() + std::chrono::seconds(20);
  while (!(*client)->refused() && Clock::now() < limit) {
    pollfd wake = {(*client)->wake_fd(), POLLIN, 0};
    poll(&wake, 1, 1000);
    (*client)->serve();
  }
  EXPECT_THAT((*client)->refusal(), HasSubstr("192.0.2.1"));
  rd_kafka_topic_destroy(topic);
}

TEST_F(KafkaMockRuns, ABootstrapBrokerElsewhereIsRefused) {
  EXPECT_EQ(refused(scenario(step("kafka://192.0.2.1:9092", "topic: orders, value: x"))).code,
            ExitCode::refused_target);
}

TEST_F(KafkaMockRuns, NobodyListeningIsAnErrorOfTheEnvironment) {
  const std::string url = "kafka://127.0.0.1:" + std::to_string(unused_port());
  EXPECT_EQ(refused(scenario(step(url, "topic: orders, value: x"))).code, ExitCode::environment);
}

}  // namespace
}  // namespace tidemark::test
