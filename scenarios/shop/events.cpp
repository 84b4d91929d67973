// The events node: an EventLog behind HTTP (docs/stores.md, "events"). Publishing goes through the tag and the pool.
// Polling and committing span both worlds and wait long, so they are outside of both; the tag travels in each event.
#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <charconv>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

#include "scenarios/shop/event_groups.h"
#include "scenarios/shop/event_log.h"
#include "scenarios/shop/node_runtime.h"
#include "scenarios/shop/payload.h"
#include "scenarios/shop/wakeup.h"

namespace tidemark::shop {

namespace {

using nlohmann::json;

constexpr std::size_t kMaxPoll = 1000;               // events of one answer
constexpr std::chrono::milliseconds kMaxWait{2000};  // of a long poll: below EventGroups::kSession
constexpr std::size_t kMaxKey = 200;

net::Response json_response(int status, const json& body) {
  return net::Response::json(status, body.dump(-1, ' ', false, json::error_handler_t::replace));
}
net::Response refusal(int status, const std::string& reason) {
  return json_response(status, {{"error", reason}});
}

json event_json(const std::string& topic, std::uint32_t partition, EventRecord record) {
  return {{"topic", topic},
          {"partition", partition},
          {"offset", record.offset},
          {"time_us", record.time_us},
          {"key", std::move(record.key)},
          {"tag", std::move(record.tag)},
          {"traceparent", std::move(record.traceparent)},
          {"producer", std::move(record.producer)},
          {"payload", std::move(record.payload)}};
}

std::uint64_t number_of(const net::Request& request, const char* name, std::uint64_t otherwise) {
  const std::string text = request.query(name);
  std::uint64_t value = otherwise;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? value : otherwise;
}

struct PollRequest {
  std::string group, member;
  std::vector<std::string> topics;  // with their worlds
  std::size_t max = 0;
  Instant until;
  std::map<std::string, std::uint64_t> positions;  // "topic/partition" -> next offset to read
};

// Throws json::exception or std::invalid_argument.
PollRequest parse_poll(const std::string& body, Instant now) {
  const json object = json::parse(body);
  PollRequest poll;
  object.at("group").get_to(poll.group);
  object.at("member").get_to(poll.member);
  for (const json& topic : object.at("topics")) {
    for (const char* world : {"live.", "shadow."}) {
      poll.topics.push_back(world + topic.get<std::string>());
      if (!EventLog::valid_topic(poll.topics.back())) throw std::invalid_argument("not a topic: " + poll.topics.back());
    }
  }
  if (!EventLog::valid_topic(poll.group)) throw std::invalid_argument("not a group: " + poll.group.substr(0, 64));
  poll.max = std::clamp<std::size_t>(object.at("max").get<std::size_t>(), 1, kMaxPoll);
  const std::chrono::milliseconds wait(object.at("wait_ms").get<std::uint32_t>());
  poll.until = now + std::min(wait, kMaxWait);
  object.at("positions").get_to(poll.positions);
  return poll;
}

class EventsNode {
 public:
  EventsNode(NodeRuntime& runtime, EventLog log)
      : runtime_(runtime),
        log_(std::move(log)),
        lag_now_(runtime.counter("lag_now")),
        published_(runtime.counter("events_published")),
        delivered_(runtime.counter("events_delivered")) {
    note_lag();
  }

  void add_routes() {
    runtime_.route("POST", "/events/publish", "publish",
                   [this](CallContext& context, net::Request request) -> net::Task<net::Response> {
                     co_return publish(context, std::move(request));
                   });
    runtime_.admin_route("POST", "/events/poll", [this](net::Request request) { return poll(std::move(request)); });
    runtime_.admin_route("POST", "/events/commit",
                         [this](net::Request request) -> net::Task<net::Response> { co_return commit(request); });
    runtime_.admin_route("GET", "/audit/topics", [this](net::Request) -> net::Task<net::Response> {
      co_return json_response(200, {{"topics", log_.topics()}, {"partitions", EventLog::kPartitions}});
    });
    runtime_.admin_route("GET", "/audit/scan",
                         [this](net::Request request) -> net::Task<net::Response> { co_return audit_scan(request); });
    runtime_.background([this] { return release_polls_at_stop(); });
  }

 private:
  net::Response publish(const CallContext& context, net::Request request) {
    const std::string topic = std::string(context.tag.world()) + "." + request.query("topic");
    if (!EventLog::valid_topic(topic)) return refusal(400, "not a topic: " + topic.substr(0, 64));
    EventRecord record;
    record.key = request.query("key");
    if (record.key.size() > kMaxKey) return refusal(400, "a key has at most 200 bytes");
    if (const auto problem = payload_problem(request.body, context.tag)) return refusal(422, *problem);
    record.payload = std::move(request.body);
    record.tag = context.tag.header_value();
    record.traceparent = context.trace.traceparent();
    const std::string* caller = request.headers.find(traffic::kCallerHeader);
    record.producer = caller == nullptr ? "unknown" : *caller;
    const auto wall = std::chrono::system_clock::now().time_since_epoch();
    record.time_us = std::chrono::duration_cast<std::chrono::microseconds>(wall).count();
    const auto position = log_.append(topic, std::move(record));
    if (!position) {
      runtime_.log("error", context.trace.trace_id(), "event not kept", {{"reason", position.error().message()}});
      return refusal(500, position.error().message());
    }
    *published_ += 1;
    note_lag();
    wake_polls();
    return json_response(200, {{"partition", position->partition}, {"offset", position->offset}});
  }

