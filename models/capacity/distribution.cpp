#include "models/capacity/distribution.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tidemark::capacity {

Distribution::Distribution(double bin_us) : bin_us_(bin_us), shares_(kBins, 0.0) {
  shares_[0] = 1;
}

Distribution Distribution::of(const Histogram& histogram, double bin_us) {
  Distribution result(bin_us);
  if (histogram.total() == 0) return result;
  result.shares_[0] = 0;
  const double total = static_cast<double>(histogram.total());
  for (const auto& bucket : histogram.buckets()) {
    // A bucket of integers [low, high] stands for the times [low - 1/2, high + 1/2).
    const double low = std::max(0.0, static_cast<double>(bucket.low) - 0.5) / bin_us;
    const double high = (static_cast<double>(bucket.high) + 0.5) / bin_us;
    const double share = static_cast<double>(bucket.count) / total;
    const auto first = static_cast<std::size_t>(low);
    const auto last = std::min(static_cast<std::size_t>(high), kBins);
    if (first >= kBins) {
      result.beyond_ += share;
      continue;
    }
    double placed = 0;
    for (std::size_t bin = first; bin <= last && bin < kBins; ++bin) {
      const double from = std::max(low, static_cast<double>(bin)), to = std::min(high, static_cast<double>(bin) + 1);
      const double part = share * (to - from) / (high - low);
      result.shares_[bin] += part;
      placed += part;
    }
    result.beyond_ += std::max(0.0, share - placed);
  }
  return result;
}

Distribution Distribution::plus(const Distribution& other) const {
  Distribution result(bin_us_);
  result.shares_[0] = 0;
  std::size_t other_end = kBins;
  while (other_end > 0 && other.shares_[other_end - 1] == 0) --other_end;
  double on_grid = 0;
  for (std::size_t i = 0; i < kBins; ++i) {
    const double share = shares_[i];
    if (share == 0) continue;
    const std::size_t end = std::min(other_end, kBins - i);
    double* const out = result.shares_.data() + i;
    for (std::size_t j = 0; j < end; ++j) out[j] += share * other.shares_[j];
  }
  for (const double share : result.shares_) on_grid += share;
  result.beyond_ = std::max(0.0, 1 - on_grid);
  if (result.beyond_ < 1e-12) result.beyond_ = 0;
  return result;
}

Distribution Distribution::mixed(double share, const Distribution& other) const {
  Distribution result(bin_us_);
  for (std::size_t i = 0; i < kBins; ++i) result.shares_[i] = share * shares_[i] + (1 - share) * other.shares_[i];
  result.beyond_ = share * beyond_ + (1 - share) * other.beyond_;
  return result;
}

Distribution Distribution::times(double visits) const {
  Distribution result(bin_us_);
  const double whole = std::floor(visits + 1e-9);
  for (int i = 0; i < static_cast<int>(whole); ++i) result = i == 0 ? *this : result.plus(*this);
  const double rest = visits - whole;
  if (rest > 1e-9) result = result.plus(mixed(rest, Distribution(bin_us_)));
  return result;
}

double Distribution::quantile_us(double q) const {
  double below = 0;
  for (std::size_t i = 0; i < kBins; ++i) {
    if (shares_[i] > 0 && below + shares_[i] >= q) {
      return (static_cast<double>(i) + (q - below) / shares_[i]) * bin_us_;
    }
    below += shares_[i];
  }
  return std::numeric_limits<double>::infinity();
}

double Distribution::mean_us() const {
  double sum = 0, mass = 0;
  for (std::size_t i = 0; i < kBins; ++i) {
    sum += shares_[i] * (static_cast<double>(i) + 0.5);
    mass += shares_[i];
  }
  return mass > 0 ? sum / mass * bin_us_ : 0;
}

double Distribution::variance_us2() const {
  const double mean = mean_us() / bin_us_;
  double sum = 0, mass = 0;
  for (std::size_t i = 0; i < kBins; ++i) {
    const double off = static_cast<double>(i) + 0.5 - mean;
    sum += shares_[i] * off * off;
    mass += shares_[i];
  }
  return mass > 0 ? sum / mass * bin_us_ * bin_us_ : 0;
}

Distribution without_wait(const Distribution& measured, const Distribution& wait, int rounds) {
  Distribution base = measured;
  const auto& kernel = wait.shares();
  std::size_t kernel_end = Distribution::kBins;
  while (kernel_end > 1 && kernel[kernel_end - 1] < 1e-7) --kernel_end;
  std::vector<double> ratio(Distribution::kBins);
  for (int round = 0; round < rounds; ++round) {
    const Distribution model = base.plus(wait);
    for (std::size_t i = 0; i < Distribution::kBins; ++i) {
      ratio[i] = model.shares()[i] > 1e-15 ? measured.shares()[i] / model.shares()[i] : 0;
    }
    for (std::size_t j = 0; j < Distribution::kBins; ++j) {
      if (base.shares()[j] == 0) continue;
      double pull = 0, reach = 0;
      for (std::size_t k = 0; k < std::min(kernel_end, Distribution::kBins - j); ++k) {
        pull += kernel[k] * ratio[j + k];
        reach += kernel[k];
      }
      base.shares()[j] *= reach > 0 ? pull / reach : 1;
    }
  }
  return base;
}

}  // namespace tidemark::capacity
