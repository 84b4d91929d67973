#include "scenarios/shop/limits.h"

#include <cmath>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

namespace tidemark::shop {

using nlohmann::json;

Result<std::optional<AdmissionLimit>> parse_limit(const std::string& text, const std::string& place,
                                                  const std::string& service) {
  const json parsed = json::parse(text, nullptr, false);
  if (!parsed.is_object()) return fail(ExitCode::usage, place, "not a JSON object");
  if (parsed.value("schema", json()) != "tidemark.limits/1") {
    return fail(ExitCode::usage, place + ": schema", "must be \"tidemark.limits/1\"");
  }
  const json limits = parsed.value("limits", json());
  if (!limits.is_object()) return fail(ExitCode::usage, place + ": limits", "must be an object");
  const auto found = limits.find(service);
  if (found == limits.end()) return std::nullopt;
  auto positive = [&](const char* name) {
    const json value = found->is_object() ? found->value(name, json()) : json();
    return value.is_number() && std::isfinite(value.get<double>()) ? value.get<double>() : 0.0;
  };
  const double rate = positive("rate"), burst = positive("burst");
  const std::string field = place + ": limits." + service;
  if (rate <= 0) return fail(ExitCode::usage, field + ".rate", "must be a number above 0 (requests a second)");
  if (burst < 1) return fail(ExitCode::usage, field + ".burst", "must be a number of at least 1");
  return AdmissionLimit{Rate::per_second(rate), burst};
}

Result<std::optional<AdmissionLimit>> read_limit(const std::filesystem::path& file, const std::string& service) {
  std::ifstream stream(file);
  if (!stream) return fail(ExitCode::usage, file.string(), "cannot be read");
  const std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  return parse_limit(text, file.string(), service);
}

}  // namespace tidemark::shop
