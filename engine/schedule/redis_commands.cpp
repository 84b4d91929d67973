#include "engine/schedule/redis_commands.h"

#include <algorithm>
#include <array>
#include <sstream>
#include <string_view>

namespace tidemark::schedule {
namespace {

using Kind = RedisKeys::Kind;

// First and last key, counted from the name at 0 (negative: from the end, -1 being the last argument), and the step
// between them, as COMMAND INFO tells them; `count_at`: a number of keys stands there and the keys follow.
struct Rule {
  Kind kind = Kind::known;
  int first = 0, last = 0, step = 1, count_at = 0;
  std::string_view names;
};

constexpr std::array kRules = {
    Rule{.names = "PING ECHO TIME DBSIZE INFO COMMAND WAIT LOLWUT LASTSAVE ROLE"},
    Rule{.first = 1,
         .last = 1,
         .names =
             "APPEND BITCOUNT BITFIELD BITFIELD_RO BITPOS DECR DECRBY DUMP EXPIRE EXPIREAT EXPIRETIME GEOADD "
             "GEODIST GEOHASH GEOPOS GEORADIUS_RO GEORADIUSBYMEMBER_RO GEOSEARCH GET GETBIT GETDEL GETEX GETRANGE "
             "GETSET HDEL HEXISTS HGET HGETALL HINCRBY HINCRBYFLOAT HKEYS HLEN HMGET HMSET HRANDFIELD HSCAN HSET "
             "HSETNX HSTRLEN HVALS INCR INCRBY INCRBYFLOAT LINDEX LINSERT LLEN LPOP LPOS LPUSH LPUSHX LRANGE LREM "
             "LSET LTRIM PERSIST PEXPIRE PEXPIREAT PEXPIRETIME PFADD PSETEX PTTL PUBLISH RESTORE RPOP RPUSH RPUSHX "
             "SADD SCARD SET SETBIT SETEX SETNX SETRANGE SISMEMBER SMEMBERS SMISMEMBER SPOP SPUBLISH SRANDMEMBER "
             "SREM SSCAN STRLEN SUBSTR TTL TYPE XACK XADD XAUTOCLAIM XCLAIM XDEL XLEN XPENDING XRANGE XREVRANGE "
             "XSETID XTRIM ZADD ZCARD ZCOUNT ZINCRBY ZLEXCOUNT ZMSCORE ZPOPMAX ZPOPMIN ZRANDMEMBER ZRANGE "
             "ZRANGEBYLEX ZRANGEBYSCORE ZRANK ZREM ZREMRANGEBYLEX ZREMRANGEBYRANK ZREMRANGEBYSCORE ZREVRANGE "
             "ZREVRANGEBYLEX ZREVRANGEBYSCORE ZREVRANK ZSCAN ZSCORE"},
    Rule{
        .first = 1,
        .last = -1,
        .names = "DEL EXISTS MGET PFCOUNT PFMERGE SDIFF SDIFFSTORE SINTER SINTERSTORE SUNION SUNIONSTORE TOUCH UNLINK"},
    Rule{.first = 1, .last = -1, .step = 2, .names = "MSET MSETNX"},
    Rule{.first = 1,
         .last = 2,
         .names = "BLMOVE BRPOPLPUSH GEOSEARCHSTORE LCS LMOVE RENAME RENAMENX RPOPLPUSH SMOVE ZRANGESTORE"},
    Rule{.first = 1, .last = -2, .names = "BLPOP BRPOP BZPOPMAX BZPOPMIN"},
    Rule{.first = 2, .last = 2, .names = "OBJECT XGROUP XINFO"},
    Rule{.first = 2, .last = -1, .names = "BITOP"},
    Rule{.count_at = 1, .names = "LMPOP SINTERCARD ZDIFF ZINTER ZINTERCARD ZMPOP ZUNION"},
    Rule{.count_at = 2, .names = "BLMPOP BZMPOP EVAL EVALSHA EVALSHA_RO EVAL_RO FCALL FCALL_RO"},
    Rule{.first = 1, .last = 1, .count_at = 2, .names = "ZDIFFSTORE ZINTERSTORE ZUNIONSTORE"},
    Rule{.kind = Kind::whole,
         .names = "ACL BGREWRITEAOF BGSAVE CLUSTER CONFIG DEBUG FAILOVER FLUSHALL FLUSHDB FUNCTION KEYS LATENCY MEMORY "
                  "MIGRATE MODULE MOVE PUBSUB RANDOMKEY REPLICAOF SAVE SCAN SHUTDOWN SLAVEOF SLOWLOG SWAPDB"},
    Rule{.kind = Kind::connection,
         .names = "ASKING AUTH CLIENT DISCARD EXEC HELLO MONITOR MULTI PSUBSCRIBE PSYNC PUNSUBSCRIBE QUIT READONLY "
                  "READWRITE RESET SELECT SSUBSCRIBE SUBSCRIBE SUNSUBSCRIBE SYNC UNSUBSCRIBE UNWATCH WATCH"},
};

// Whose keys follow a word (XREAD, XREADGROUP), or whose sub-command decides (SCRIPT).
constexpr std::string_view kSpecial = "SCRIPT XREAD XREADGROUP";

std::string upper(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return result;
}

bool holds_word(std::string_view words, std::string_view word) {
  while (!words.empty()) {
    const std::string_view first = words.substr(0, words.find(' '));
    if (first == word) return true;
    words.remove_prefix(std::min(first.size() + 1, words.size()));
  }
  return false;
}

RedisKeys not_readable(std::string problem) {
  return {.kind = Kind::unknown, .positions = {}, .problem = std::move(problem)};
}

using Arguments = std::span<const std::optional<std::string>>;

// "XREAD ... STREAMS key key id id": the first half of what follows the word.
RedisKeys stream_keys(Arguments arguments) {
  for (std::uint32_t i = 1; i < arguments.size(); ++i) {
    if (!arguments[i] || upper(*arguments[i]) != "STREAMS") continue;
    const auto after = static_cast<std::uint32_t>(arguments.size()) - i - 1;
    if (after == 0 || after % 2 != 0) return not_readable("STREAMS needs as many ids as keys");
    RedisKeys keys{.kind = Kind::known};
    for (std::uint32_t k = 0; k < after / 2; ++k) keys.positions.push_back(i + 1 + k);
    return keys;
  }
  return not_readable("needs STREAMS and the keys behind it");
}

RedisKeys special_keys(const std::string& name, Arguments arguments) {
  if (name != "SCRIPT") return stream_keys(arguments);
  const std::string sub = arguments.size() > 1 && arguments[1] ? upper(*arguments[1]) : "";
  return {.kind = sub == "LOAD" || sub == "EXISTS" ? Kind::known : Kind::whole};
}

RedisKeys by_rule(const Rule& rule, Arguments arguments) {
  RedisKeys keys{.kind = rule.kind};
  const int count = static_cast<int>(arguments.size());
  const int last = rule.last < 0 ? count + rule.last : rule.last;
  if (rule.first > 0 && (rule.first > last || last >= count)) return not_readable("too few arguments");
  for (int i = rule.first; i > 0 && i <= last; i += rule.step) keys.positions.push_back(static_cast<std::uint32_t>(i));
  if (rule.count_at == 0) return keys;
  if (rule.count_at >= count) return not_readable("too few arguments");
  const auto& text = arguments[static_cast<std::size_t>(rule.count_at)];
  if (!text) return not_readable("the number of keys must be known before the run");
  int many = 0;
  if (text->empty() || text->size() > 4) return not_readable("the number of keys must be a number");
  for (const char c : *text) {
    if (c < '0' || c > '9') return not_readable("the number of keys must be a number");
    many = many * 10 + (c - '0');
  }
  if (rule.count_at + many >= count) return not_readable("fewer keys than their number says");
  for (int i = 1; i <= many; ++i) keys.positions.push_back(static_cast<std::uint32_t>(rule.count_at + i));
  return keys;
}

}  // namespace

RedisKeys redis_keys(Arguments arguments) {
  if (arguments.empty() || !arguments[0]) return not_readable("the command's name must be known before the run");
  const std::string name = upper(*arguments[0]);
  if (holds_word(kSpecial, name)) return special_keys(name, arguments);
  for (const Rule& rule : kRules) {
    if (holds_word(rule.names, name)) return by_rule(rule, arguments);
  }
  return {};
}

const std::vector<std::string>& redis_command_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    const auto take = [&all](std::string_view words) {
      std::istringstream stream{std::string(words)};
      for (std::string word; stream >> word;) all.push_back(word);
    };
    for (const Rule& rule : kRules) take(rule.names);
    take(kSpecial);
    return all;
  }();
  return names;
}

}  // namespace tidemark::schedule
