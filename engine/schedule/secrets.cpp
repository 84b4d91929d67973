#include "engine/schedule/secrets.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "engine/core/base64.h"
#include "engine/schedule/template_functions.h"

namespace tidemark::schedule {
namespace {

// A value this short stands in texts by chance, and guessing it takes no leak.
constexpr std::size_t kShortestRedacted = 4;

void replace_all(std::string& text, const std::string& what, const std::string& with) {
  if (what.size() < kShortestRedacted) return;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
}

}  // namespace

std::vector<std::string> secret_names(const Scenario& scenario) {
  std::set<std::string> names;
  for_each_template(scenario, [&names](const Template& text) {
    for_each_piece(text, [&names](const Template::Piece& piece) {
      for (const Call& call : piece.call) {
        if (call.function == Call::Function::env) names.insert(call.name);
      }
    });
  });
  return {names.begin(), names.end()};
}

std::optional<std::string> Secrets::environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

Result<Secrets> Secrets::read(const Scenario& scenario, const Lookup& lookup) {
  Secrets secrets;
  std::vector<std::string> missing;
  for (const std::string& name : secret_names(scenario)) {
    if (auto value = lookup(name)) {
      secrets.values_.emplace(name, std::move(*value));
    } else {
      missing.push_back("${env:" + name + "}");
    }
  }
  if (!missing.empty()) {
    return fail(
        ExitCode::usage, scenario.name,
        fmt::format("{} {} not set in the environment", fmt::join(missing, ", "), missing.size() == 1 ? "is" : "are"),
        "export it before the run");
  }
  return secrets;
}

const std::string& Secrets::value(const std::string& name) const {
  static const std::string nothing;
  const auto found = values_.find(name);
  return found == values_.end() ? nothing : found->second;
}

std::string Secrets::redacted(std::string_view text) const {
  std::string result(text);
  // Longer ones first: one secret may be the beginning of another.
  std::vector<const std::pair<const std::string, std::string>*> by_length;
  for (const auto& entry : values_) by_length.push_back(&entry);
  std::ranges::stable_sort(by_length, [](const auto* a, const auto* b) { return a->second.size() > b->second.size(); });
  for (const auto* entry : by_length) {
    const std::string mark = "${env:" + entry->first + "}";
    replace_all(result, entry->second, mark);
    replace_all(result, url_encoded(entry->second), mark);
    replace_all(result, base64_encode(entry->second), mark);
  }
  return result;
}

}  // namespace tidemark::schedule