  net::Task<net::Response> poll(net::Request request) {
    PollRequest wanted;
    try {
      wanted = parse_poll(request.body, Clock::now());
    } catch (const std::exception& wrong) {
      co_return refusal(400, wrong.what());
    }
    for (const std::string& topic : wanted.topics) log_.subscribe(wanted.group, topic);
    note_lag();
    while (true) {
      if (groups_.seen(wanted.group, wanted.member, Clock::now())) wake_polls();
      auto events = collect(wanted);
      if (!events) co_return refusal(500, events.error().message());
      if (!events->empty() || stopping_ || Clock::now() >= wanted.until) {
        *delivered_ += static_cast<double>(events->size());
        co_return json_response(200, {{"events", std::move(*events)}});
      }
      co_await wait_for_events(wanted.until);
    }
  }

  net::Task<void> wait_for_events(Instant until) {
    net::Timer timer(runtime_.io().get_executor(), until);
    const auto forget = [this](net::Timer* ended) { waiting_.erase(ended); };
    waiting_.insert(&timer);
    const std::unique_ptr<net::Timer, decltype(forget)> registered(&timer, forget);
    co_await timer.async_wait(net::as_values);
  }

  void wake_polls() {
    for (net::Timer* timer : waiting_) timer->cancel();
  }

  Result<std::vector<json>> collect(const PollRequest& wanted) {
    std::vector<json> events;
    // Begins with another partition each time, so that a busy one does not starve the rest.
    const std::uint32_t first = turn_++;
    for (std::uint32_t i = 0; i < EventLog::kPartitions; ++i) {
      const std::uint32_t partition = (first + i) % EventLog::kPartitions;
      if (!groups_.owns(wanted.group, wanted.member, partition)) continue;
      for (const std::string& topic : wanted.topics) {
        std::uint64_t from = log_.committed(wanted.group, topic, partition);
        const auto position = wanted.positions.find(topic + "/" + std::to_string(partition));
        if (position != wanted.positions.end()) from = std::max(from, position->second);
        auto records = log_.read(topic, partition, from, wanted.max - events.size());
        if (!records) return tl::make_unexpected(records.error());
        for (EventRecord& record : *records) events.push_back(event_json(topic, partition, std::move(record)));
      }
    }
    return events;
  }

  net::Response commit(const net::Request& request) {
    try {
      const json object = json::parse(request.body);
      const auto group = object.at("group").get<std::string>();
      for (const auto& [name, next] : object.at("offsets").items()) {
        const std::size_t slash = name.rfind('/');
        std::uint32_t partition = EventLog::kPartitions;
        if (slash == std::string::npos) return refusal(400, "not topic/partition: " + name);
        std::from_chars(name.data() + slash + 1, name.data() + name.size(), partition);
        const auto done = log_.commit(group, name.substr(0, slash), partition, next.get<std::uint64_t>());
        if (!done) return refusal(done.error().code == ExitCode::usage ? 400 : 500, done.error().message());
      }
    } catch (const json::exception& wrong) {
      return refusal(400, wrong.what());
    }
    note_lag();
    return json_response(200, json::object());
  }

  net::Response audit_scan(const net::Request& request) {
    const std::string topic = request.query("topic");
    const auto partition = static_cast<std::uint32_t>(number_of(request, "partition", EventLog::kPartitions));
    const std::uint64_t after = number_of(request, "after", 0);
    auto records =
        log_.read(topic, partition, after, std::clamp<std::size_t>(number_of(request, "limit", kMaxPoll), 1, kMaxPoll));
    if (!records) return refusal(500, records.error().message());
    const std::uint64_t next = after + records->size();
    json events = json::array();
    for (EventRecord& record : *records) events.push_back(event_json(topic, partition, std::move(record)));
    return json_response(200,
                         {{"events", std::move(events)}, {"next", next}, {"more", next < log_.end(topic, partition)}});
  }

  net::Task<void> release_polls_at_stop() {
    Wakeup never(runtime_.io());
    co_await net::asio::this_coro::throw_if_cancelled(false);
    while ((co_await net::asio::this_coro::cancellation_state).cancelled() == net::asio::cancellation_type::none) {
      co_await never.wait();
    }
    stopping_ = true;
    wake_polls();
  }

  void note_lag() { *lag_now_ = static_cast<double>(log_.lag()); }

  NodeRuntime& runtime_;
  EventLog log_;
  EventGroups groups_;
  std::set<net::Timer*> waiting_;  // on the frames of the polls that wait
  std::uint32_t turn_ = 0;
  bool stopping_ = false;
  double *lag_now_, *published_, *delivered_;
};

}  // namespace

ExitCode run_events(NodeConfig config, int ready_fd) {
  auto log = EventLog::open(config.data_dir);
  NodeRuntime runtime(std::move(config));
  if (!log) {
    runtime.log("error", "", "the event log does not open", {{"reason", log.error().message()}});
    return log.error().code;
  }
  if (log->dropped_bytes() > 0) {
    runtime.log("warning", "", "the event log's tail was cut off", {{"bytes", std::to_string(log->dropped_bytes())}});
  }
  EventsNode node(runtime, std::move(*log));
  node.add_routes();
  return runtime.run(ready_fd);
}

}  // namespace tidemark::shop
