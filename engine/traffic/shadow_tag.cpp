#include "engine/traffic/shadow_tag.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace tidemark::traffic {
namespace {

constexpr std::size_t kRunDigits = 16;
constexpr std::size_t kHmacDigits = 32;
constexpr std::size_t kFlowMax = 32;

bool lower_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool flow_name(std::string_view text) {
  return !text.empty() && text.size() <= kFlowMax && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

std::string digest_of(const std::string& key, std::string_view run, std::string_view flow) {
  std::string text;
  text.reserve(run.size() + 1 + flow.size());
  text.append(run).append(";").append(flow);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
       text.size(), digest.data(), &length);
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  hex.reserve(kHmacDigits);
  for (std::size_t i = 0; i < kHmacDigits / 2; ++i) {
    hex += kDigits[digest[i] >> 4];
    hex += kDigits[digest[i] & 15];
  }
  return hex;
}

}  // namespace

std::string ShadowTag::header_value() const {
  if (live()) return "live";
  std::string value;
  value.reserve(run.size() + flow.size() + hmac.size() + 2);
  return value.append(run).append(";").append(flow).append(";").append(hmac);
}

std::optional<ShadowTag> parse_tag(std::string_view header_value) {
  if (header_value == "live") return ShadowTag{};
  const std::size_t first = header_value.find(';');
  if (first != kRunDigits) return std::nullopt;
  const std::size_t second = header_value.find(';', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const std::string_view run = header_value.substr(0, first);
  const std::string_view flow = header_value.substr(first + 1, second - first - 1);
  const std::string_view hmac = header_value.substr(second + 1);
  if (!lower_hex(run) || !flow_name(flow) || hmac.size() != kHmacDigits || !lower_hex(hmac)) return std::nullopt;
  return ShadowTag{std::string(run), std::string(flow), std::string(hmac)};
}

TagSigner::TagSigner(std::string key) : key_(std::move(key)) {
  if (key_.size() < 16) throw std::invalid_argument("the key of the shadow tag needs at least 16 bytes");
}

ShadowTag TagSigner::sign(std::string_view run, std::string_view flow) const {
  return ShadowTag{std::string(run), std::string(flow), digest_of(key_, run, flow)};
}

bool TagSigner::genuine(const ShadowTag& tag) const {
  if (tag.live()) return true;
  if (tag.hmac.size() != kHmacDigits) return false;
  const std::string expected = digest_of(key_, tag.run, tag.flow);
  return CRYPTO_memcmp(expected.data(), tag.hmac.data(), kHmacDigits) == 0;
}

}  // namespace tidemark::traffic
