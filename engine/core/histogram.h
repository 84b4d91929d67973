// HDR histogram: counts of positive integers (microseconds, unless a caller says otherwise) with a fixed relative
// error, the bucket layout of HdrHistogram (Gil Tene) so that its encodings can be read by every HdrHistogram library.
// Not thread-safe: one owner; hand over copies.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/units.h"

namespace tidemark {

class Histogram {
 public:
  // Tracks 1 .. highest_us with `digits` (1..4) significant decimal digits. The array of counts grows only as far as
  // the largest recorded value needs, so an idle series costs little.
  explicit Histogram(int digits, std::int64_t highest_us = 3'600'000'000);
  Histogram() : Histogram(3) {}  // one hour in microseconds

  // Values below 0 count as 0; values above the highest are counted at the highest and in clamped().
  void record(std::int64_t value_us, std::uint64_t count = 1);
  void record(Nanos duration) { record(std::chrono::duration_cast<std::chrono::microseconds>(duration).count()); }
  // Exact union; takes over a larger range. Histograms with other digits are re-recorded bucket by bucket, at its
  // middle. Counts saturate at 2^63 - 1, the largest that the encoding holds.
  void add(const Histogram& other);
  void reset();

  std::uint64_t total() const { return total_; }
  std::uint64_t clamped() const { return clamped_; }
  std::int64_t min() const;  // 0 when empty
  std::int64_t max() const;  // 0 when empty; highest value equivalent to the largest recorded
  double mean() const;       // 0 when empty
  // Smallest recorded value (highest equivalent) at or below which a share `q` (0..1) of the counts lies. 0 when empty.
  std::int64_t quantile(double q) const;
  // Number of recorded values <= value.
  std::uint64_t count_at_or_below(std::int64_t value) const;

  // Each non-empty bucket: (lowest value, highest value, count), ascending.
  struct Bucket {
    std::int64_t low, high;
    std::uint64_t count;
  };
  std::vector<Bucket> buckets() const;

  // HdrHistogram V2 payload: zlib-compressed, base64 (cookie 0x1c849304), as used in .hlog files.
  std::string encode() const;
  // Refuses malformed input with an Error at `place`; never reads past it, allocates at most what the header's bounds
  // allow.
  static Result<Histogram> decode(std::string_view base64, std::string_view place = "histogram");

  int digits() const { return digits_; }
  std::int64_t highest_trackable() const { return highest_; }
  // Equal layout and counts; clamped() is no part of it, since the encoding does not carry it.
  bool operator==(const Histogram& other) const;

 private:
  std::size_t index_of(std::int64_t value) const;
  std::int64_t lowest_at(std::size_t index) const;
  std::int64_t width_at(std::size_t index) const;

  int digits_;
  std::int64_t highest_;
  int sub_bucket_bits_ = 0;  // log2 of the number of sub-buckets
  std::int64_t sub_bucket_half_ = 0;
  std::vector<std::uint64_t> counts_;
  std::uint64_t total_ = 0;
  std::uint64_t clamped_ = 0;
};

// The seven numbers every output shows of a clock, in microseconds.
struct Quantiles {
  std::uint64_t count = 0;
  double p50 = 0, p90 = 0, p95 = 0, p99 = 0, p999 = 0, max = 0, mean = 0;
};
Quantiles quantiles_of(const Histogram& histogram);

}  // namespace tidemark
