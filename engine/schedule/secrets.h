// The environment variables that a scenario uses as ${env:NAME}. Their values exist in the memory of a run and on the
// wire, nowhere else: what is written (manifest, logs, errors, saved requests, traces) goes through redacted().
// Constant after read: thread-safe.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/error.h"
#include "engine/schedule/scenario.h"

namespace tidemark::schedule {

// The names a scenario uses, sorted, each once.
std::vector<std::string> secret_names(const Scenario& scenario);

class Secrets {
 public:
  using Lookup = std::function<std::optional<std::string>(const std::string&)>;
  static std::optional<std::string> environment(const std::string& name);

  // Error: code usage, naming every variable that is not set.
  static Result<Secrets> read(const Scenario& scenario, const Lookup& lookup = environment);

  const std::string& value(const std::string& name) const;  // "" when the scenario does not use it
  bool empty() const { return values_.empty(); }
  // Every occurrence of a value, also percent-encoded or in Base64, is replaced by ${env:NAME}.
  std::string redacted(std::string_view text) const;

 private:
  std::map<std::string, std::string> values_;
};

}  // namespace tidemark::schedule
