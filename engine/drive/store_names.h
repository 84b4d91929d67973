// The names of shadow data (docs/stores.md, "two worlds"): tagged traffic works on keys, topics and databases of its
// own. A name of the live world becomes its twin, any other is put into the shadow world, and a shadow name stays.
// Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/core/error.h"
#include "engine/schedule/scenario.h"

namespace tidemark::drive {

std::string shadow_key(std::string_view key);            // "user:7" and "live:user:7": "shadow:user:7"
std::string shadow_topic(std::string_view topic);        // "orders" and "live.orders": "shadow.orders"
std::string shadow_database(std::string_view database);  // "shop" and "live_shop": "shadow_shop"

// May a tagged run send this step to a store? Exit 2 with advice when it would work outside the shadow world: a Redis
// command on the whole server, a statement that names or takes the live database.
// `database`: MySQL's live one.
Result<void> check_isolated(const schedule::Step& step, const std::string& database, const std::string& place);

// " /*shadow='...',traceparent='...'*/" as sqlcommenter writes it: names in order, values percent-encoded.
std::string sql_comment(std::string_view shadow, std::string_view traceparent);

// The words of a Kafka step by what they are.
struct KafkaWords {
  explicit KafkaWords(const std::vector<std::string>& words)
      : topic(words[0]), value(words[1]), key(words.size() > 2 ? &words[2] : nullptr) {}
  const std::string& topic;
  const std::string& value;
  const std::string* key;
};

}  // namespace tidemark::drive
