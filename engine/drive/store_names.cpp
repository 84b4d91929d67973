#include "engine/drive/store_names.h"

#include <algorithm>
#include <optional>

#include "engine/net/ascii.h"
#include "engine/schedule/redis_commands.h"
#include "engine/schedule/sql_text.h"

namespace tidemark::drive {
namespace {

std::string shadow_name(std::string_view name, char separator) {
  const std::string shadow = std::string("shadow") + separator;
  const std::string live = std::string("live") + separator;
  if (name.starts_with(shadow)) return std::string(name);
  if (name.starts_with(live)) name.remove_prefix(live.size());
  return shadow + std::string(name);
}

void append_encoded(std::string_view value, std::string& out) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    const char lower = net::to_lower(c);
    if ((lower >= 'a' && lower <= 'z') || net::is_digit(c) ||
        std::string_view("-_.~").find(c) != std::string_view::npos) {
      out.push_back(c);
    } else {
      out.append(1, '%').append(1, kHex[byte >> 4U]).append(1, kHex[byte & 15U]);
    }
  }
}

Result<void> check_redis(const schedule::StoreCall& call, const std::string& place) {
  std::vector<std::optional<std::string>> words;
  for (const auto& word : call.words) {
    words.push_back(word.constant() ? std::optional<std::string>(word.text()) : std::nullopt);
  }
  if (schedule::redis_keys(words).kind != schedule::RedisKeys::Kind::whole) return {};
  return fail(ExitCode::usage, place,
              words.front().value_or("") + " works on everything in the server, live data too: not in a tagged run",
              "name keys, or run it without --stack");
}

Result<void> check_mysql(const schedule::StoreCall& call, const std::string& database, const std::string& place) {
  const auto sql = schedule::read_sql(call.words.front().text());
  if (!sql) return {};  // the parser has said so
  const auto names_live = std::ranges::find_if(
      sql->qualifiers, [&](const std::string& name) { return net::equal_ignoring_case(name, database); });
  if (sql->verb != "USE" && names_live == sql->qualifiers.end()) return {};
  return fail(ExitCode::usage, place, "the statement names the live database: not in a tagged run",
              "leave the database out: the connection is in " + shadow_database(database));
}

}  // namespace

std::string shadow_key(std::string_view key) {
  return shadow_name(key, ':');
}

std::string shadow_topic(std::string_view topic) {
  return shadow_name(topic, '.');
}

std::string shadow_database(std::string_view database) {
  return shadow_name(database, '_');
}

Result<void> check_isolated(const schedule::Step& step, const std::string& database, const std::string& place) {
  if (!step.store) return {};
  if (step.protocol == schedule::Protocol::redis) return check_redis(*step.store, place);
  if (step.protocol == schedule::Protocol::mysql) return check_mysql(*step.store, database, place);
  return {};
}

std::string sql_comment(std::string_view shadow, std::string_view traceparent) {
  std::string comment = " /*shadow='";
  append_encoded(shadow, comment);
  comment += "',traceparent='";
  append_encoded(traceparent, comment);
  comment += "'*/";
  return comment;
}

}  // namespace tidemark::drive
