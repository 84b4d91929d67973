// The steps that call a store: redis, mysql, kafka. docs/scenario.md, "Stores".
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "engine/schedule/redis_commands.h"
#include "engine/schedule/scenario_parts.h"
#include "engine/schedule/sql_text.h"
#include "engine/schedule/step_parts.h"
#include "engine/schedule/store_target.h"

namespace tidemark::schedule {
namespace {

using Engine = StoreTarget::Engine;

constexpr std::size_t kMostWords = 1024;      // of a command, values of a statement
constexpr std::size_t kMostTopicBytes = 249;  // Kafka's own limit
constexpr std::array<std::string_view, 12> kConnectionVerbs = {
    "BEGIN", "START", "COMMIT", "ROLLBACK", "SAVEPOINT", "LOCK", "SET", "UNLOCK", "USE", "XA", "HANDLER", "RELEASE"};

class StoreStepParser {
 public:
  StoreStepParser(ValueReader& reader, const Scope& scope, Step& step)
      : reader_(reader), scope_(scope), step_(step), call_(step.store.emplace()) {}

  void redis(const YamlNode& node, const std::string& path);
  void mysql(const YamlNode& node, const std::string& path);
  void kafka(const YamlNode& node, const std::string& path);

 private:
  void target(const Fields& fields, Engine engine);
  void keys(const Fields& fields);
  void table_keys(const Fields& fields);
  void query(const Fields& fields, std::size_t values);
  void value(const YamlNode& node, const std::string& field);
  void headers(const YamlNode& node, const std::string& path);
  Template template_of(const YamlNode& node, const std::string& field) {
    return read_template(reader_, node, field, scope_);
  }
  bool is_list(const YamlNode& node, const std::string& field) { return reader_.is_sequence(node, field, kMostWords); }

