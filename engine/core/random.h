// Random streams with our own inversions: equal seeds give equal bytes on every machine and standard library.
// xoshiro256** (Blackman, Vigna 2018) seeded by SplitMix64. Not thread-safe: one stream, one owner.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace tidemark {

class Random {
 public:
  // A stream is named, so that adding one never shifts another: Random(seed, "arrivals"), Random(seed,
  // "service/product-1").
  Random(std::uint64_t seed, std::string_view stream);

  std::uint64_t next();                      // uniform 64 bits
  double uniform();                          // [0, 1)
  std::uint64_t below(std::uint64_t bound);  // [0, bound), unbiased; bound > 0
  double exponential(double mean);           // mean > 0
  double normal();                           // mean 0, sd 1, by inversion (Acklam/AS241-grade accuracy)
  // mean > 0, cv = sd / mean >= 0: sigma^2 = ln(1 + cv^2), mu = ln(mean) - sigma^2 / 2.
  double lognormal(double mean, double cv);

 private:
  friend class IndexedRandom;
  Random() = default;
  std::array<std::uint64_t, 4> state_{};
};

// Draws that are numbered rather than taken in turn: the i-th is the same whoever asks for it, and when. For what
// happens in an order that the clock decides (users of a closed load), and for what several processes share. Any
// thread: constant.
class IndexedRandom {
 public:
  IndexedRandom(std::uint64_t seed, std::string_view stream);
  std::uint64_t bits(std::uint64_t index) const;
  double uniform(std::uint64_t index) const;  // [0, 1)
  Random stream(std::uint64_t index) const;   // as many draws as one thing needs
 private:
  std::uint64_t key_;
};

// Inverse of the standard normal distribution function, 0 < p < 1, relative error < 1e-9 (Wichura, AS241, 1988).
double normal_quantile(double p);

// Natural logarithm (x > 0, finite) and e^x - 1 within 2 ulp of the true value, from IEEE + - * / alone: the C library
// rounds differently from version to version, and a schedule must not.
double portable_log(double x);
double portable_expm1(double x);

}  // namespace tidemark
