#include "engine/core/random.h"

#include <bit>
#include <cassert>
#include <cmath>
#include <limits>
#include <numbers>
#include <span>

// A fused multiply-add rounds once where two operations round twice: which one the compiler picks must not change a
// schedule.
#pragma clang fp contract(off)

namespace tidemark {
namespace {

__extension__ using Wide = unsigned __int128;

// SplitMix64 (Steele, Lea, Flood 2014): the seeding that the authors of xoshiro recommend.
std::uint64_t split_mix(std::uint64_t& state) {
  std::uint64_t z = (state += 0x9e3779b97f4a7c15U);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31);
}

std::uint64_t fnv1a(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return hash;
}

// c[0] + c[1] x + c[2] x^2 + ...
double polynomial(std::span<const double> c, double x) {
  double sum = 0;
  for (std::size_t i = c.size(); i-- > 0;) sum = sum * x + c[i];
  return sum;
}

// ln 2 in two parts: the high one has 21 trailing zero bits, so that k * kLn2High is exact (fdlibm's split).
constexpr double kLn2High = 6.93147180369123816490e-01;
constexpr double kLn2Low = 1.90821492927058770002e-10;

// Wichura, Algorithm AS 241 (PPND16), Applied Statistics 37 (1988) 477-484: relative accuracy about 1e-16.
constexpr double kCentreTop[] = {3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3,
                                 1.3731693765509461125e4, 4.5921953931549871457e4, 6.7265770927008700853e4,
                                 3.3430575583588128105e4, 2.5090809287301226727e3};
constexpr double kCentreBottom[] = {1.0,
                                    4.2313330701600911252e1,
                                    6.8718700749205790830e2,
                                    5.3941960214247511077e3,
                                    2.1213794301586595867e4,
                                    3.9307895800092710610e4,
                                    2.8729085735721942674e4,
                                    5.2264952788528545610e3};
constexpr double kMiddleTop[] = {1.42343711074968357734e0,  4.63033784615654529590e0, 5.76949722146069140550e0,
                                 3.64784832476320460504e0,  1.27045825245236838258e0, 2.41780725177450611770e-1,
                                 2.27238449892691845833e-2, 7.74545014278341407640e-4};
constexpr double kMiddleBottom[] = {1.0,
                                    2.05319162663775882187e0,
                                    1.67638483018380384940e0,
                                    6.89767334985100004550e-1,
                                    1.48103976427480074590e-1,
                                    1.51986665636164571966e-2,
                                    5.47593808499534494600e-4,
                                    1.05075007164441684324e-9};
constexpr double kTailTop[] = {6.65790464350110377720e0,  5.46378491116411436990e0,  1.78482653991729133580e0,
                               2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
                               2.71155556874348757815e-5, 2.01033439929228813265e-7};
constexpr double kTailBottom[] = {1.0,
                                  5.99832206555887937690e-1,
                                  1.36929880922735805310e-1,
                                  1.48753612908506148525e-2,
                                  7.86869131145613259100e-4,
                                  1.84631831751005468180e-5,
                                  1.42151175831644588870e-7,
                                  2.04426310338993978564e-15};

}  // namespace

Random::Random(std::uint64_t seed, std::string_view stream) {
  // The seed is mixed before the name is, so that near seeds and near names share nothing.
  std::uint64_t state = seed;
  state = split_mix(state) ^ fnv1a(stream);
  for (std::uint64_t& word : state_) word = split_mix(state);
}

