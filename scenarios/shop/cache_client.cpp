#include "scenarios/shop/cache_client.h"

#include <hiredis/hiredis.h>

#include <algorithm>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "scenarios/shop/cache_protocol.h"
#include "scenarios/shop/payload.h"
#include "scenarios/shop/redis_connection.h"

namespace tidemark::shop {

namespace {
// A cache that does not answer is asked again this often, not at every request.
constexpr std::chrono::milliseconds kReconnect{100};
}  // namespace

struct CacheClient::Impl {
  using Status = CacheResult::Status;

  struct Link {  // to one cache node
    std::unique_ptr<RedisConnection> connection;
    Instant again{};              // not before this is a failed connection made anew
    std::uint32_t in_flight = 0;  // commands that hiredis has taken and not answered
  };
  struct Pending {  // shared by the coroutine that waits and hiredis's callback, whichever ends last
    explicit Pending(net::asio::io_context& io, Instant deadline) : timer(io.get_executor(), deadline) {}
    net::Timer timer;
    bool answered = false;
    CacheResult result;
  };

  Impl(NodeRuntime& owner, Options chosen) : node(owner), options(std::move(chosen)) {}

  // Highest hash of (node, key) wins, so that a node that comes or goes moves only its own share of the keys.
  std::optional<net::Endpoint> node_of(const std::string& key) const {
    if (options.redis) return options.redis;
    std::optional<net::Endpoint> best;
    std::size_t best_hash = 0;
    for (const net::Endpoint& endpoint : node.endpoints(kCacheRespService)) {
      const std::size_t hash = std::hash<std::string>{}(endpoint.authority() + "/" + key);
      if (!best || hash > best_hash) {
        best = endpoint;
        best_hash = hash;
      }
    }
    return best;
  }

  // nullptr: not now.
  Link* link_to(const net::Endpoint& endpoint, std::string* why) {
    Link& link = links[endpoint.authority()];
    if (link.in_flight >= options.in_flight) {
      *why = "too many commands in flight to " + endpoint.authority();
      return nullptr;
    }
    if (link.connection && link.connection->alive()) return &link;
    const Instant now = Clock::now();
    if (now < link.again) {
      *why = "not connected to " + endpoint.authority();
      return nullptr;
    }
    link.again = now + kReconnect;
    link.connection = std::make_unique<RedisConnection>(node.io(), endpoint);
    return &link;
  }

  static CacheResult result_of(const redisReply* reply) {
    if (reply == nullptr) return {Status::failed, {}, "cache: connection lost"};
    const std::string text =
        reply->str == nullptr ? std::string() : std::string(reply->str, static_cast<std::size_t>(reply->len));
    switch (reply->type) {
      case REDIS_REPLY_STRING:
        return {Status::hit, text, {}};
      case REDIS_REPLY_NIL:
        return {Status::miss, {}, {}};
      case REDIS_REPLY_STATUS:
      case REDIS_REPLY_INTEGER:
        return {Status::done, {}, {}};
      case REDIS_REPLY_ERROR:
        return {Status::refused, {}, "cache: " + text};
      default:
        return {Status::failed, {}, "cache: unexpected reply type " + std::to_string(reply->type)};
    }
  }

  // The one place that says on whose behalf the next command is: a real Redis is guarded by the key's prefix alone.
  bool announce(RedisConnection& connection, const CallContext& context) const {
    if (options.redis) return true;
    const std::string tag = context.tag_towards("cache");
    const std::string trace = context.trace.traceparent();
    const std::string caller = node.config().name();
    return connection.send({"TAG", tag, trace, caller}, {});
  }

  NodeRuntime& node;
  const Options options;
  std::map<std::string, Link> links;  // by authority; entries stay, so that callbacks may keep their address
};

namespace {

// `args` without the key's world; args[1] is the key.
template <class Impl>
net::Task<CacheResult> command(std::shared_ptr<Impl> impl, CallContext& context, std::vector<std::string> args) {
  CacheResult failed;
  args[1] = world_key(context.tag, args[1]);
  const auto endpoint = impl->node_of(args[1]);
  if (!endpoint) failed.error = "cache: no node is known";
  auto* link = endpoint ? impl->link_to(*endpoint, &failed.error) : nullptr;
  if (link == nullptr) co_return failed;
  const Instant deadline = std::min(context.deadline, Clock::now() + impl->options.timeout);
  const auto pending = std::make_shared<typename Impl::Pending>(impl->node.io(), deadline);
  const auto answer = [weak = std::weak_ptr<Impl>(impl), link, pending](const redisReply* reply) {
    if (const auto alive = weak.lock()) --link->in_flight;
    pending->answered = true;
    pending->result = Impl::result_of(reply);
    pending->timer.cancel();
  };
  const std::vector<std::string_view> views(args.begin(), args.end());
  if (!impl->announce(*link->connection, context) || !link->connection->send(views, answer)) {
    failed.error = "cache: not connected to " + endpoint->authority();
    co_return failed;
  }
  ++link->in_flight;
  co_await pending->timer.async_wait(net::as_values);
  if (pending->answered) co_return std::move(pending->result);
  failed.error = "cache: no answer from " + endpoint->authority() + " in time";
  co_return failed;
}

}  // namespace

CacheClient::CacheClient(NodeRuntime& node) : CacheClient(node, Options()) {}
CacheClient::CacheClient(NodeRuntime& node, Options options)
    : impl_(std::make_shared<Impl>(node, std::move(options))) {}
CacheClient::~CacheClient() = default;

net::Task<CacheResult> CacheClient::get(CallContext& context, std::string key) {
  std::vector<std::string> args{"GET", std::move(key)};
  return command(impl_, context, std::move(args));
}

net::Task<CacheResult> CacheClient::set(CallContext& context, std::string key, nlohmann::json fields,
                                        std::chrono::milliseconds ttl) {
  std::vector<std::string> args{"SET", std::move(key), stamped(std::move(fields), context.tag), "PX",
                                std::to_string(std::max<std::int64_t>(1, ttl.count()))};
  return command(impl_, context, std::move(args));
}

net::Task<CacheResult> CacheClient::del(CallContext& context, std::string key) {
  std::vector<std::string> args{"DEL", std::move(key)};
  return command(impl_, context, std::move(args));
}

}  // namespace tidemark::shop
