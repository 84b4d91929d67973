// Reads typed values out of a YAML tree and collects every problem on the way, each with its line and field, so that a
// person mends a scenario in one round. Also where ${parameters} are put in. Internal to engine/schedule. Not
// thread-safe: one parse.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/units.h"
#include "engine/core/words.h"
#include "engine/schedule/scenario.h"
#include "engine/schedule/yaml_tree.h"

namespace tidemark::schedule {

// Words of core, under the names by which this folder has always called them.
using tidemark::did_you_mean;
using tidemark::format_duration;
using tidemark::nearest_word;
using tidemark::parse_duration;
using tidemark::parse_integer;
using tidemark::parse_number;
// A letter or "_", then letters, digits and "_"; at most 64 bytes.
bool is_name(std::string_view text);
// RFC 6901, at most 256 bytes.
bool is_json_pointer(std::string_view text);

class ValueReader {
 public:
  // Files named in it are relative to `base_dir`.
  explicit ValueReader(std::string file, std::filesystem::path base_dir = ".")
      : files_{{std::move(file), std::move(base_dir)}} {}

  // A file that the scenario includes: nodes whose line carries the number it returns came from there.
  int add_file(std::string name, std::filesystem::path base_dir);

  void problem(Line line, const std::string& field, const std::string& what);
  bool clean() const { return problems_.empty(); }
  Error error() const;  // all problems, by line; at most 100 of them
  // did_you_mean, until so many problems are known that a hint would only cost time.
  std::string hint(std::string_view word, std::span<const std::string> words) const;

  std::map<std::string, std::string> parameters;
  std::set<std::string> used_parameters;

  // Looks a parameter up and notes that it is used.
  std::function<std::optional<std::string>(const std::string&)> find_parameter();

  // ${parameter} becomes text, any other ${name} a hole, "$$" a dollar sign.
  std::optional<Template> text_template(const YamlNode& node, const std::string& field);
  // The same where no hole may remain.
  std::optional<std::string> text(const YamlNode& node, const std::string& field);
  std::optional<double> number(const YamlNode& node, const std::string& field, double low, double high);
  std::optional<std::int64_t> integer(const YamlNode& node, const std::string& field, std::int64_t low,
                                      std::int64_t high);
  std::optional<Nanos> duration(const YamlNode& node, const std::string& field, Nanos low, Nanos high);
  // One of `words`; its index.
  std::optional<std::size_t> word(const YamlNode& node, const std::string& field, std::span<const std::string> words);

  // The name of a file next to the one it stands in.
  std::filesystem::path file(const YamlNode& node, const std::string& field);

  bool is_map(const YamlNode& node, const std::string& field);
  bool is_sequence(const YamlNode& node, const std::string& field, std::size_t most);

 private:
  struct Problem {
    Line line;
    std::string text;
  };
  struct File {
    std::string name;
    std::filesystem::path base_dir;
  };
  std::vector<File> files_;
  std::vector<Problem> problems_;
  std::size_t untold_ = 0;  // problems beyond the first hundred
};

// The fields of one map. Keys outside `known` are reported at once, with the nearest known one.
class Fields {
 public:
  Fields(ValueReader& reader, const YamlNode& map, std::string path, std::initializer_list<std::string_view> known);

  // Null when absent. A key with an empty value counts as present.
  const YamlNode* find(std::string_view key) const;
  // As find, and a problem when absent.
  const YamlNode* require(std::string_view key) const;
  std::string path(std::string_view key) const;  // "load.stages"
  Line line() const { return map_.line; }

 private:
  ValueReader& reader_;
  const YamlNode& map_;
  std::string path_;
};

}  // namespace tidemark::schedule