std::uint64_t Random::next() {
  const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

double Random::uniform() {
  return static_cast<double>(next() >> 11) * 0x1.0p-53;
}

// Lemire, "Fast random integer generation in an interval" (2019).
std::uint64_t Random::below(std::uint64_t bound) {
  assert(bound > 0);
  Wide product = Wide{next()} * bound;
  if (static_cast<std::uint64_t>(product) < bound) {
    const std::uint64_t threshold = (0 - bound) % bound;
    while (static_cast<std::uint64_t>(product) < threshold) product = Wide{next()} * bound;
  }
  return static_cast<std::uint64_t>(product >> 64);
}

double Random::exponential(double mean) {
  return -mean * portable_log(1.0 - uniform());
}

// The half step keeps the argument inside (0, 1) and symmetric about 1/2.
double Random::normal() {
  return normal_quantile((static_cast<double>(next() >> 12) + 0.5) * 0x1.0p-52);
}

double Random::lognormal(double mean, double cv) {
  const double variance = portable_log(1.0 + cv * cv);
  return mean * (1.0 + portable_expm1(std::sqrt(variance) * normal() - variance / 2));
}

IndexedRandom::IndexedRandom(std::uint64_t seed, std::string_view stream) {
  std::uint64_t state = seed;
  key_ = split_mix(state) ^ fnv1a(stream);
}

// The index-th output of SplitMix64 begun at the key.
std::uint64_t IndexedRandom::bits(std::uint64_t index) const {
  std::uint64_t state = key_ + index * 0x9e3779b97f4a7c15U;
  return split_mix(state);
}

double IndexedRandom::uniform(std::uint64_t index) const {
  return static_cast<double>(bits(index) >> 11) * 0x1.0p-53;
}

Random IndexedRandom::stream(std::uint64_t index) const {
  Random random;
  std::uint64_t state = bits(index);
  for (std::uint64_t& word : random.state_) word = split_mix(state);
  return random;
}

double normal_quantile(double p) {
  const double q = p - 0.5;
  if (std::abs(q) <= 0.425) {
    const double r = 0.180625 - q * q;
    return q * polynomial(kCentreTop, r) / polynomial(kCentreBottom, r);
  }
  const double r = std::sqrt(-portable_log(q < 0 ? p : 1.0 - p));
  const double x = r <= 5 ? polynomial(kMiddleTop, r - 1.6) / polynomial(kMiddleBottom, r - 1.6)
                          : polynomial(kTailTop, r - 5) / polynomial(kTailBottom, r - 5);
  return q < 0 ? -x : x;
}

// x = 2^k m with m in [sqrt(1/2), sqrt(2)); ln m = 2 atanh(s), s = (m - 1) / (m + 1), |s| < 0.172.
double portable_log(double x) {
  constexpr std::uint64_t mantissa_bits = (std::uint64_t{1} << 52) - 1;
  int k = 0;
  if (x < std::numeric_limits<double>::min()) {  // subnormal
    x *= 0x1.0p54;
    k = -54;
  }
  const auto bits = std::bit_cast<std::uint64_t>(x);
  k += static_cast<int>(bits >> 52) - 1023;
  double m = std::bit_cast<double>((bits & mantissa_bits) | (std::uint64_t{1023} << 52));
  if (m >= std::numbers::sqrt2) {
    m *= 0.5;
    ++k;
  }
  const double f = m - 1.0;
  const double s = f / (2.0 + f);
  const double z = s * s;
  static constexpr double series[] = {1.0 / 3,  1.0 / 5,  1.0 / 7,  1.0 / 9, 1.0 / 11,
                                      1.0 / 13, 1.0 / 15, 1.0 / 17, 1.0 / 19};
  // 2 s = f - s f, so that the large term f is exact.
  const double tail = 2 * z * polynomial(series, z);
  const double low = s * (tail - f) + k * kLn2Low;
  return k * kLn2High + (f + low);
}

// x = k ln 2 + r, |r| <= ln 2 / 2: e^x - 1 = 2^k (e^r - 1) + (2^k - 1).
double portable_expm1(double x) {
  if (x > 709.78) return std::numeric_limits<double>::infinity();
  if (x < -745.0) return -1.0;
  const double k = std::floor(x * (1 / std::numbers::ln2) + 0.5);
  const double r = (x - k * kLn2High) - k * kLn2Low;
  static constexpr double series[] = {
      1.0 / 2,      1.0 / 6,       1.0 / 24,       1.0 / 120,       1.0 / 720,        1.0 / 5040,       1.0 / 40320,
      1.0 / 362880, 1.0 / 3628800, 1.0 / 39916800, 1.0 / 479001600, 1.0 / 6227020800, 1.0 / 87178291200};
  const double minus_one = r + r * r * polynomial(series, r);
  if (k == 0) return minus_one;
  const double scale = std::ldexp(1.0, static_cast<int>(k));
  return scale * minus_one + (scale - 1.0);
}

}  // namespace tidemark
