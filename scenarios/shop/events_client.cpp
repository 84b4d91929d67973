#include "scenarios/shop/events_client.h"

#include <boost/system/system_error.hpp>
#include <deque>
#include <exception>
#include <map>
#include <unordered_map>
#include <utility>

#include "engine/net/task_group.h"
#include "scenarios/shop/offset_tracker.h"
#include "scenarios/shop/payload.h"
#include "scenarios/shop/tag_gate.h"
#include "scenarios/shop/wakeup.h"

namespace tidemark::shop {

using nlohmann::json;

namespace {

constexpr std::chrono::milliseconds kPause{100};        // after a failed call to the events node
constexpr std::chrono::milliseconds kCommitEvery{50};   // commits are gathered for this long
constexpr std::chrono::milliseconds kCallMargin{2000};  // on top of a long poll's own wait
constexpr std::chrono::milliseconds kLastCommit{300};   // at stop
constexpr std::chrono::milliseconds kPoolFull{50};      // until an event is offered to a full pool again

Event parse_event(const json& object) {
  Event event;
  object.at("topic").get_to(event.topic);
  object.at("partition").get_to(event.partition);
  object.at("offset").get_to(event.offset);
  object.at("time_us").get_to(event.time_us);
  object.at("key").get_to(event.key);
  object.at("tag").get_to(event.tag);
  object.at("traceparent").get_to(event.traceparent);
  object.at("producer").get_to(event.producer);
  object.at("payload").get_to(event.payload);
  return event;
}

std::string place_of(const Event& event) {
  return event.topic + "/" + std::to_string(event.partition);
}

net::Task<void> pause(net::asio::io_context& io, Nanos duration) {
  net::Timer timer(io.get_executor(), Clock::now() + duration);
  co_await timer.async_wait(net::as_values);
}

}  // namespace

net::Task<PublishResult> publish(CallContext& context, std::string topic, std::string key, json fields) {
  const std::string target = "/events/publish?topic=" + query_encoded(topic) + "&key=" + query_encoded(key);
  std::string payload = stamped(std::move(fields), context.tag);
  const net::CallResult result = co_await context.call("events", "POST", target, std::move(payload));
  PublishResult published;
  if (result.status != net::CallResult::Status::ok) {
    published.error = "events: " + result.error;
  } else if (result.response.status != 200) {
    published.error =
        "events answered " + std::to_string(result.response.status) + ": " + result.response.body.substr(0, 256);
  } else {
    const json body = json::parse(result.response.body, nullptr, /*allow_exceptions=*/false);
    published.ok = body.is_object();
    if (published.ok) {
      published.partition = body.value("partition", 0U);
      published.offset = body.value("offset", std::uint64_t{0});
    } else {
      published.error = "events: unreadable answer";
    }
  }
  co_return published;
}

struct Consumer::Impl {
  Impl(NodeRuntime& owner, Options chosen, Handler work)
      : node(owner),
        options(std::move(chosen)),
        handler(std::move(work)),
        gate(owner.config().tag_key, /*edge=*/false),
        client(owner.io()),
        changed(owner.io()),
        handled(owner.counter("events_handled")),
        retried(owner.counter("events_retried")),
        skipped(owner.counter("events_skipped")) {}

  net::Task<void> run();
  net::Task<void> poll_loop(net::TaskGroup& group);
  net::Task<void> commit_loop();
  net::Task<bool> commit(Nanos time);  // false: the events node did not take it
  net::Task<void> handle_key(std::string lane);
  net::Task<void> handle(Event event);
  void take(const json& answer, net::TaskGroup& group);
  json poll_body() const;
  net::Task<net::CallResult> call(std::string target, std::string body, Nanos time);

