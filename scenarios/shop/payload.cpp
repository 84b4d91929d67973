#include "scenarios/shop/payload.h"

#include <nlohmann/json.hpp>

namespace tidemark::shop {

std::string stamped(nlohmann::json fields, const traffic::ShadowTag& tag) {
  fields[kRunField] = tag.run;
  return fields.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

PayloadRun run_of(std::string_view payload) {
  const nlohmann::json object = nlohmann::json::parse(payload, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return {};
  const auto run = object.find(kRunField);
  if (run == object.end()) return {PayloadRun::Kind::absent, {}};
  if (!run->is_string()) return {};
  return {PayloadRun::Kind::present, run->get<std::string>()};
}

std::optional<std::string> payload_problem(std::string_view payload, const traffic::ShadowTag& tag) {
  const PayloadRun found = run_of(payload);
  if (found.kind == PayloadRun::Kind::unreadable) return "payload is no JSON object with a text field \"_run\"";
  if (found.kind == PayloadRun::Kind::absent) return "payload has no field \"_run\"";
  if (found.run == tag.run) return std::nullopt;
  return "payload says \"_run\": \"" + found.run.substr(0, 64) + "\" but the tag says \"" + tag.run + "\"";
}

std::string query_encoded(std::string_view text) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '.' || c == '_' || c == '~';
    if (plain) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
  return out;
}

}  // namespace tidemark::shop
