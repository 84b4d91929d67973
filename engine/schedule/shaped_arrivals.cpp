#include "engine/schedule/arrival_kinds.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "engine/schedule/time_series.h"

// The schedule is a function of the load and the seed: no operation may be fused at the compiler's whim.
#pragma clang fp contract(off)

namespace tidemark::schedule {
namespace {

class ShapedArrivals : public ArrivalStream {
 public:
  ShapedArrivals(const StreamSource& source, std::vector<ShapeBin> bins, std::vector<std::string> notes)
      : bins_(std::move(bins)),
        notes_(std::move(notes)),
        even_(source.load->arrivals == Load::Arrivals::even),
        random_(source.times()),
        choice_(source.choice()) {
    for (const ShapeBin& bin : bins_) total_ += bin.expected;
    total_ = std::floor(total_ + 0.5);
  }

  std::optional<Arrival> next() override {
    while (left_in_bin_ == 0) {
      if (current_ == bins_.size()) return std::nullopt;
      open_bin();
    }
    const ShapeBin& bin = bins_[current_ - 1];
    double share = 0;  // of the bin, [0, 1]
    if (even_) {
      share = (static_cast<double>(bin_count_ - left_in_bin_) + 0.5) / static_cast<double>(bin_count_);
    } else {
      // The smallest of m uniform draws on what remains of the bin: uniform order statistics, one at a time.
      remaining_ += remaining_ * portable_expm1(-random_.exponential(1.0) / static_cast<double>(left_in_bin_));
      share = 1.0 - remaining_;
    }
    --left_in_bin_;
    const Nanos length = bin.end - bin.start;
    const Nanos into(static_cast<std::int64_t>(share * static_cast<double>(length.count())));
    last_ = std::max(last_, bin.start + std::clamp(into, Nanos{}, std::max(Nanos{}, length - Nanos{1})));
    return Arrival{last_, choice_.next(), number_++};
  }

  double expected_before(Nanos offset) const override {
    double sum = 0;
    for (const ShapeBin& bin : bins_) {
      if (offset <= bin.start) break;
      const double share = offset >= bin.end ? 1 : to_seconds(offset - bin.start) / to_seconds(bin.end - bin.start);
      sum += bin.expected * share;
    }
    return sum;
  }

  double expected_count() const override { return total_; }

  std::vector<StageMark> stages() const override {
    const Nanos end = bins_.back().end;
    return {{Nanos{}, end, Rate::per_second(total_ / to_seconds(end))}};
  }
  std::vector<std::string> notes() const override { return notes_; }

 private:
  // The bin's share of the rounded running integral: each bin is within 1 of its own, every prefix within 1/2.
  void open_bin() {
    integral_ += bins_[current_++].expected;
    const auto due = static_cast<std::uint64_t>(std::floor(integral_ + 0.5));
    bin_count_ = left_in_bin_ = due - planned_;
    planned_ = due;
    remaining_ = 1.0;
  }

  std::vector<ShapeBin> bins_;
  std::vector<std::string> notes_;
  bool even_;
  double total_ = 0;
  Random random_;
  FlowChoice choice_;
  std::size_t current_ = 0;  // bins opened so far
  double integral_ = 0;
  std::uint64_t planned_ = 0, bin_count_ = 0, left_in_bin_ = 0;
  double remaining_ = 1.0;  // share of the bin after the last draw
  std::uint64_t number_ = 0;
  Nanos last_{};
};

}  // namespace

Result<Stream> shaped_arrivals(const StreamSource& source) {
  auto series = load_time_series(source.load->shape->file);
  if (!series) return tl::make_unexpected(series.error());
  auto bins = fit_shape(*series, *source.load->shape);
  if (!bins) return tl::make_unexpected(bins.error());
  return std::make_unique<ShapedArrivals>(source, std::move(*bins), std::move(series->notes));
}

}  // namespace tidemark::schedule
