// Numbers as a reader wants them: thousands apart, a sensible unit, never more digits than the measurement has.
// Locale-free, so equal numbers give equal bytes everywhere. Not finite: an en dash. Thread-safe: pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "models/capacity/model.h"

namespace tidemark::report {

std::string count(std::uint64_t value);                                                         // "12,345"
std::string counted(std::uint64_t value, std::string_view noun, std::string_view plural = {});  // "1 node", "3 nodes"
std::string fixed(double value, int digits);                                                    // "1,234.5"
std::string rate(double per_second);                                                            // "612", "61.2", "6.12"
std::string percent(double share);         // 0.931 -> "93 %"; 0.0042 -> "0.42 %"; 0.00001 -> "< 0.01 %"
std::string signed_percent(double share);  // "+3.1 %"
std::string millis(double us);             // milliseconds without unit: "71.2", "0.43", "1,240"
std::string duration_us(double us);        // "71.2 ms", "430 us", "1.80 s"
std::string limit_us(double us);           // a number that a person chose: "86 ms", "1.5 s"
std::string seconds(double s);             // "41 s", "0.5 s"
std::string at_time(double s);             // "41 s", from two minutes on "2:05" or "1:02:05"
std::string quantile_name(double q);       // 0.99 -> "p99", 0.999 -> "p99.9"
std::string millis_interval(const capacity::Interval95& us);  // "68.9 to 74.0"; empty when it has no width
std::string bytes(std::uint64_t value);                       // "12.3 MB"

}  // namespace tidemark::report
