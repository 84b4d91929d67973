#include "engine/drive/thresholds_eval.h"

#include <algorithm>
#include <cmath>

#include "engine/drive/proportion.h"
#include "engine/schedule/threshold_metrics.h"

namespace tidemark::drive {
namespace {

constexpr double kZ = 1.959963984540054;  // 97.5 % point of the standard normal
constexpr double kOneSided = 0.025;
constexpr std::size_t kFewestBatches = 4;  // below: no statement about their variance

// Student's 97.5 % point by its first Cornish-Fisher terms: within 1.5 % from 3 degrees of freedom upwards.
double student_975(double degrees) {
  const double z3 = kZ * kZ * kZ;
  const double z5 = z3 * kZ * kZ;
  return kZ + (z3 + kZ) / (4 * degrees) + (5 * z5 + 16 * z3 + 3 * kZ) / (96 * degrees * degrees);
}

double critical_value(std::size_t batches) {
  return batches < kFewestBatches ? kZ : student_975(static_cast<double>(batches - 1));
}

void judge(const schedule::Threshold& threshold, ThresholdResult& result, bool low_known, bool high_known) {
  const bool all_below = high_known && result.value_high < threshold.limit;
  const bool all_above = low_known && result.value_low > threshold.limit;
  const bool at_or_above = low_known && result.value_low >= threshold.limit;
  const bool at_or_below = high_known && result.value_high <= threshold.limit;
  if (threshold.below) {
    result.verdict = all_below ? "pass" : at_or_above ? "fail" : "undecided";
  } else {
    result.verdict = all_above ? "pass" : at_or_below ? "fail" : "undecided";
  }
}

ThresholdResult result_for(const schedule::Threshold& threshold, double value) {
  return {.expression = threshold.expression,
          .limit = threshold.limit,
          .value = value,
          .value_low = value,
          .value_high = value,
          .verdict = "undecided"};
}

ThresholdResult evaluate_mean(const schedule::Threshold& threshold, const MeasuredClock& measured) {
  ThresholdResult result = result_for(threshold, measured.all.mean());
  std::vector<double> means;
  for (const auto& batch : measured.batches) {
    if (batch.total() > 0) means.push_back(batch.mean());
  }
  if (means.size() < kFewestBatches) return result;
  double squares = 0;
  for (std::size_t i = 1; i < means.size(); ++i) squares += (means[i] - means[i - 1]) * (means[i] - means[i - 1]);
  const auto count = static_cast<double>(means.size());
  const double half = critical_value(means.size()) * std::sqrt(squares / (2 * (count - 1)) / count);
  result.value_low -= half;
  result.value_high += half;
  judge(threshold, result, true, true);
  return result;
}

}  // namespace

ProportionInterval wilson(double proportion, double n, double z) {
  if (n <= 0) return {};
  const double z2 = z * z;
  const double centre = (proportion + z2 / (2 * n)) / (1 + z2 / n);
  const double half = z / (1 + z2 / n) * std::sqrt(proportion * (1 - proportion) / n + z2 / (4 * n * n));
  return {std::max(0.0, centre - half), std::min(1.0, centre + half)};
}

double variance_inflation(const MeasuredClock& measured, double quantile) {
  const std::int64_t value = measured.all.quantile(quantile);
  // The share below the recorded value: with ties in a bucket it is not the quantile's level itself.
  const double level =
      static_cast<double>(measured.all.count_at_or_below(value)) / static_cast<double>(measured.all.total());
  std::vector<double> excess;  // of the count at or below the value, over its expectation
  double samples = 0;
  for (const auto& batch : measured.batches) {
    if (batch.total() == 0) continue;
    const auto n = static_cast<double>(batch.total());
    excess.push_back(static_cast<double>(batch.count_at_or_below(value)) - level * n);
    samples += n;
  }
  if (excess.size() < kFewestBatches || level >= 1) return 1;
  double squares = 0;
  for (std::size_t i = 1; i < excess.size(); ++i) squares += (excess[i] - excess[i - 1]) * (excess[i] - excess[i - 1]);
  const double variance = squares / (2 * static_cast<double>(excess.size() - 1));
  const double binomial = samples / static_cast<double>(excess.size()) * level * (1 - level);
  return std::max(1.0, variance / binomial);
}

ThresholdResult evaluate_clock(const schedule::Threshold& threshold, const MeasuredClock& measured) {
  if (measured.all.total() == 0) return result_for(threshold, 0);
  if (threshold.statistic == "mean") return evaluate_mean(threshold, measured);
  const double level = schedule::quantile_of_statistic(threshold.statistic);
  if (level <= 0 || level >= 1) {  // max
    ThresholdResult result = result_for(threshold, static_cast<double>(measured.all.max()));
    judge(threshold, result, true, true);
    return result;
  }
  ThresholdResult result = result_for(threshold, static_cast<double>(measured.all.quantile(level)));
  const double effective = static_cast<double>(measured.all.total()) / variance_inflation(measured, level);
  const ProportionInterval ranks = wilson(level, effective, critical_value(measured.batches.size()));
  result.value_low = static_cast<double>(measured.all.quantile(ranks.low));
  result.value_high = static_cast<double>(measured.all.quantile(ranks.high));
  const bool low_known = std::pow(1 - level, effective) <= kOneSided;
  const bool high_known = std::pow(level, effective) <= kOneSided;
  judge(threshold, result, low_known, high_known);
  return result;
}

ThresholdResult evaluate_ratio(const schedule::Threshold& threshold, std::uint64_t part, std::uint64_t whole) {
  const auto n = static_cast<double>(whole);
  ThresholdResult result = result_for(threshold, whole > 0 ? static_cast<double>(part) / n : 0);
  const ProportionInterval interval = wilson(result.value, n, kZ);
  result.value_low = interval.low;
  result.value_high = interval.high;
  judge(threshold, result, whole > 0, whole > 0);
  return result;
}

}  // namespace tidemark::drive
