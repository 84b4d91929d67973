#include "reports/numbers.h"

#include <fmt/format.h>

#include <cmath>

namespace tidemark::report {
namespace {

constexpr const char* kNone = "\xE2\x80\x93";  // en dash

std::string grouped(std::string digits) {
  const std::size_t start = digits.starts_with('-') ? 1 : 0;
  std::size_t end = digits.find('.');
  if (end == std::string::npos) end = digits.size();
  for (std::size_t at = end; at > start + 3;) digits.insert(at -= 3, ",");
  return digits;
}

// Three significant digits, no fewer than whole numbers.
std::string three_digits(double value) {
  const double size = std::abs(value);
  return fixed(value, size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2);
}

}  // namespace

std::string count(std::uint64_t value) {
  return grouped(fmt::format("{}", value));
}

std::string counted(std::uint64_t value, std::string_view noun, std::string_view plural) {
  if (value == 1) return fmt::format("1 {}", noun);
  return plural.empty() ? fmt::format("{} {}s", count(value), noun) : fmt::format("{} {}", count(value), plural);
}

std::string fixed(double value, int digits) {
  if (!std::isfinite(value)) return kNone;
  std::string text = fmt::format("{:.{}f}", value, digits);
  if (text.find_first_not_of("-0.") == std::string::npos && text.starts_with('-')) text.erase(0, 1);  // no "-0.0"
  return grouped(std::move(text));
}

std::string rate(double per_second) {
  return per_second == 0 ? "0" : three_digits(per_second);
}

std::string percent(double share) {
  const double value = share * 100;
  if (!std::isfinite(value)) return kNone;
  if (value == 0) return "0 %";
  if (value > 0 && value < 0.005) return "< 0.01 %";
  return fixed(value, std::abs(value) >= 9.95 ? 0 : std::abs(value) >= 0.995 ? 1 : 2) + " %";
}

std::string signed_percent(double share) {
  if (!std::isfinite(share)) return kNone;
  return (share >= 0 ? "+" : "\xE2\x88\x92") + fixed(std::abs(share) * 100, 1) + " %";
}

std::string millis(double us) {
  return us == 0 ? "0" : three_digits(us / 1000);
}

std::string duration_us(double us) {
  if (!std::isfinite(us)) return kNone;
  if (std::abs(us) < 1000) return fixed(us, 0) + " \xC2\xB5s";
  if (std::abs(us) < 999'500) return three_digits(us / 1000) + " ms";
  return three_digits(us / 1e6) + " s";
}

std::string limit_us(double us) {
  if (!std::isfinite(us)) return kNone;
  if (std::abs(us) < 1000) return fmt::format("{:.4g} \xC2\xB5s", us);
  return std::abs(us) < 1e6 ? fmt::format("{:.4g} ms", us / 1000) : fmt::format("{:.4g} s", us / 1e6);
}

std::string seconds(double s) {
  if (!std::isfinite(s)) return kNone;
  return fixed(s, s == std::floor(s) || s >= 100 ? 0 : 1) + " s";
}

std::string at_time(double s) {
  if (!std::isfinite(s)) return kNone;
  if (s < 120) return fixed(s, 0) + " s";
  const auto whole = static_cast<std::uint64_t>(s + 0.5);
  if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

std::string quantile_name(double q) {
  return fmt::format("p{:.6g}", q * 100);
}

std::string millis_interval(const capacity::Interval95& us) {
  if (us.low == us.high) return {};
  return millis(us.low) + " to " + millis(us.high);
}

std::string bytes(std::uint64_t value) {
  if (value < 1000) return fmt::format("{} B", value);
  if (value < 1'000'000) return three_digits(static_cast<double>(value) / 1e3) + " kB";
  return three_digits(static_cast<double>(value) / 1e6) + " MB";
}

}  // namespace tidemark::report
