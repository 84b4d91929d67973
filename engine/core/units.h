// Strong units. Time is std::chrono on the steady clock; rates have their own type; a bare double appears only inside a
// kernel or a file format, with the unit in its name (p99_us). Thread-safe: plain values.
#pragma once

#include <chrono>
#include <compare>

namespace tidemark {

using Clock = std::chrono::steady_clock;
using Instant = Clock::time_point;
using Nanos = std::chrono::nanoseconds;
using Seconds = std::chrono::duration<double>;

inline double to_seconds(Nanos duration) {
  return std::chrono::duration<double>(duration).count();
}
inline double to_micros(Nanos duration) {
  return std::chrono::duration<double, std::micro>(duration).count();
}
inline Nanos from_seconds(double seconds) {
  return std::chrono::duration_cast<Nanos>(Seconds(seconds));
}

// Events per second. Never negative by contract of its makers.
class Rate {
 public:
  constexpr Rate() = default;
  static constexpr Rate per_second(double value) { return Rate(value); }
  constexpr double per_second() const { return per_second_; }
  constexpr auto operator<=>(const Rate&) const = default;

 private:
  constexpr explicit Rate(double value) : per_second_(value) {}
  double per_second_ = 0;
};

namespace literals {
constexpr Rate operator""_rps(unsigned long long value) {
  return Rate::per_second(static_cast<double>(value));
}
constexpr Rate operator""_rps(long double value) {
  return Rate::per_second(static_cast<double>(value));
}
}  // namespace literals

}  // namespace tidemark
