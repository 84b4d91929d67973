// A scenario's text and that of the files it includes, as one tree. Internal to engine/schedule.
#pragma once

#include <deque>
#include <filesystem>
#include <string>

#include "engine/core/error.h"
#include "engine/schedule/scenario.h"
#include "engine/schedule/value_reader.h"
#include "engine/schedule/yaml_tree.h"

namespace tidemark::schedule {

struct MergedTree {
  std::deque<YamlTree> trees;  // one a file, which own the nodes
  std::deque<YamlNode> made;   // maps and lists put together from several files
  const YamlNode* root = nullptr;
};

// What `include` names stands before the file that names it: maps of names (parameters, variables, feeders) are joined,
// the including file's entry winning; lists (flows, set-up, tear-down, thresholds) are joined, the included ones first;
// of every other key the including file's value wins. A file that is named twice is taken once. Problems of `include`
// itself go to `reader`; a file that is no YAML map is the error that comes back.
Result<MergedTree> merge_files(ValueReader& reader, const std::string& text, const std::string& name,
                               const std::filesystem::path& base_dir, const ReadText& read);

}  // namespace tidemark::schedule
