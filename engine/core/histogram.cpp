#include "engine/core/histogram.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>
#include <limits>

namespace tidemark {
namespace {

// The encoding stores counts as signed 64-bit numbers, so a histogram saturates there instead of wrapping.
constexpr std::uint64_t kMaxTotal = std::numeric_limits<std::int64_t>::max();

// The smallest power of two whose sub-buckets resolve 2 * 10^digits single units.
int bits_for_digits(int digits) {
  std::uint64_t largest_with_single_unit = 2;
  for (int i = 0; i < digits; ++i) largest_with_single_unit *= 10;
  return static_cast<int>(std::bit_width(largest_with_single_unit - 1));
}

}  // namespace

Histogram::Histogram(int digits, std::int64_t highest_us)
    : digits_(std::clamp(digits, 1, 4)), highest_(std::max<std::int64_t>(highest_us, 2)) {
  assert(digits >= 1 && digits <= 4 && highest_us >= 2);
  sub_bucket_bits_ = bits_for_digits(digits_);
  sub_bucket_half_ = std::int64_t{1} << (sub_bucket_bits_ - 1);
}

std::size_t Histogram::index_of(std::int64_t value) const {
  const auto unsigned_value = static_cast<std::uint64_t>(value);
  const std::uint64_t sub_bucket_mask = (std::uint64_t{1} << sub_bucket_bits_) - 1;
  const int bucket = std::bit_width(unsigned_value | sub_bucket_mask) - sub_bucket_bits_;
  // Every bucket but the first uses only the upper half of its sub-buckets: the lower half is the bucket before.
  return (static_cast<std::size_t>(bucket) << (sub_bucket_bits_ - 1)) + (unsigned_value >> bucket);
}

std::int64_t Histogram::lowest_at(std::size_t index) const {
  const auto position = static_cast<std::int64_t>(index);
  if (position < 2 * sub_bucket_half_) return position;
  const std::int64_t bucket = (position >> (sub_bucket_bits_ - 1)) - 1;
  return ((position & (sub_bucket_half_ - 1)) + sub_bucket_half_) << bucket;
}

std::int64_t Histogram::width_at(std::size_t index) const {
  const auto position = static_cast<std::int64_t>(index);
  if (position < 2 * sub_bucket_half_) return 1;
  return std::int64_t{1} << ((position >> (sub_bucket_bits_ - 1)) - 1);
}

void Histogram::record(std::int64_t value_us, std::uint64_t count) {
  if (count > kMaxTotal - total_) count = kMaxTotal - total_;
  if (value_us < 0) value_us = 0;
  if (value_us > highest_) {
    value_us = highest_;
    clamped_ += count;
  }
  const std::size_t index = index_of(value_us);
  if (index >= counts_.size()) {
    // Grown by whole half-buckets, so that neighbours of a first value do not grow it again, and by no more than that.
    const std::size_t size = (index | static_cast<std::size_t>(sub_bucket_half_ - 1)) + 1;
    counts_.reserve(size);
    counts_.resize(size);
  }
  counts_[index] += count;
  total_ += count;
}

void Histogram::add(const Histogram& other) {
  if (other.max() > highest_) highest_ = std::max(highest_, other.highest_);
  const std::uint64_t clamped = clamped_ + std::min(other.clamped_, kMaxTotal - clamped_);
  // The same layout merges slot by slot: the bucket's middle lies in the bucket. Copied first, since other may be
  // *this.
  for (const Bucket& bucket : other.buckets()) {
    record(std::min(bucket.low + (bucket.high - bucket.low) / 2, highest_), bucket.count);
  }
  clamped_ = clamped;
}

void Histogram::reset() {
  std::fill(counts_.begin(), counts_.end(), 0);
  total_ = 0;
  clamped_ = 0;
}

std::int64_t Histogram::min() const {
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    if (counts_[i] != 0) return lowest_at(i);
  }
  return 0;
}

std::int64_t Histogram::max() const {
  for (std::size_t i = counts_.size(); i > 0; --i) {
    if (counts_[i - 1] != 0) return lowest_at(i - 1) + (width_at(i - 1) - 1);
  }
  return 0;
}

double Histogram::mean() const {
  if (total_ == 0) return 0;
  double sum = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    if (counts_[i] == 0) continue;
    const std::int64_t middle = lowest_at(i) + width_at(i) / 2;
    sum += static_cast<double>(middle) * static_cast<double>(counts_[i]);
  }
  return sum / static_cast<double>(total_);
}

std::int64_t Histogram::quantile(double q) const {
  if (total_ == 0) return 0;
  // One step down in floating point first: 0.07 * 100 is 7.000000000000001 and must ask for the 7th value, not the 8th.
  const double share = std::nextafter(std::clamp(q, 0.0, 1.0), 0.0);
  const double rank = std::ceil(share * static_cast<double>(total_));
  const std::uint64_t wanted = rank >= static_cast<double>(kMaxTotal)
                                   ? total_
                                   : std::clamp<std::uint64_t>(static_cast<std::uint64_t>(rank), 1, total_);
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    seen += counts_[i];
    if (seen >= wanted) return lowest_at(i) + (width_at(i) - 1);
  }
  return max();
}

std::uint64_t Histogram::count_at_or_below(std::int64_t value) const {
  if (value < 0 || counts_.empty()) return 0;
  const std::size_t end = std::min(index_of(value) + 1, counts_.size());
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < end; ++i) seen += counts_[i];
  return seen;
}

std::vector<Histogram::Bucket> Histogram::buckets() const {
  std::vector<Bucket> result;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    if (counts_[i] != 0) result.push_back({lowest_at(i), lowest_at(i) + (width_at(i) - 1), counts_[i]});
  }
  return result;
}

bool Histogram::operator==(const Histogram& other) const {
  if (digits_ != other.digits_ || highest_ != other.highest_ || total_ != other.total_) return false;
  const std::vector<std::uint64_t>& longer = counts_.size() >= other.counts_.size() ? counts_ : other.counts_;
  const std::vector<std::uint64_t>& shorter = counts_.size() >= other.counts_.size() ? other.counts_ : counts_;
  const auto shared_end = longer.begin() + static_cast<std::ptrdiff_t>(shorter.size());
  return std::equal(longer.begin(), shared_end, shorter.begin()) &&
         std::all_of(shared_end, longer.end(), [](std::uint64_t count) { return count == 0; });
}

Quantiles quantiles_of(const Histogram& histogram) {
  const auto at = [&](double q) { return static_cast<double>(histogram.quantile(q)); };
  Quantiles result;
  result.count = histogram.total();
  result.p50 = at(0.50);
  result.p90 = at(0.90);
  result.p95 = at(0.95);
  result.p99 = at(0.99);
  result.p999 = at(0.999);
  result.max = static_cast<double>(histogram.max());
  result.mean = histogram.mean();
  return result;
}

}  // namespace tidemark