  NodeRuntime& node;
  const Options options;
  const Handler handler;
  TagGate gate;  // only to know why the runtime's own gate refused
  net::HttpClient client;
  Wakeup changed;                                            // an event has ended
  std::map<std::string, OffsetTracker> trackers;             // "topic/partition"
  std::unordered_map<std::string, std::deque<Event>> lanes;  // topic and key -> its events, the first one under way
  std::size_t under_way = 0;
  double *handled, *retried, *skipped;
};

net::Task<void> Consumer::Impl::run() {
  net::TaskGroup group(node.io());
  group.spawn(poll_loop(group));
  group.spawn(commit_loop());
  std::exception_ptr ended;
  try {
    co_await group.join();
  } catch (...) {
    ended = std::current_exception();
  }
  // What was finished just before the stop need not be handled again by the next process.
  co_await commit(kLastCommit);
  client.close();
  if (ended) std::rethrow_exception(ended);
}

net::Task<net::CallResult> Consumer::Impl::call(std::string target, std::string body, Nanos time) {
  const auto& endpoints = node.endpoints("events");
  if (endpoints.empty()) {
    net::CallResult nobody;
    nobody.error = "no node of events is known";
    co_return nobody;
  }
  net::Request request;
  request.method = "POST";
  request.target = std::move(target);
  request.headers.set("content-type", "application/json");
  request.headers.set(traffic::kCallerHeader, node.config().name());
  request.body = std::move(body);
  const net::Endpoint endpoint = endpoints.front();
  net::CallResult result = co_await client.call(endpoint, std::move(request), Clock::now() + time);
  co_return result;
}

json Consumer::Impl::poll_body() const {
  json positions = json::object();
  for (const auto& [place, tracker] : trackers) positions[place] = tracker.position();
  return {{"group", options.group},          {"member", node.config().name()},
          {"topics", options.topics},        {"max", options.window - under_way},
          {"wait_ms", options.wait.count()}, {"positions", std::move(positions)}};
}

net::Task<void> Consumer::Impl::poll_loop(net::TaskGroup& group) {
  while (true) {
    while (under_way >= options.window) co_await changed.wait();
    std::string body = poll_body().dump();
    const net::CallResult result = co_await call("/events/poll", std::move(body), options.wait + kCallMargin);
    const bool answered = result.status == net::CallResult::Status::ok && result.response.status == 200;
    const json answer = answered ? json::parse(result.response.body, nullptr, /*allow_exceptions=*/false) : json();
    if (answer.is_object()) {
      take(answer, group);
    } else {
      co_await pause(node.io(), kPause);
    }
  }
}

void Consumer::Impl::take(const json& answer, net::TaskGroup& group) {
  try {
    for (const json& object : answer.at("events")) {
      Event event = parse_event(object);
      if (!trackers[place_of(event)].begin(event.offset)) continue;
      ++under_way;
      const std::string lane = event.topic + '\n' + event.key;
      auto& queue = lanes[lane];
      queue.push_back(std::move(event));
      if (queue.size() == 1) group.spawn(handle_key(lane));
    }
  } catch (const json::exception& wrong) {
    node.log("error", "", "unreadable events", {{"reason", wrong.what()}});
  }
}

net::Task<void> Consumer::Impl::handle_key(std::string lane) {
  while (true) {
    const Event event = lanes.at(lane).front();
    co_await handle(event);
    trackers.at(place_of(event)).end(event.offset);
    --under_way;
    changed.notify();
    auto& queue = lanes.at(lane);
    queue.pop_front();
    if (queue.empty()) break;
  }
  lanes.erase(lane);
}

net::Task<void> Consumer::Impl::handle(Event event) {
  const std::string tag = node.config().strip_tag_towards == "consumer" ? std::string() : event.tag;
  const std::string caller = event.producer + " through events";
  for (std::uint32_t attempt = 1; attempt <= options.attempts;) {
    bool done = false;
    std::string problem = "the handler asks for another attempt";
    const auto work = [&](CallContext& context) -> net::Task<void> { done = co_await handler(context, event); };
    bool accepted = true;
    try {
      accepted = co_await node.perform(options.operation, tag, event.traceparent, caller, work);
    } catch (const boost::system::system_error& error) {
      if (error.code() == net::asio::error::operation_aborted) throw;  // the node stops
      problem = error.what();
    } catch (const std::exception& error) {
      problem = error.what();
    }
    if (done) {
      *handled += 1;
      co_return;
    }
    if (!accepted) {
      if (gate.decide(tag).verdict != TagGate::Verdict::decided) break;
      co_await pause(node.io(), kPoolFull);
      continue;  // a full pool is no failed attempt
    }
    node.log("warning", "", "event not handled",
             {{"event", place_of(event) + "@" + std::to_string(event.offset)},
              {"attempt", std::to_string(attempt)},
              {"reason", problem}});
    if (attempt < options.attempts) {
      *retried += 1;
      co_await pause(node.io(), kPause * (1U << std::min(attempt - 1, 6U)));
    }
    ++attempt;
  }
  *skipped += 1;
  node.log("error", "", "event skipped",
           {{"event", place_of(event) + "@" + std::to_string(event.offset)}, {"producer", event.producer}});
}

net::Task<void> Consumer::Impl::commit_loop() {
  const auto news = [this] {
    for (const auto& [place, tracker] : trackers) {
      if (tracker.news()) return true;
    }
    return false;
  };
  while (true) {
    while (!news()) co_await changed.wait();
    const bool done = co_await commit(kCallMargin);
    co_await pause(node.io(), done ? kCommitEvery : kPause);
  }
}

net::Task<bool> Consumer::Impl::commit(Nanos time) {
  json offsets = json::object();
  for (const auto& [place, tracker] : trackers) {
    if (tracker.news()) offsets[place] = tracker.finished();
  }
  if (offsets.empty()) co_return true;
  const json body{{"group", options.group}, {"offsets", offsets}};
  std::string text = body.dump();
  const net::CallResult result = co_await call("/events/commit", std::move(text), time);
  if (result.status != net::CallResult::Status::ok || result.response.status != 200) co_return false;
  for (const auto& [place, next] : offsets.items()) trackers.at(place).committed(next.get<std::uint64_t>());
  co_return true;
}

Consumer::Consumer(NodeRuntime& node, Options options, Handler handler)
    : impl_(std::make_shared<Impl>(node, std::move(options), std::move(handler))) {
  node.background([impl = impl_]() -> net::Task<void> { co_await impl->run(); });
}

Consumer::~Consumer() = default;

}  // namespace tidemark::shop
