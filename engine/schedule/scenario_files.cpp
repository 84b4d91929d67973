#include "engine/schedule/scenario_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <string_view>

namespace tidemark::schedule {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostFiles = 64;
constexpr std::size_t kDeepest = 8;  // included by an included file ...
constexpr std::array<std::string_view, 3> kJoinedMaps = {"parameters", "variables", "feeders"};
constexpr std::array<std::string_view, 4> kJoinedLists = {"flows", "setup", "teardown", "thresholds"};

using Pair = std::pair<const YamlNode*, const YamlNode*>;

class Merger {
 public:
  Merger(ValueReader& reader, const ReadText& read, MergedTree& result)
      : reader_(reader), read_(read), result_(result) {}

  // `number`: which of the reader's files this is. Null: it is empty.
  Result<const YamlNode*> file(const std::string& text, const std::string& name, const fs::path& base_dir, int number);

 private:
  Result<void> includes(const YamlNode& list, const fs::path& base_dir, YamlNode& into);
  void join(YamlNode& into, const YamlNode& from);
  const YamlNode* joined(const YamlNode& first, const YamlNode& second, bool map);

  ValueReader& reader_;
  const ReadText& read_;
  MergedTree& result_;
  std::vector<fs::path> chain_;  // from the file that was asked for to the one being read
  std::vector<fs::path> taken_;
};

Result<const YamlNode*> Merger::file(const std::string& text, const std::string& name, const fs::path& base_dir,
                                     int number) {
  auto tree = parse_yaml(text, name, number);
  if (!tree) return tl::make_unexpected(std::move(tree.error()));
  const YamlNode* root = result_.trees.emplace_back(std::move(*tree)).root;
  if (root == nullptr || root->kind != YamlNode::Kind::map) {
    return fail(ExitCode::usage, name + ":1",
                number == 0 ? "a scenario is a map with at least 'load' and 'flows'"
                            : "an included file is a map of a scenario's keys");
  }
  const auto include =
      std::ranges::find_if(root->pairs, [](const Pair& pair) { return pair.first->text == "include"; });
  if (include == root->pairs.end()) return root;
  YamlNode& merged = result_.made.emplace_back();
  merged.kind = YamlNode::Kind::map;
  merged.line = root->line;
  chain_.push_back(fs::path(name).lexically_normal());
  if (auto done = includes(*include->second, base_dir, merged); !done) return tl::make_unexpected(done.error());
  chain_.pop_back();
  YamlNode own = *root;
  std::erase_if(own.pairs, [](const Pair& pair) { return pair.first->text == "include"; });
  join(merged, own);
  return &merged;
}

Result<void> Merger::includes(const YamlNode& list, const fs::path& base_dir, YamlNode& into) {
  if (!reader_.is_sequence(list, "include", kMostFiles)) return {};
  for (std::size_t i = 0; i < list.items.size(); ++i) {
    const YamlNode& item = *list.items[i];
    const std::string field = fmt::format("include[{}]", i);
    if (item.kind != YamlNode::Kind::scalar || item.text.empty() || item.text.find('\0') != std::string::npos) {
      reader_.problem(item.line, field, "must name a file");
      continue;
    }
    const fs::path path = (fs::path(item.text).is_absolute() ? fs::path(item.text) : base_dir / item.text);
    const fs::path normal = path.lexically_normal();
    if (std::ranges::find(chain_, normal) != chain_.end()) {
      reader_.problem(item.line, field, fmt::format("{} includes itself", normal.string()));
      continue;
    }
    if (std::ranges::find(taken_, normal) != taken_.end()) continue;
    if (chain_.size() > kDeepest || taken_.size() >= kMostFiles) {
      reader_.problem(item.line, field,
                      fmt::format("more than {} files, or nested more than {} deep", kMostFiles, kDeepest));
      continue;
    }
    taken_.push_back(normal);
    const auto text = read_(normal);
    if (!text) {
      reader_.problem(item.line, field, text.error().message());
      continue;
    }
    const std::string name = normal.string();
    const fs::path dir = normal.has_parent_path() ? normal.parent_path() : fs::path(".");
    auto root = file(*text, name, dir, reader_.add_file(name, dir));
    if (!root) return tl::make_unexpected(std::move(root.error()));
    join(into, **root);
  }
  return {};
}

void Merger::join(YamlNode& into, const YamlNode& from) {
  for (const auto& [key, value] : from.pairs) {
    const std::string& word = key->text;
    const auto known = std::ranges::find_if(into.pairs, [&](const Pair& pair) { return pair.first->text == word; });
    if (known == into.pairs.end()) {
      into.pairs.emplace_back(key, value);
      continue;
    }
    const bool map = std::ranges::find(kJoinedMaps, word) != kJoinedMaps.end();
    const bool list = std::ranges::find(kJoinedLists, word) != kJoinedLists.end();
    const auto kind = map ? YamlNode::Kind::map : YamlNode::Kind::sequence;
    const bool both = (map || list) && known->second->kind == kind && value->kind == kind;
    const YamlNode* joint = both ? joined(*known->second, *value, map) : value;
    *known = {key, joint};
  }
}

const YamlNode* Merger::joined(const YamlNode& first, const YamlNode& second, bool map) {
  YamlNode& made = result_.made.emplace_back(first);
  made.line = second.line;
  if (map) {
    join(made, second);  // entries are no joined keys: the second's win
  } else {
    made.items.insert(made.items.end(), second.items.begin(), second.items.end());
  }
  return &made;
}

}  // namespace

Result<MergedTree> merge_files(ValueReader& reader, const std::string& text, const std::string& name,
                               const fs::path& base_dir, const ReadText& read) {
  MergedTree result;
  auto root = Merger(reader, read, result).file(text, name, base_dir, 0);
  if (!root) return tl::make_unexpected(std::move(root.error()));
  result.root = *root;
  return result;
}

Result<std::string> read_scenario_text(const fs::path& file) {
  std::error_code ignored;
  std::ifstream input;
  // A pipe or a device might never end.
  if (fs::is_regular_file(file, ignored)) input.open(file, std::ios::binary);
  if (!input.is_open()) {
    return fail(ExitCode::usage, file.string(), "cannot be read", "name a scenario file, or see scenarios/library");
  }
  // One byte beyond the limit is enough for the parser to refuse the rest.
  std::string text(YamlLimits{}.bytes + 1, '\0');
  input.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(input.gcount()));
  return text;
}

}  // namespace tidemark::schedule
