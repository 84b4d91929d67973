#include "engine/guard/guard_settings.h"

#include <nlohmann/json.hpp>
#include <set>

#include "engine/core/settings.h"

namespace tidemark::guard {
namespace {

template <class Fields, class Self>
void plain_parts(Fields& fields, Self& self) {
  const auto read = [](auto& in, auto& part) { std::remove_cvref_t<decltype(part)>::fields(in, part); };
  fields.optional_part("retry", self.retry, read);
  fields.optional_part("deadline", self.deadline, read);
  fields.optional_part("bulkhead", self.bulkhead, read);
  fields.optional_part("pool", self.pool, read);
  fields.optional_part("buffer", self.buffer, read);
  fields.optional_part("lists", self.lists, read);
  fields.optional_part("degrade", self.degrade, read);
}

// A part whose form depends on its kind, and that has a parser of its own.
template <class Part, class Parse>
void kind_part(SettingsReader& reader, const char* key, std::optional<Part>& out, Parse parse) {
  const nlohmann::json* json = reader.find(key);
  if (json == nullptr || json->is_null()) return;
  auto part = parse(*json, reader.place(key));
  if (part) {
    out = std::move(*part);
  } else {
    reader.problems_of(part.error());
  }
}

void disagreement(SettingsReader& reader, const BulkheadSettings& settings) {
  double shares = 0;
  std::set<std::string> names;
  for (const BulkheadGroup& group : settings.groups) {
    shares += group.share;
    if (group.name.empty() || !names.insert(group.name).second) {
      reader.problem("bulkhead.groups", "each needs a name of its own");
    }
    if (group.share > group.most)
      reader.problem("bulkhead.groups", "'" + group.name + "': share must not be above most");
  }
  if (shares > 1 + 1e-9) reader.problem("bulkhead.groups", "the shares add up to more than 1");
}

void disagreement(SettingsReader& reader, const DegradeSettings& settings) {
  std::set<std::string> names;
  for (std::size_t i = 0; i < settings.steps.size(); ++i) {
    const DegradeStep& step = settings.steps[i];
    const std::string at = "degrade.steps[" + std::to_string(i) + "]";
    if (step.name.empty() || !names.insert(step.name).second) reader.problem(at + ".name", "each needs one of its own");
    if (step.signal.empty()) reader.problem(at + ".signal", "is missing");
    if (step.off >= step.on) reader.problem(at + ".off", "must be below on, or the step would flutter");
  }
}

}  // namespace

Result<GuardSettings> parse_guard(const nlohmann::json& json, const std::string& place) {
  SettingsReader reader(json, place);
  GuardSettings settings;
  kind_part(reader, "limiter", settings.limiter, parse_limiter);
  kind_part(reader, "breaker", settings.breaker, parse_breaker);
  plain_parts(reader, settings);
  if (settings.bulkhead) disagreement(reader, *settings.bulkhead);
  if (settings.degrade) disagreement(reader, *settings.degrade);
  if (settings.lists) {
    const auto list = AddressList::make(*settings.lists, reader.place("lists"));
    if (!list) reader.problems_of(list.error());
  }
  if (auto error = reader.finish()) return tl::make_unexpected(std::move(*error));
  return settings;
}

nlohmann::json to_json(const GuardSettings& settings) {
  SettingsWriter writer;
  if (settings.limiter) writer.set("limiter", to_json(*settings.limiter));
  if (settings.breaker) writer.set("breaker", to_json(*settings.breaker));
  plain_parts(writer, settings);
  return writer.take();
}

}  // namespace tidemark::guard
