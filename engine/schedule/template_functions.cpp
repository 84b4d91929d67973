#include "engine/schedule/template_functions.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "engine/core/base64.h"

namespace tidemark::schedule {
namespace {

using Function = Call::Function;

constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
constexpr std::int64_t kNanosPerMilli = 1'000'000;
constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::string_view kAlphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

std::int64_t floor_div(std::int64_t value, std::int64_t by) {
  return value / by - (value % by < 0 ? 1 : 0);
}

std::string random_text(std::int64_t length, Random& random) {
  std::string text;
  text.reserve(static_cast<std::size_t>(length));
  for (std::int64_t i = 0; i < length; ++i) text += kAlphanumeric[random.below(kAlphanumeric.size())];
  return text;
}

std::string now_text(const Call& call, std::int64_t epoch_ns) {
  if (__builtin_add_overflow(epoch_ns, call.offset.count(), &epoch_ns)) epoch_ns = 0;
  switch (call.format) {
    case Call::TimeFormat::iso:
      return iso_time(epoch_ns);
    case Call::TimeFormat::epoch_s:
      return std::to_string(floor_div(epoch_ns, kNanosPerSecond));
    case Call::TimeFormat::epoch_ms:
      return std::to_string(floor_div(epoch_ns, kNanosPerMilli));
  }
  return {};
}

std::string jwt(std::string_view key, std::string_view claims) {
  static const std::string header = to_base64url(R"({"alg":"HS256","typ":"JWT"})");
  const std::string signed_part = header + "." + to_base64url(claims);
  return signed_part + "." + to_base64url(hmac_sha256(key, signed_part));
}

}  // namespace

std::string call_function(const Call& call, std::span<const std::string> arguments, const CallContext& context) {
  const auto argument = [&](std::size_t i) {
    return i < arguments.size() ? std::string_view(arguments[i]) : std::string_view();
  };
  switch (call.function) {
    case Function::uuid:
      return uuid4(context.random);
    case Function::now:
      return now_text(call, context.epoch_ns);
    case Function::random: {
      const auto span = static_cast<std::uint64_t>(call.high) - static_cast<std::uint64_t>(call.low) + 1;
      return std::to_string(call.low + static_cast<std::int64_t>(context.random.below(span)));
    }
    case Function::random_string:
      return random_text(call.low, context.random);
    case Function::base64:
      return base64_encode(argument(0));
    case Function::base64url:
      return to_base64url(argument(0));
    case Function::hmac_sha256: {
      const std::string digest = hmac_sha256(argument(0), argument(1));
      return call.encoding == Call::Encoding::hex ? to_hex(digest) : base64_encode(digest);
    }
    case Function::jwt:
      return jwt(argument(0), argument(1));
    case Function::url:
      return url_encoded(argument(0));
    case Function::env:
    case Function::lua:
      break;
  }
  return {};
}

std::string uuid4(Random& random) {
  std::array<std::uint64_t, 2> bits = {random.next(), random.next()};
  bits[0] = (bits[0] & ~std::uint64_t{0xf000}) | 0x4000U;                        // version 4
  bits[1] = (bits[1] & ~(std::uint64_t{3} << 62U)) | (std::uint64_t{1} << 63U);  // the variant of RFC 9562
  std::string text;
  text.reserve(36);
  for (unsigned digit = 0; digit < 32; ++digit) {
    if (digit == 8 || digit == 12 || digit == 16 || digit == 20) text += '-';
    text += kHexDigits[(bits.at(digit / 16) >> (60 - 4 * (digit % 16))) & 15U];
  }
  return text;
}

std::string iso_time(std::int64_t epoch_ns) {
  using std::chrono::sys_days;
  // int64 nanoseconds span 1677 to 2262: every one of them is a year of four digits.
  const std::int64_t millis = floor_div(epoch_ns, kNanosPerMilli);
  const std::int64_t days = floor_div(millis, 86'400'000);
  const std::int64_t of_day = millis - days * 86'400'000;
  const std::chrono::year_month_day date{sys_days(std::chrono::days(days))};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), of_day / 3'600'000,
                     of_day / 60'000 % 60, of_day / 1000 % 60, of_day % 1000);
}

std::string hmac_sha256(std::string_view key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
       text.size(), digest.data(), &size);
  return {reinterpret_cast<const char*>(digest.data()), size};
}

std::string to_hex(std::string_view bytes) {
  std::string text;
  text.reserve(2 * bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += kHexDigits[byte >> 4U];
    text += kHexDigits[byte & 15U];
  }
  return text;
}

std::string to_base64url(std::string_view bytes) {
  std::string text = base64_encode(bytes);
  while (!text.empty() && text.back() == '=') text.pop_back();
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  return text;
}

std::string url_encoded(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~").find(c) != std::string_view::npos;
    if (plain) {
      encoded += c;
    } else {
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

}  // namespace tidemark::schedule