  ValueReader& reader_;
  const Scope& scope_;
  Step& step_;
  StoreCall& call_;
};

void StoreStepParser::target(const Fields& fields, Engine engine) {
  const YamlNode* node = fields.require("target");
  if (node == nullptr) return;
  call_.target = template_of(*node, fields.path("target"));
  if (call_.target.empty()) return;
  for (const auto& piece : call_.target.pieces) {
    if (piece.is_literal() || (!piece.call.empty() && piece.call.front().function == Call::Function::env)) continue;
    return reader_.problem(node->line, fields.path("target"), "is known before the run: of holes only ${env:NAME}");
  }
  const auto filled = filled_target(call_.target, [](const std::string&) { return "x"; });
  const auto parsed = parse_store_target(*filled);
  if (!parsed) {
    reader_.problem(node->line, fields.path("target"),
                    fmt::format("{} ({})", parsed.error().what, parsed.error().advice));
  } else if (parsed->engine != engine) {
    reader_.problem(node->line, fields.path("target"),
                    fmt::format("is {}'s: a {} step needs {}://", engine_name(parsed->engine), engine_name(engine),
                                engine_name(engine)));
  }
}

void StoreStepParser::redis(const YamlNode& node, const std::string& path) {
  step_.protocol = Protocol::redis;
  if (!reader_.is_map(node, path)) return;
  const Fields fields(reader_, node, path, {"target", "command", "keys", "tag"});
  target(fields, Engine::redis);
  const YamlNode* command = fields.require("command");
  if (command == nullptr || !is_list(*command, fields.path("command"))) return;
  for (const YamlNode* word : command->items) call_.words.push_back(template_of(*word, fields.path("command")));
  if (call_.words.empty()) {
    reader_.problem(command->line, fields.path("command"), "needs the command's name, as in [GET, \"user:${user}\"]");
    return;
  }
  keys(fields);
  if (const YamlNode* tag = fields.find("tag")) {
    static const std::vector<std::string> kWords = {"false", "true"};
    call_.tag = reader_.word(*tag, fields.path("tag"), kWords).value_or(0) == 1;
  }
}

void StoreStepParser::keys(const Fields& fields) {
  table_keys(fields);
  const YamlNode* node = fields.find("keys");
  if (node == nullptr || !is_list(*node, fields.path("keys"))) return;
  call_.keys_given = true;
  call_.keys.clear();
  for (const YamlNode* item : node->items) {
    const auto last = static_cast<std::int64_t>(call_.words.size()) - 1;
    const auto position = reader_.integer(*item, fields.path("keys"), 1, std::max<std::int64_t>(last, 1));
    if (position && std::ranges::find(call_.keys, *position) == call_.keys.end())
      call_.keys.push_back(static_cast<std::uint32_t>(*position));
  }
}

// What the table says, where the scenario does not say it itself.
void StoreStepParser::table_keys(const Fields& fields) {
  const std::string field = fields.path("command");
  const Line line = fields.find("command")->line;
  std::vector<std::optional<std::string>> words;
  for (const Template& word : call_.words) {
    words.push_back(word.constant() ? std::optional<std::string>(word.text()) : std::nullopt);
  }
  const RedisKeys found = redis_keys(words);
  if (!words.front()) return reader_.problem(line, field, found.problem);
  if (found.kind == RedisKeys::Kind::connection) {
    return reader_.problem(line, field,
                           fmt::format("{} changes the connection, and each step takes any free one of a pool (several "
                                       "commands at once: EVAL)",
                                       *words.front()));
  }
  call_.keys = found.positions;
  if (found.kind != RedisKeys::Kind::unknown || fields.find("keys") != nullptr) return;
  const std::string why = found.problem.empty() ? "is not a command whose keys are known" : found.problem;
  reader_.problem(
      line, field,
      fmt::format("'{}' {}: say which words are keys, as in keys: [1], or keys: [] for none{}", *words.front(), why,
                  found.problem.empty() ? reader_.hint(*words.front(), redis_command_names()) : ""));
}

void StoreStepParser::mysql(const YamlNode& node, const std::string& path) {
  step_.protocol = Protocol::mysql;
  if (!reader_.is_map(node, path)) return;
  const Fields fields(reader_, node, path, {"target", "query", "values", "shadow_database"});
  target(fields, Engine::mysql);
  call_.words.emplace_back();  // the statement
  if (const YamlNode* values = fields.find("values"); values != nullptr && is_list(*values, fields.path("values"))) {
    for (const YamlNode* item : values->items) value(*item, fields.path("values"));
  }
  query(fields, call_.values.size());
  if (const YamlNode* database = fields.find("shadow_database")) {
    call_.shadow_database = reader_.text(*database, fields.path("shadow_database")).value_or("");
    if (!parse_store_target("mysql://u@h/" + call_.shadow_database)) {
      reader_.problem(database->line, fields.path("shadow_database"), "1 to 64 letters, digits, _, $ and -");
    }
  }
}

void StoreStepParser::query(const Fields& fields, std::size_t values) {
  const YamlNode* node = fields.require("query");
  if (node == nullptr) return;
  const std::string field = fields.path("query");
  const Template text = template_of(*node, field);
  if (text.pieces.empty()) return;
  if (!text.constant()) {
    return reader_.problem(node->line, field,
                           "a hole in a statement would paste what it holds: write ? and put the hole into values");
  }
  call_.words.front() = text;
  const auto sql = read_sql(text.text());
  if (!sql) return reader_.problem(node->line, field, sql.error().what);
  if (std::ranges::find(kConnectionVerbs, sql->verb) != kConnectionVerbs.end()) {
    return reader_.problem(node->line, field,
                           fmt::format("{} changes the connection, and each step takes any free one of a pool (several "
                                       "statements at once: a stored procedure)",
                                       sql->verb));
  }
  if (sql->parts.size() - 1 == values) return;
  reader_.problem(node->line, field, fmt::format("has {} ? for {} values", sql->parts.size() - 1, values));
}

// null, a number as it stands, {number: "${n}"}, or text.
void StoreStepParser::value(const YamlNode& node, const std::string& field) {
  StoreCall::Value kind = StoreCall::Value::text;
  Template text;
  if (node.kind == YamlNode::Kind::null) {
    kind = StoreCall::Value::null;
  } else if (node.kind == YamlNode::Kind::map) {
    kind = StoreCall::Value::number;
    const Fields fields(reader_, node, field, {"number"});
    if (const YamlNode* number = fields.require("number")) text = template_of(*number, fields.path("number"));
    if (text.constant() && !is_number(text.text())) reader_.problem(node.line, field, "is no number");
  } else {
    text = template_of(node, field);
    if (!node.quoted && text.constant() && is_number(text.text())) kind = StoreCall::Value::number;
  }
  call_.values.push_back(kind);
  call_.words.push_back(std::move(text));
}

bool is_topic_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

void StoreStepParser::kafka(const YamlNode& node, const std::string& path) {
  step_.protocol = Protocol::kafka;
  if (!reader_.is_map(node, path)) return;
  const Fields fields(reader_, node, path, {"target", "topic", "key", "value", "headers"});
  target(fields, Engine::kafka);
  Template topic;
  if (const YamlNode* name = fields.require("topic")) {
    topic = template_of(*name, fields.path("topic"));
    const bool odd = std::ranges::any_of(
        topic.pieces, [](const auto& piece) { return !std::ranges::all_of(piece.literal, is_topic_byte); });
    if (odd || topic.pieces.empty() || (topic.constant() && topic.text().size() > kMostTopicBytes)) {
      reader_.problem(name->line, fields.path("topic"), "1 to 249 letters, digits, '.', _ and -");
    }
  }
  call_.words.push_back(std::move(topic));
  call_.words.emplace_back();
  if (const YamlNode* value = fields.require("value")) call_.words[1] = template_of(*value, fields.path("value"));
  if (const YamlNode* key = fields.find("key")) call_.words.push_back(template_of(*key, fields.path("key")));
  if (const YamlNode* given = fields.find("headers")) headers(*given, fields.path("headers"));
}

void StoreStepParser::headers(const YamlNode& node, const std::string& path) {
  if (!reader_.is_map(node, path)) return;
  if (node.pairs.size() > kMostPerStep) {
    return reader_.problem(node.line, path, fmt::format("more than {} headers", kMostPerStep));
  }
  for (const auto& [key, value] : node.pairs) {
    const std::string field = path + "." + key->text;
    if (key->text.empty() || key->text.size() > 256) reader_.problem(key->line, field, "a name has 1 to 256 bytes");
    if (key->text == "x-shadow" || key->text == "traceparent")
      reader_.problem(key->line, field, "is set by the generator");
    call_.headers.emplace_back(key->text, template_of(*value, field));
  }
}

}  // namespace

void read_store_call(ValueReader& reader, const YamlNode& node, const std::string& path, Protocol protocol,
                     const Scope& scope, Step& step) {
  StoreStepParser parser(reader, scope, step);
  if (protocol == Protocol::redis) parser.redis(node, path);
  if (protocol == Protocol::mysql) parser.mysql(node, path);
  if (protocol == Protocol::kafka) parser.kafka(node, path);
}

nlohmann::json store_call_json(const Step& step) {
  using nlohmann::json;
  const StoreCall& call = *step.store;
  json result = {{"target", stored_target(call.target)}};
  if (step.protocol == Protocol::redis) {
    for (const Template& word : call.words) result["command"].push_back(source_of(word));
    if (call.keys_given) result["keys"] = call.keys;
    if (call.tag) result["tag"] = true;
    return {{"redis", std::move(result)}};
  }
  if (step.protocol == Protocol::mysql) {
    result["query"] = source_of(call.words.front());
    for (std::size_t i = 0; i < call.values.size(); ++i) {
      const std::string text = source_of(call.words[i + 1]);
      result["values"].push_back(call.values[i] == StoreCall::Value::null     ? json(nullptr)
                                 : call.values[i] == StoreCall::Value::number ? json{{"number", text}}
                                                                              : json(text));
    }
    if (!call.shadow_database.empty()) result["shadow_database"] = source_of(Template::of(call.shadow_database));
    return {{"mysql", std::move(result)}};
  }
  result["topic"] = source_of(call.words[0]);
  result["value"] = source_of(call.words[1]);
  if (call.words.size() > 2) result["key"] = source_of(call.words[2]);
  for (const auto& [name, value] : call.headers) result["headers"][name] = source_of(value);
  return {{"kafka", std::move(result)}};
}

}  // namespace tidemark::schedule
