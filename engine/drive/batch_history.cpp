#include "engine/drive/batch_history.h"

namespace tidemark::drive {

void BatchHistory::add(const Histogram& second) {
  if (!batches_.empty() && seconds_in_last_ < seconds_per_batch_) {
    batches_.back().add(second);
    ++seconds_in_last_;
    return;
  }
  if (batches_.size() == kMost) {
    for (std::size_t i = 0; i < kMost / 2; ++i) {
      Histogram merged = batches_[2 * i];
      merged.add(batches_[2 * i + 1]);
      batches_[i] = std::move(merged);
    }
    batches_.resize(kMost / 2, Histogram());
    seconds_per_batch_ *= 2;
  }
  batches_.push_back(second);
  seconds_in_last_ = 1;
}

std::vector<Histogram> BatchHistory::batches() const {
  std::vector<Histogram> all = batches_;
  if (all.size() > 1 && seconds_in_last_ < seconds_per_batch_) {
    all[all.size() - 2].add(all.back());
    all.pop_back();
  }
  return all;
}

}  // namespace tidemark::drive
