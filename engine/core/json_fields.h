// Reads the fields of a JSON object that others wrote into typed variables. The first missing or ill-typed field is
// kept as an Error naming it, and later reads do nothing, so that a parser is a list of fields and one question at its
// end. Not thread-safe: one owner, for the length of one parse; the JSON must outlive it.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/error.h"

namespace tidemark {

class JsonFields {
 public:
  // `place` leads every message: "watermarks.ndjson:12: busy_seconds is missing".
  JsonFields(const nlohmann::json& json, std::string_view place);

  void text(const char* name, std::string& out);
  void flag(const char* name, bool& out);
  void number(const char* name, double& out);          // finite
  void number_or_null(const char* name, double& out);  // null, as JSON writes what is not finite, is read as NaN
  void integer(const char* name, std::int64_t& out);
  template <class Unsigned>
  void count(const char* name, Unsigned& out) {
    std::uint64_t wide = 0;
    count_up_to(name, std::numeric_limits<Unsigned>::max(), wide);
    if (!error_) out = static_cast<Unsigned>(wide);
  }
  void one_of(const char* name, std::initializer_list<std::string_view> allowed, std::string& out);
  void texts(const char* name, std::vector<std::string>& out);
  void numbers_by_name(const char* name, std::map<std::string, double>& out);
  void counts_by_name(const char* name, std::map<std::string, std::uint64_t>& out);
  void texts_by_name(const char* name, std::map<std::string, std::string>& out);
  // Reads a nested object, or each value of an object, or each element of an array, with a function of the same kind.
  void object(const char* name, const std::function<void(JsonFields&)>& read);
  void each_named(const char* name, const std::function<void(const std::string&, JsonFields&)>& read);
  void each(const char* name, const std::function<void(JsonFields&)>& read);

  bool has(const char* name) const { return json_.is_object() && json_.contains(name); }
  const std::optional<Error>& error() const { return error_; }

 private:
  const nlohmann::json* find(const char* name);
  void refuse(std::string_view name, std::string_view what);
  void count_up_to(const char* name, std::uint64_t highest, std::uint64_t& out);
  void nested(const nlohmann::json& json, const std::string& path, const std::function<void(JsonFields&)>& read);

  const nlohmann::json& json_;
  std::string place_;
  std::string path_;  // "nodes.product-1."
  std::optional<Error> error_;
};

}  // namespace tidemark
