// The words in which faults are asked for, "slow=50ms errors=0.2 stall": a word, or a word with a value. Splits them,
// and collects what is wrong with all of them at once. Thread-safe: no shared state; a reader has one owner.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/units.h"

namespace tidemark {

class FaultWords {
 public:
  explicit FaultWords(std::span<const std::string> words) : words_(words) {}

  // Calls `take(key, value)` for each word; value is nullopt for a word without "=". `take` answers whether it knows
  // the key; `known` are the keys for the hint. A word written twice is a problem.
  void each(std::span<const std::string> known,
            const std::function<bool(const std::string& key, std::optional<std::string_view> value)>& take);
  void problem(const std::string& what) { problems_.push_back(what); }
  bool clean() const { return problems_.empty(); }
  Error error(const std::string& advice) const;  // exit 2, one problem a line

  // Each notes a problem that names `key` when the value is not what is asked for.
  void duration(const std::string& key, std::optional<std::string_view> value, Nanos high, Nanos& out);
  void share(const std::string& key, std::optional<std::string_view> value, double& out);  // "0.2" or "20%"
  void flag(const std::string& key, std::optional<std::string_view> value, bool& out);     // must have no value

 private:
  std::span<const std::string> words_;
  std::vector<std::string> problems_;
};

}  // namespace tidemark
