// What `if:` and `while:` ask: comparisons of templates, joined by and, or, not. docs/scenario.md has the grammar.
// Plain values; thread-safe.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/core/pattern.h"
#include "engine/schedule/template.h"

namespace tidemark::schedule {

struct Condition {
  enum class Kind {
    all,    // every one of `parts` (two or more)
    any,    // one of `parts` (two or more)
    none,   // `parts[0]` is false
    equal,  // left == right: as numbers if both are numbers, else byte for byte. So are the next three
    unequal,
    below,
    above,
    at_most,
    at_least,
    contains,  // right stands in left
    matches,   // `pattern` is found in left
    exists,    // left is not empty: a capture that was not taken yet is
  } kind = Kind::exists;
  std::vector<Condition> parts{};
  Template left{}, right{};
  Pattern pattern{};
};

using RenderText = std::function<std::string(const Template&)>;  // fills every hole

bool holds(const Condition& condition, const RenderText& render);

// Every template in it.
template <class Visit>
void for_each_template(const Condition& condition, const Visit& visit) {
  for (const Condition& part : condition.parts) for_each_template(part, visit);
  visit(condition.left);
  visit(condition.right);
}

// As a scenario writes it: parsing it again gives the same condition.
std::string source_of(const Condition& condition);

}  // namespace tidemark::schedule
