#include "scenarios/shop/tag_gate.h"

#include <utility>

namespace tidemark::shop {
namespace {
constexpr std::size_t kRemembered = 256;  // four runs of 64 flows
}

TagGate::TagGate(std::string key, bool edge) : signer_(std::move(key)), edge_(edge) {}

TagGate::Decision TagGate::decide(std::string_view header_value) {
  if (header_value.empty()) return {edge_ ? Verdict::decided : Verdict::absent, {}};
  if (header_value == "live") return {Verdict::decided, {}};
  std::string value(header_value);
  if (const auto known = verified_.find(value); known != verified_.end()) return {Verdict::decided, known->second};
  auto tag = traffic::parse_tag(header_value);
  if (!tag) return {Verdict::malformed, {}};
  if (!signer_.genuine(*tag)) return {Verdict::forged, {}};
  if (verified_.size() >= kRemembered) verified_.clear();
  verified_.emplace(std::move(value), *tag);
  return {Verdict::decided, std::move(*tag)};
}

const char* text_of(TagGate::Verdict verdict) {
  switch (verdict) {
    case TagGate::Verdict::decided:
      return "decided";
    case TagGate::Verdict::absent:
      return "absent";
    case TagGate::Verdict::malformed:
      return "malformed";
    case TagGate::Verdict::forged:
      return "forged";
  }
  return "";
}

}  // namespace tidemark::shop
