// Counts in a ring of time buckets, Sentinel's LeapArray: the value over the last `buckets` buckets, the running one
// included, so the stretch it covers breathes between one bucket less and the whole. Adding and asking are a few steps;
// a bucket is emptied when its time comes round again. One owner; now must not run backwards.
#pragma once

#include <array>
#include <cstdint>

#include "engine/core/units.h"

namespace tidemark::guard {

template <class Bucket, std::size_t kBuckets>
class BucketRing {
 public:
  explicit BucketRing(Nanos width) : width_(width) { number_.fill(-1); }

  // The bucket that `now` falls into, emptied if its last use was in an earlier round.
  Bucket& at(Instant now) {
    const std::int64_t number = number_of(now);
    const auto slot = static_cast<std::size_t>(number % static_cast<std::int64_t>(kBuckets));
    if (number_[slot] != number) {
      number_[slot] = number;
      bucket_[slot] = Bucket{};
    }
    return bucket_[slot];
  }
  // Calls visit(bucket) for each bucket of the window that ends with the running one and holds something.
  template <class Visit>
  void each(Instant now, Visit visit) const {
    const std::int64_t number = number_of(now);
    for (std::size_t slot = 0; slot < kBuckets; ++slot) {
      const std::int64_t age = number - number_[slot];
      if (number_[slot] >= 0 && age >= 0 && age < static_cast<std::int64_t>(kBuckets)) visit(bucket_[slot]);
    }
  }

 private:
  std::int64_t number_of(Instant now) const { return now.time_since_epoch() / width_; }

  Nanos width_;
  std::array<std::int64_t, kBuckets> number_{};
  std::array<Bucket, kBuckets> bucket_{};
};

}  // namespace tidemark::guard
