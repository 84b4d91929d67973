#include "engine/schedule/value_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/schedule/template_parser.h"

namespace tidemark::schedule {

static constexpr std::size_t kMostProblems = 100;

bool is_name(std::string_view text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  if (text.empty() || text.size() > 64 || !letter(text.front())) return false;
  return std::ranges::all_of(text, [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

bool is_json_pointer(std::string_view text) {
  if (text.size() > 256 || (!text.empty() && text.front() != '/')) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '~' && (i + 1 == text.size() || (text[i + 1] != '0' && text[i + 1] != '1'))) return false;
  }
  return true;
}

int ValueReader::add_file(std::string name, std::filesystem::path base_dir) {
  files_.push_back({std::move(name), std::move(base_dir)});
  return static_cast<int>(files_.size()) - 1;
}

void ValueReader::problem(Line line, const std::string& field, const std::string& what) {
  if (problems_.size() == kMostProblems) {
    ++untold_;
    return;
  }
  std::string text = fmt::format("{}:{}: {}{}{}", files_.at(static_cast<std::size_t>(line.file)).name, line.number,
                                 field, field.empty() ? "" : ": ", what);
  // One problem is one line, and quotes foreign text without letting it drive the terminal.
  std::ranges::replace_if(
      text, [](char c) { return (c >= 0 && c < ' ') || c == 0x7f; }, '?');
  problems_.push_back({line, std::move(text)});
}

Error ValueReader::error() const {
  std::vector<Problem> sorted = problems_;
  std::ranges::stable_sort(sorted, {}, &Problem::line);
  std::string all;
  for (const Problem& problem : sorted) all += (all.empty() ? "" : "\n") + problem.text;
  if (untold_ > 0) all += fmt::format("\n{}: and {} more problems", files_.front().name, untold_);
  return {ExitCode::usage, "", all, ""};
}

std::string ValueReader::hint(std::string_view word, std::span<const std::string> words) const {
  return problems_.size() < kMostProblems ? did_you_mean(word, words) : "";
}

std::function<std::optional<std::string>(const std::string&)> ValueReader::find_parameter() {
  return [this](const std::string& name) -> std::optional<std::string> {
    const auto parameter = parameters.find(name);
    if (parameter == parameters.end()) return std::nullopt;
    used_parameters.insert(name);
    return parameter->second;
  };
}

std::optional<Template> ValueReader::text_template(const YamlNode& node, const std::string& field) {
  if (node.kind != YamlNode::Kind::scalar) {
    problem(node.line, field, node.kind == YamlNode::Kind::null ? "is empty" : "must be text");
    return std::nullopt;
  }
  Template result;
  if (const auto wrong = parse_template(node.text, find_parameter(), result)) {
    problem(node.line, field, wrong->what + hint(wrong->word, wrong->words));
    return std::nullopt;
  }
  return result;
}

std::optional<std::string> ValueReader::text(const YamlNode& node, const std::string& field) {
  const auto found = text_template(node, field);
  if (!found) return std::nullopt;
  if (!found->constant()) {
    std::vector<std::string> names;
    for (const auto& [name, value] : parameters) names.push_back(name);
    const auto& hole = *std::ranges::find_if(found->pieces, [](const auto& piece) { return !piece.is_literal(); });
    problem(node.line, field,
            fmt::format("{} is not a parameter{}", source_of(Template{{hole}}), hint(hole.variable, names)));
    return std::nullopt;
  }
  return found->text();
}

std::optional<double> ValueReader::number(const YamlNode& node, const std::string& field, double low, double high) {
  const auto words = text(node, field);
  if (!words) return std::nullopt;
  const auto value = parse_number(*words);
  if (value && *value >= low && *value <= high) return value;
  problem(node.line, field, fmt::format("'{}' must be a number from {} to {}", *words, low, high));
  return std::nullopt;
}

std::optional<std::int64_t> ValueReader::integer(const YamlNode& node, const std::string& field, std::int64_t low,
                                                 std::int64_t high) {
  const auto words = text(node, field);
  if (!words) return std::nullopt;
  const auto value = parse_integer(*words);
  if (value && *value >= low && *value <= high) return value;
  problem(node.line, field, fmt::format("'{}' must be a whole number from {} to {}", *words, low, high));
  return std::nullopt;
}

std::optional<Nanos> ValueReader::duration(const YamlNode& node, const std::string& field, Nanos low, Nanos high) {
  const auto words = text(node, field);
  if (!words) return std::nullopt;
  const auto value = parse_duration(*words);
  if (!value) {
    problem(node.line, field,
            fmt::format("'{}' is not a duration: a number and ns, us, ms, s, m or h, as in 1.5s", *words));
  } else if (*value < low || *value > high) {
    problem(node.line, field,
            fmt::format("{} is outside {} to {}", *words, format_duration(low), format_duration(high)));
  } else {
    return value;
  }
  return std::nullopt;
}

std::optional<std::size_t> ValueReader::word(const YamlNode& node, const std::string& field,
                                             std::span<const std::string> words) {
  const auto given = text(node, field);
  if (!given) return std::nullopt;
  const auto found = std::ranges::find(words, *given);
  if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  problem(node.line, field, fmt::format("'{}' is none of {}{}", *given, fmt::join(words, ", "), hint(*given, words)));
  return std::nullopt;
}

std::filesystem::path ValueReader::file(const YamlNode& node, const std::string& field) {
  const auto name = text(node, field);
  if (!name) return {};
  if (name->empty() || name->find('\0') != std::string::npos) {
    problem(node.line, field, "must name a file");
    return {};
  }
  const std::filesystem::path file = *name;
  const auto& base_dir = files_.at(static_cast<std::size_t>(node.line.file)).base_dir;
  return file.is_absolute() || base_dir == "." ? file : base_dir / file;
}

bool ValueReader::is_map(const YamlNode& node, const std::string& field) {
  if (node.kind == YamlNode::Kind::map) return true;
  problem(node.line, field, "must be a map of keys and values");
  return false;
}

bool ValueReader::is_sequence(const YamlNode& node, const std::string& field, std::size_t most) {
  if (node.kind != YamlNode::Kind::sequence) {
    problem(node.line, field, "must be a list");
    return false;
  }
  if (node.items.size() <= most) return true;
  problem(node.line, field, fmt::format("has {} entries, at most {} are allowed", node.items.size(), most));
  return false;
}

Fields::Fields(ValueReader& reader, const YamlNode& map, std::string path,
               std::initializer_list<std::string_view> known)
    : reader_(reader), map_(map), path_(std::move(path)) {
  const std::vector<std::string> words(known.begin(), known.end());
  for (const auto& [key, value] : map_.pairs) {
    if (std::ranges::find(words, key->text) != words.end()) continue;
    reader_.problem(key->line, this->path(key->text), fmt::format("unknown key{}", reader_.hint(key->text, words)));
  }
}

const YamlNode* Fields::find(std::string_view key) const {
  for (const auto& [name, value] : map_.pairs) {
    if (name->text == key) return value;
  }
  return nullptr;
}

const YamlNode* Fields::require(std::string_view key) const {
  const YamlNode* found = find(key);
  if (found == nullptr) reader_.problem(map_.line, path(key), "is missing");
  return found;
}

std::string Fields::path(std::string_view key) const {
  return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
}

}  // namespace tidemark::schedule
