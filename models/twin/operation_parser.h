// Parts of a twin file: operations with their service times and calls, guard blocks, and the small readers of single
// values. Internal to models/twin; every problem goes to the ValueReader. Not thread-safe: one parse.
#pragma once

#include <concepts>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/schedule/value_reader.h"
#include "models/twin/system.h"

namespace tidemark::twin {

Operation operation_of(schedule::ValueReader& in, const std::string& name, const schedule::YamlNode& node,
                       const std::string& path);
// "service.operation"; operations may have dots in their names.
void target(schedule::ValueReader& in, const schedule::YamlNode& node, const std::string& path, std::string& service,
            std::string& operation);
guard::GuardSettings guard_of(schedule::ValueReader& in, const schedule::YamlNode& node, const std::string& path);

void number(schedule::ValueReader& in, const schedule::Fields& fields, std::string_view key, double& out, double low,
            double high);
void flag(schedule::ValueReader& in, const schedule::Fields& fields, std::string_view key, bool& out);
void count(schedule::ValueReader& in, const schedule::Fields& fields, std::string_view key, std::uint32_t& out,
           std::uint32_t low, std::uint32_t high);
// words[i] is the word of the enumerator with the value i.
template <class Enum>
void word(schedule::ValueReader& in, const schedule::Fields& fields, std::string_view key, Enum& out,
          std::span<const std::string_view> words) {
  const auto* node = fields.find(key);
  if (node == nullptr) return;
  const std::vector<std::string> all(words.begin(), words.end());
  if (const auto index = in.word(*node, fields.path(key), all)) out = static_cast<Enum>(*index);
}

}  // namespace tidemark::twin
