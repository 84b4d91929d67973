// A YAML document as a plain tree in which every value knows its line, and which foreign input cannot blow up: size,
// depth and what aliases expand to are bounded while the parser's events arrive (yaml-cpp's own Node type bounds none
// of them). Thread-safe: constant after parse_yaml.
#pragma once

#include <compare>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/error.h"

namespace tidemark::schedule {

struct YamlLimits {
  std::size_t bytes = 1 << 20;
  std::size_t values = 100'000;  // after every alias is expanded
  int depth = 32;
};

// Where a value stands: a line, from 1, of one of the files that a tree was put together from.
struct Line {
  int file = 0;  // 0: the one that was asked for
  int number = 0;
  auto operator<=>(const Line&) const = default;
};

struct YamlNode {
  enum class Kind { null, scalar, sequence, map } kind = Kind::null;
  bool quoted = false;  // '...', "..." or a block scalar: text even where it looks like a number
  std::string text;     // of a scalar
  Line line;
  std::vector<const YamlNode*> items;                              // of a sequence
  std::vector<std::pair<const YamlNode*, const YamlNode*>> pairs;  // of a map, as written; keys are scalars, each once
  std::size_t values = 1;                                          // this one and all below it, aliases expanded
  int height = 1;
};

struct YamlTree {
  std::deque<YamlNode> nodes;      // owns; a deque because the tree points into it
  const YamlNode* root = nullptr;  // null for an empty document
};

// Exactly one document (or none). Errors: code usage, place "FILE:LINE". `file` is put into every node's line.
Result<YamlTree> parse_yaml(const std::string& text, const std::string& name, int file = 0,
                            const YamlLimits& limits = {});

}  // namespace tidemark::schedule
