// Settings as JSON, read and written by one list of fields: a function template `fields(visitor, settings)` that names
// each field once, with its range, serves SettingsReader and SettingsWriter, so the two cannot drift apart. A reader
// collects every problem, each with its place and, for a word that is none, the nearest valid one. A field that is
// absent keeps the value it has. Scalars may also come as text ("0.5", "true"), as a YAML reader without types gives
// them; durations are "50ms". Not thread-safe: one owner, for the length of one parse; the JSON must outlive it.
#pragma once

#include <concepts>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/units.h"

namespace tidemark {

class SettingsReader {
 public:
  // `place` leads every message: "topology.yaml:12: services.order.guard".
  SettingsReader(const nlohmann::json& json, std::string place);

  void number(const char* key, double& out, double low, double high);
  template <std::unsigned_integral Count>
  void count(const char* key, Count& out, std::uint64_t low, std::uint64_t high) {
    std::uint64_t wide = out;
    whole(key, wide, low, high);
    out = static_cast<Count>(wide);
  }
  void flag(const char* key, bool& out);
  void duration(const char* key, Nanos& out, Nanos low, Nanos high);
  void text(const char* key, std::string& out);
  void texts(const char* key, std::vector<std::string>& out);
  // names[i] is the word of the enumerator with the value i.
  template <class Enum>
  void word(const char* key, Enum& out, std::span<const std::string_view> names) {
    auto index = static_cast<std::size_t>(out);
    one_of(key, index, names);
    out = static_cast<Enum>(index);
  }
  // A part of its own: `read(SettingsReader&, part)`. Optional parts: absent or null is none, {} is its defaults.
  template <class Part, class Read>
  void part(const char* key, Part& out, Read read) {
    if (const nlohmann::json* json = find_object(key)) nested(*json, key, [&](auto& in) { read(in, out); });
  }
  template <class Part, class Read>
  void optional_part(const char* key, std::optional<Part>& out, Read read) {
    const nlohmann::json* json = find(key);
    if (json == nullptr) return;
    out.reset();
    if (json->is_null()) return;
    out.emplace();
    if (is_object(*json, key)) nested(*json, key, [&](auto& in) { read(in, *out); });
  }
  template <class Part, class Read>
  void list(const char* key, std::vector<Part>& out, std::size_t most, Read read) {
    const nlohmann::json* json = find_list(key, most);
    if (json == nullptr) return;
    out.clear();
    for (std::size_t i = 0; i < json->size(); ++i) {
      const std::string name = std::string(key) + "[" + std::to_string(i) + "]";
      out.emplace_back();
      if (is_object((*json)[i], name)) nested((*json)[i], name, [&](auto& in) { read(in, out.back()); });
    }
  }

  // Says that `key` is read by other means: the value, or null when absent.
  const nlohmann::json* find(const char* key);
  // One more problem of this object; an empty key means the object itself.
  void problem(std::string_view key, const std::string& what);
  // Several problems that another parser found under `key`, its places included.
  void problems_of(const Error& error);
  std::string place(std::string_view key) const;
  // All problems, one a line, keys that nobody asked for among them. Ends the reading.
  std::optional<Error> finish();

 private:
  SettingsReader(const nlohmann::json& json, std::string place, std::vector<std::string> problems);
  template <class Read>
  void nested(const nlohmann::json& json, std::string_view key, Read read) {
    SettingsReader inner(json, place(key), std::move(problems_));
    read(inner);
    inner.refuse_unknown();
    problems_ = std::move(inner.problems_);
  }
  bool is_object(const nlohmann::json& json, std::string_view key);
  const nlohmann::json* find_object(const char* key);
  const nlohmann::json* find_list(const char* key, std::size_t most);
  void whole(const char* key, std::uint64_t& out, std::uint64_t low, std::uint64_t high);
  void one_of(const char* key, std::size_t& index, std::span<const std::string_view> names);
  void refuse_unknown();

  const nlohmann::json& json_;
  std::string place_;
  std::vector<std::string> problems_;
  std::vector<std::string> known_;
};

class SettingsWriter {
 public:
  void number(const char* key, double value, double, double) { json_[key] = value; }
  template <std::unsigned_integral Count>
  void count(const char* key, Count value, std::uint64_t, std::uint64_t) {
    json_[key] = value;
  }
  void flag(const char* key, bool value) { json_[key] = value; }
  void duration(const char* key, Nanos value, Nanos, Nanos);
  void text(const char* key, const std::string& value) { json_[key] = value; }
  void texts(const char* key, const std::vector<std::string>& value) { json_[key] = value; }
  template <class Enum>
  void word(const char* key, Enum value, std::span<const std::string_view> names) {
    json_[key] = names[static_cast<std::size_t>(value)];
  }
  template <class Part, class Write>
  void part(const char* key, const Part& value, Write write) {
    SettingsWriter inner;
    write(inner, value);
    json_[key] = std::move(inner.json_);
  }
  template <class Part, class Write>
  void optional_part(const char* key, const std::optional<Part>& value, Write write) {
    if (value) part(key, *value, write);
  }
  template <class Part, class Write>
  void list(const char* key, const std::vector<Part>& values, std::size_t, Write write) {
    nlohmann::json all = nlohmann::json::array();
    for (const Part& value : values) {
      SettingsWriter inner;
      write(inner, value);
      all.push_back(std::move(inner.json_));
    }
    json_[key] = std::move(all);
  }
  void set(const char* key, nlohmann::json value) { json_[key] = std::move(value); }
  nlohmann::json take() { return std::move(json_); }

 private:
  nlohmann::json json_ = nlohmann::json::object();
};

}  // namespace tidemark
