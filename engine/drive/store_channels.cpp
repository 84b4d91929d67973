#include "engine/drive/store_channels.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "engine/drive/kafka_channel.h"
#include "engine/drive/mysql_link.h"
#include "engine/drive/redis_link.h"
#include "engine/drive/store_names.h"
#include "engine/drive/store_pool.h"
#include "engine/schedule/sql_text.h"
#include "engine/traffic/shadow_tag.h"

namespace tidemark::drive {
namespace {

using schedule::StoreCall;

const std::string* field_of(const Rendered& request, std::string_view name) {
  const auto found = std::ranges::find(request.fields, name, &Rendered::Field::name);
  return found == request.fields.end() ? nullptr : &found->value;
}

class RedisDialect final : public StoreDialect {
 public:
  explicit RedisDialect(const ChannelContext& context)
      : tagged_(context.tagged),
        server_{.address = context.origin.address.to_string(),
                .port = context.origin.port,
                .user = context.origin.store.user,
                .password = context.origin.store.password,
                .database = context.origin.store.database} {}

  std::unique_ptr<StoreLink> make_link(const LinkPlace& place) override { return make_redis_link(place, server_); }

  std::optional<std::string> translate(const Rendered& request, StoreRequest& call) override {
    call.arguments = request.words;
    call.before.clear();
    call.keep_body = request.step->keep_body;
    const StoreCall& store = *request.step->step->store;
    if (store.tag) announce(request, call);
    if (!tagged_) return std::nullopt;
    for (const std::uint32_t key : store.keys) call.arguments[key] = shadow_key(call.arguments[key]);
    return std::nullopt;
  }

 private:
  // docs/stores.md, "cache": on whose behalf the next command is.
  static void announce(const Rendered& request, StoreRequest& call) {
    const std::string* shadow = field_of(request, traffic::kShadowHeader);
    const std::string* trace = field_of(request, "traceparent");
    call.before.resize(4);
    call.before[0] = "TAG";
    call.before[1] = shadow == nullptr ? "live" : *shadow;
    call.before[2] = trace == nullptr ? "" : *trace;
    call.before[3] = "tidemark";
  }

  const bool tagged_;
  const RedisServer server_;
};

class MysqlDialect final : public StoreDialect {
 public:
  explicit MysqlDialect(const ChannelContext& context)
      : server_{.address = context.origin.address.to_string(),
                .port = context.origin.port,
                .user = context.origin.store.user,
                .password = context.origin.store.password,
                .database = context.origin.store.database} {
    for (const auto& flow : context.scenario.flows) {
      for (const auto& step : flow.steps) {
        if (step.protocol == schedule::Protocol::mysql) add_statement(step);
      }
    }
  }

  std::unique_ptr<StoreLink> make_link(const LinkPlace& place) override { return make_mysql_link(place, server_); }

  std::optional<std::string> translate(const Rendered& request, StoreRequest& call) override {
    const SqlStatement& statement = statements_.at(request.step->step);
    call.arguments.assign(request.words.begin() + 1, request.words.end());
    call.statement = &statement;
    call.keep_body = request.step->keep_body;
    call.comment.clear();
    const std::string* shadow = field_of(request, traffic::kShadowHeader);
    const std::string* trace = field_of(request, "traceparent");
    if (shadow != nullptr && trace != nullptr) call.comment = sql_comment(*shadow, *trace);
    for (std::size_t i = 0; i < statement.values.size(); ++i) {
      if (statement.values[i] != StoreCall::Value::number || schedule::is_number(call.arguments[i])) continue;
      return "value " + std::to_string(i + 1) + " is no number";
    }
    return std::nullopt;
  }

 private:
  void add_statement(const schedule::Step& step) {
    auto sql = schedule::read_sql(step.store->words.front().text());
    if (!sql) return;  // the parser has said so
    statements_[&step] = {.parts = std::move(sql->parts), .values = step.store->values};
  }

  const MysqlServer server_;
  std::map<const schedule::Step*, SqlStatement> statements_;
};

}  // namespace

std::unique_ptr<Channel> make_store_channel(const ChannelContext& context) {
  if (context.origin.protocol == schedule::Protocol::kafka) return make_kafka_channel(context);
  std::unique_ptr<StoreDialect> dialect;
  if (context.origin.protocol == schedule::Protocol::redis) {
    dialect = std::make_unique<RedisDialect>(context);
  } else {
    dialect = std::make_unique<MysqlDialect>(context);
  }
  return std::make_unique<StorePool>(StorePoolOptions{.loop = &context.loop,
                                                      .tag = context.tag,
                                                      .owner = &context.owner,
                                                      .most_connections = context.most_connections,
                                                      .connect_limit = context.scenario.timeout,
                                                      .start = context.start},
                                     std::move(dialect));
}

}  // namespace tidemark::drive
