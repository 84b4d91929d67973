// The cache node: a MemoryCache behind RESP2, beside the HTTP port that every node has (docs/stores.md, "cache"). A
// command on keys goes through the tag gate and the pool; TAG before it says on whose behalf. Like Redis it does not
// look into values.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "scenarios/shop/cache_protocol.h"
#include "scenarios/shop/memory_cache.h"
#include "scenarios/shop/node_runtime.h"
#include "scenarios/shop/resp_codec.h"
#include "scenarios/shop/resp_server.h"
#include "scenarios/shop/tag_gate.h"

namespace tidemark::shop {

namespace {

constexpr std::size_t kCapacityBytes = 64 * 1024 * 1024;
constexpr std::size_t kScanKeys = 1000;  // at most, of one SCAN

using Args = std::vector<std::string>;

std::string upper(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

template <class T>
bool parse_number(const std::string& text, T* value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  return error == std::errc() && end == text.data() + text.size();
}

class CacheNode {
 public:
  explicit CacheNode(NodeRuntime& runtime)
      : runtime_(runtime),
        gate_(runtime.config().tag_key, /*edge=*/false),
        password_(auditor_password(runtime.config().tag_key)),
        memory_(kCapacityBytes),
        server_(runtime.io(), {}, [this](RespClient& client, Args args) { return dispatch(client, std::move(args)); }),
        hits_(runtime.counter("cache_hits")),
        misses_(runtime.counter("cache_misses")),
        evictions_(runtime.counter("evictions")),
        keys_now_(runtime.counter("keys_now")),
        bytes_now_(runtime.counter("bytes_now")) {}

  Result<void> start() {
    const auto port = server_.listen();
    if (!port) return tl::make_unexpected(port.error());
    runtime_.advertise(kCacheRespService, net::Endpoint{"127.0.0.1", *port});
    runtime_.admin_route("GET", "/resp-port", [port = *port](net::Request) -> net::Task<net::Response> {
      co_return net::Response::json(200, nlohmann::json{{"port", port}}.dump());
    });
    runtime_.background([this]() -> net::Task<void> { co_await server_.run(); });
    return {};
  }

 private:
  RespAction dispatch(RespClient& client, Args args) {
    const std::string command = upper(args[0]);
    if (command == "TAG") return tag(client, args);
    const auto tagged = std::exchange(client.tag, std::nullopt);
    if (command == "PING") return {args.size() > 1 ? resp_bulk(args[1]) : resp_simple("PONG")};
    if (command == "QUIT") return {.reply = resp_simple("OK"), .close = true};
    if (command == "COMMAND") return {resp_array_header(0)};
    if (command == "INFO") return {resp_bulk(info())};
    if (command == "DBSIZE") return {resp_integer(static_cast<std::int64_t>(memory_.size()))};
    if (command == "AUTH") return auth(client, args);
    if (command == "SCAN") return {client.auditor ? scan(args) : resp_error("NOPERM only the auditor may scan")};
    const bool by_key =
        command == "GET" || command == "SET" || command == "DEL" || command == "EXISTS" || command == "TTL";
    if (!by_key) return {resp_error("ERR unknown command '" + command.substr(0, 32) + "'")};
    const std::string problem = arity_problem(command, args.size());
    if (!problem.empty()) return {problem};
    if (client.auditor)
      return {command == "GET" ? audited_value(args[1]) : resp_error("NOPERM the auditor only reads")};
    return key_command(command, tagged.value_or(RespClient::Tag{}), std::move(args));
  }

  static std::string arity_problem(const std::string& command, std::size_t args) {
    const bool right = command == "SET"                       ? args == 3 || args == 5
                       : command == "GET" || command == "TTL" ? args == 2
                                                              : args >= 2;
    return right ? std::string() : resp_error("ERR wrong number of arguments for '" + command + "'");
  }

  static RespAction tag(RespClient& client, const Args& args) {
    if (args.size() != 4) return {resp_error("ERR TAG takes a shadow tag, a traceparent and a caller")};
    client.tag = RespClient::Tag{args[1], args[2], args[3]};
    return {resp_simple("OK")};
  }

  RespAction auth(RespClient& client, const Args& args) {
    client.auditor = args.size() == 3 && args[1] == kAuditor && args[2] == password_;
    return {client.auditor ? resp_simple("OK") : resp_error("WRONGPASS invalid username-password pair")};
  }

  std::string scan(const Args& args) {
    std::uint64_t cursor = 0;
    std::size_t count = 10;
    if (args.size() < 2 || !parse_number(args[1], &cursor)) return resp_error("ERR invalid cursor");
    for (std::size_t i = 2; i < args.size(); i += 2) {
      if (upper(args[i]) != "COUNT" || i + 1 == args.size() || !parse_number(args[i + 1], &count)) {
        return resp_error("ERR syntax error");
      }
    }
    const auto page = memory_.scan(cursor, std::clamp<std::size_t>(count, 1, kScanKeys), Clock::now());
    std::string reply =
        resp_array_header(2) + resp_bulk(std::to_string(page.next)) + resp_array_header(page.keys.size());
    for (const std::string& key : page.keys) reply += resp_bulk(key);
    return reply;
  }

  std::string audited_value(const std::string& key) {
    const std::string* value = memory_.peek(key, Clock::now());
    return value == nullptr ? resp_null() : resp_bulk(*value);
  }

  RespAction key_command(const std::string& command, RespClient::Tag tag, Args args) {
    RespAction action;
    action.keys = command == "SET" ? Args{args[1]} : Args(args.begin() + 1, args.end());
    action.work = [this, command, tag = std::move(tag), args = std::move(args)] { return perform(command, tag, args); };
    return action;
  }

  net::Task<std::string> perform(std::string command, RespClient::Tag tag, Args args) {
    std::string reply;
    const std::string operation = command == "SET" ? "set" : command == "DEL" ? "del" : "get";
    const auto work = [&](CallContext& context) -> net::Task<void> {
      reply = execute(command, context.tag, args);
      co_return;
    };
    const bool done = co_await runtime_.perform(operation, tag.shadow, tag.traceparent, tag.caller, work);
    if (done) co_return reply;
    const auto verdict = gate_.decide(tag.shadow).verdict;
    if (verdict == TagGate::Verdict::decided) co_return resp_error("BUSY queue-full");
    co_return resp_error("TAGUNDECIDED " + std::string(text_of(verdict)) + ", called by " +
                         (tag.caller.empty() ? "unknown" : tag.caller));
  }

  std::string execute(const std::string& command, const traffic::ShadowTag& tag, const Args& args) {
    const Instant now = Clock::now();
    const std::size_t last_key = command == "SET" ? 2 : args.size();
    for (std::size_t i = 1; i < last_key; ++i) {
      if (!args[i].starts_with(world_key(tag, "")))
        return resp_error("TAGWORLD a key of " + std::string(tag.world()) + " traffic begins with " +
                          world_key(tag, ""));
    }
    if (command == "SET") return set(args, now);
    if (command == "TTL") return ttl(args[1], now);
    if (command == "GET") {
      const std::string* value = memory_.get(args[1], now);
      *(value == nullptr ? misses_ : hits_) += 1;
      return value == nullptr ? resp_null() : resp_bulk(*value);
    }
    std::int64_t count = 0;
    for (std::size_t i = 1; i < args.size(); ++i) {
      count += (command == "DEL" ? memory_.del(args[i], now) : memory_.peek(args[i], now) != nullptr) ? 1 : 0;
    }
    note_size();
    return resp_integer(count);
  }

  std::string set(const Args& args, Instant now) {
    std::optional<Nanos> ttl;
    if (args.size() == 5) {
      const std::string unit = upper(args[3]);
      std::int64_t amount = 0;
      constexpr std::int64_t kLongest = 10LL * 365 * 24 * 3600;  // seconds; keeps the nanoseconds within 64 bits
      const std::int64_t limit = unit == "PX" ? kLongest * 1000 : kLongest;
      if (unit != "EX" && unit != "PX") return resp_error("ERR syntax error");
      if (!parse_number(args[4], &amount) || amount < 1 || amount > limit)
        return resp_error("ERR invalid expire time in 'set' command");
      ttl = unit == "EX" ? Nanos(std::chrono::seconds(amount)) : Nanos(std::chrono::milliseconds(amount));
    }
    const bool stored = memory_.set(args[1], args[2], ttl, now);
    note_size();
    return stored ? resp_simple("OK") : resp_error("OOM value larger than the cache");
  }

  std::string ttl(const std::string& key, Instant now) {
    const auto left = memory_.ttl(key, now);
    if (!left) return resp_integer(-2);
    if (*left == Nanos::max()) return resp_integer(-1);
    return resp_integer(static_cast<std::int64_t>(std::ceil(to_seconds(*left))));
  }

  void note_size() {
    *evictions_ = static_cast<double>(memory_.evictions());
    *keys_now_ = static_cast<double>(memory_.size());
    *bytes_now_ = static_cast<double>(memory_.bytes());
  }

  std::string info() const {
    const auto count = [](double value) { return std::to_string(static_cast<std::uint64_t>(value)); };
    return "# Server\r\nserver:tidemark-cache\r\n# Clients\r\nconnected_clients:" +
           std::to_string(server_.connections()) + "\r\n# Memory\r\nused_memory:" + std::to_string(memory_.bytes()) +
           "\r\nmaxmemory:" + std::to_string(kCapacityBytes) +
           "\r\nmaxmemory_policy:allkeys-lru\r\n# Stats\r\nkeyspace_hits:" + count(*hits_) +
           "\r\nkeyspace_misses:" + count(*misses_) + "\r\nevicted_keys:" + std::to_string(memory_.evictions()) +
           "\r\n";
  }

  NodeRuntime& runtime_;
  TagGate gate_;  // only to say why the runtime's own gate refused
  const std::string password_;
  MemoryCache memory_;
  RespServer server_;
  double *hits_, *misses_, *evictions_, *keys_now_, *bytes_now_;
};

}  // namespace

ExitCode run_cache(NodeConfig config, int ready_fd) {
  NodeRuntime runtime(std::move(config));
  CacheNode node(runtime);
  if (const auto started = node.start(); !started) {
    runtime.log("error", "", "the cache does not start", {{"reason", started.error().message()}});
    return started.error().code;
  }
  return runtime.run(ready_fd);
}

}  // namespace tidemark::shop
