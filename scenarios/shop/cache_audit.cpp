#include "scenarios/shop/cache_audit.h"

#include <hiredis/hiredis.h>

#include <memory>
#include <string_view>
#include <vector>

#include "scenarios/shop/cache_protocol.h"

namespace tidemark::shop {

namespace {

constexpr int kTimeoutSeconds = 10;  // of connecting and of each reply

struct FreeContext {
  void operator()(redisContext* context) const { redisFree(context); }
};
struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using Reply = std::unique_ptr<redisReply, FreeReply>;

std::string text_of(const redisReply& reply) {
  return reply.str == nullptr ? std::string() : std::string(reply.str, static_cast<std::size_t>(reply.len));
}

class BlockingRedis {
 public:
  explicit BlockingRedis(const net::Endpoint& endpoint)
      : place_("cache " + endpoint.authority()),
        context_(redisConnectWithTimeout(endpoint.host.c_str(), endpoint.port, timeval{kTimeoutSeconds, 0})) {
    if (context_ && context_->err == 0) redisSetTimeout(context_.get(), timeval{kTimeoutSeconds, 0});
  }

  void append(const std::vector<std::string_view>& args) {
    if (!context_ || context_->err != 0) return;  // reply() says so
    std::vector<const char*> starts;
    std::vector<std::size_t> sizes;
    for (const std::string_view arg : args) {
      starts.push_back(arg.data());
      sizes.push_back(arg.size());
    }
    redisAppendCommandArgv(context_.get(), static_cast<int>(args.size()), starts.data(), sizes.data());
  }

  // Of the next command appended. An error reply is an Error.
  Result<Reply> reply() {
    void* raw = nullptr;
    if (!context_ || context_->err != 0 || redisGetReply(context_.get(), &raw) != REDIS_OK) {
      return problem("does not answer: " + std::string(context_ ? context_->errstr : "out of memory"));
    }
    Reply found(static_cast<redisReply*>(raw));
    if (found->type == REDIS_REPLY_ERROR) return problem("answered " + text_of(*found));
    return found;
  }

  Result<Reply> ask(const std::vector<std::string_view>& args) {
    append(args);
    return reply();
  }
  tl::unexpected<Error> problem(const std::string& what) const { return fail(ExitCode::environment, place_, what); }

 private:
  const std::string place_;
  std::unique_ptr<redisContext, FreeContext> context_;
};

}  // namespace

Result<void> read_cache(const net::Endpoint& resp, const std::string& tag_key,
                        const std::function<void(const std::string& key, const std::string& value)>& each) {
  BlockingRedis redis(resp);
  const std::string password = auditor_password(tag_key);
  if (const auto entered = redis.ask({"AUTH", kAuditor, password}); !entered)
    return tl::make_unexpected(entered.error());
  std::string cursor = "0";
  do {
    const auto page = redis.ask({"SCAN", cursor, "COUNT", "500"});
    if (!page) return tl::make_unexpected(page.error());
    const redisReply& reply = **page;
    if (reply.type != REDIS_REPLY_ARRAY || reply.elements != 2 || reply.element[1]->type != REDIS_REPLY_ARRAY) {
      return redis.problem("answered SCAN in an unknown form");
    }
    cursor = text_of(*reply.element[0]);
    std::vector<std::string> keys;
    for (std::size_t i = 0; i < reply.element[1]->elements; ++i) keys.push_back(text_of(*reply.element[1]->element[i]));
    for (const std::string& key : keys) redis.append({"GET", key});
    for (const std::string& key : keys) {
      const auto value = redis.reply();
      if (!value) return tl::make_unexpected(value.error());
      if ((*value)->type == REDIS_REPLY_STRING) each(key, text_of(**value));
    }
  } while (cursor != "0");
  return {};
}

}  // namespace tidemark::shop
