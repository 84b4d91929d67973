#include "engine/schedule/yaml_tree.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>
#include <string_view>

namespace tidemark::schedule {
namespace {

struct Refusal {  // thrown through yaml-cpp's parser, caught in parse_yaml
  int line;
  std::string what;
};

class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(YamlTree& tree, int file, const YamlLimits& limits) : tree_(tree), file_(file), limits_(limits) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) throw Refusal{mark.line + 1, "a second document: a scenario is one document"};
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    finish(open(YamlNode::Kind::null, mark, anchor));
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode* node = open(YamlNode::Kind::scalar, mark, anchor);
    node->text = value;
    node->quoted = tag == "!";
    finish(node);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end() || std::find(open_.begin(), open_.end(), found->second) != open_.end()) {
      throw Refusal{mark.line + 1, "an alias inside the value that it stands for"};
    }
    attach(found->second, mark.line + 1);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    enter(open(YamlNode::Kind::sequence, mark, anchor));
  }
  void OnSequenceEnd() override { leave(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    enter(open(YamlNode::Kind::map, mark, anchor));
  }
  void OnMapEnd() override { leave(); }

 private:
  YamlNode* open(YamlNode::Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (tree_.nodes.size() >= limits_.values) {
      throw Refusal{mark.line + 1, fmt::format("more than {} values", limits_.values)};
    }
    YamlNode* node = &tree_.nodes.emplace_back();
    node->kind = kind;
    node->line = {.file = file_, .number = mark.line + 1};
    if (anchor != YAML::NullAnchor) anchors_[anchor] = node;
    return node;
  }
  void enter(YamlNode* node) {
    open_.push_back(node);
    keys_.push_back(nullptr);
    if (static_cast<int>(open_.size()) > limits_.depth) {
      throw Refusal{node->line.number, fmt::format("nested more than {} deep", limits_.depth)};
    }
  }
  void leave() {
    YamlNode* node = open_.back();
    open_.pop_back();
    keys_.pop_back();
    finish(node);
  }
  void finish(YamlNode* node) { attach(node, node->line.number); }

  void attach(const YamlNode* node, int line) {
    if (open_.empty()) {
      tree_.root = node;
      return;
    }
    YamlNode* parent = open_.back();
    if (parent->kind == YamlNode::Kind::map && keys_.back() == nullptr) {
      if (node->kind != YamlNode::Kind::scalar) throw Refusal{line, "a key that is not text"};
      if (!seen_.insert({parent, node->text}).second) {
        throw Refusal{line, fmt::format("the key '{}' is written twice", node->text)};
      }
      keys_.back() = node;
      return;
    }
    if (parent->kind == YamlNode::Kind::map) {
      parent->pairs.emplace_back(keys_.back(), node);
      keys_.back() = nullptr;
      ++parent->values;
    } else {
      parent->items.push_back(node);
    }
    parent->values += node->values;
    parent->height = std::max(parent->height, node->height + 1);
    if (parent->values > limits_.values) {
      throw Refusal{line, fmt::format("aliases expand to more than {} values", limits_.values)};
    }
    if (static_cast<int>(open_.size()) + node->height > limits_.depth) {
      throw Refusal{line, fmt::format("nested more than {} deep", limits_.depth)};
    }
  }

  YamlTree& tree_;
  int file_;
  const YamlLimits& limits_;
  int documents_ = 0;
  std::vector<YamlNode*> open_;
  std::vector<const YamlNode*> keys_;  // per open node: the key that waits for its value
  std::map<YAML::anchor_t, const YamlNode*> anchors_;
  std::set<std::pair<const YamlNode*, std::string_view>> seen_;  // views into nodes, which never move
};

// Well-formed UTF-8 without NUL (RFC 3629). Returns the offset of the first bad byte, or npos.
std::size_t first_bad_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const int length = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
    if (lead == 0 || length == 0 || i + static_cast<std::size_t>(length) > text.size()) return i;
    for (int k = 1; k < length; ++k) {
      const auto byte = static_cast<unsigned char>(text[i + static_cast<std::size_t>(k)]);
      if ((byte & 0xc0) != 0x80) return i;
      // Over-long forms, surrogates, beyond U+10FFFF.
      if (k == 1 && ((lead == 0xe0 && byte < 0xa0) || (lead == 0xed && byte > 0x9f) || (lead == 0xf0 && byte < 0x90) ||
                     (lead == 0xf4 && byte > 0x8f))) {
        return i;
      }
    }
    i += static_cast<std::size_t>(length);
  }
  return std::string_view::npos;
}

}  // namespace

Result<YamlTree> parse_yaml(const std::string& text, const std::string& name, int file, const YamlLimits& limits) {
  const auto refuse = [&name](long line, std::string what) {
    return fail(ExitCode::usage, fmt::format("{}:{}", name, line), std::move(what));
  };
  if (text.size() > limits.bytes) return refuse(1, fmt::format("larger than {} bytes", limits.bytes));
  if (const std::size_t bad = first_bad_utf8(text); bad != std::string_view::npos) {
    return refuse(1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(bad), '\n'),
                  "not UTF-8 text");
  }
  YamlTree tree;
  try {
    std::istringstream input(text);
    YAML::Parser parser(input);
    TreeBuilder builder(tree, file, limits);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Refusal& refusal) {
    return refuse(refusal.line, refusal.what);
  } catch (const YAML::Exception& error) {
    return refuse(error.mark.is_null() ? 1 : error.mark.line + 1, error.msg);
  }
  return tree;
}

}  // namespace tidemark::schedule
