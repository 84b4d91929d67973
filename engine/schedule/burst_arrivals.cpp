// `size` flows at once, every so often; and several streams as one.
#include <algorithm>
#include <optional>
#include <utility>

#include "engine/schedule/arrival_kinds.h"

namespace tidemark::schedule {
namespace {

class BurstArrivals : public ArrivalStream {
 public:
  explicit BurstArrivals(const StreamSource& source) : bursts_(*source.load->bursts), choice_(source.choice()) {}

  std::optional<Arrival> next() override {
    if (left_ == 0) {
      if (due_ >= bursts_.duration) return std::nullopt;
      at_ = due_;
      due_ += bursts_.every;
      left_ = bursts_.size;
    }
    --left_;
    return Arrival{at_, choice_.next(), number_++};
  }
  double expected_before(Nanos offset) const override {
    offset = std::clamp(offset, Nanos{}, bursts_.duration);
    const std::int64_t begun = (offset.count() + bursts_.every.count() - 1) / bursts_.every.count();
    return static_cast<double>(bursts_.size) * static_cast<double>(begun);
  }
  double expected_count() const override { return expected_before(bursts_.duration); }
  std::vector<StageMark> stages() const override {
    return {{Nanos{}, bursts_.duration, Rate::per_second(expected_count() / to_seconds(bursts_.duration))}};
  }

 private:
  Bursts bursts_;
  FlowChoice choice_;
  Nanos due_{}, at_{};
  std::uint64_t left_ = 0, number_ = 0;
};

class MergedArrivals : public ArrivalStream {
 public:
  explicit MergedArrivals(std::vector<Stream> streams) : streams_(std::move(streams)) {
    for (const Stream& stream : streams_) heads_.push_back(stream->next());
  }

  std::optional<Arrival> next() override {
    std::size_t first = heads_.size();
    for (std::size_t i = 0; i < heads_.size(); ++i) {
      if (heads_[i] && (first == heads_.size() || heads_[i]->offset < heads_[first]->offset)) first = i;
    }
    if (first == heads_.size()) return std::nullopt;
    Arrival arrival = *heads_[first];
    heads_[first] = streams_[first]->next();
    arrival.number = number_++;
    return arrival;
  }
  double expected_before(Nanos offset) const override {
    double sum = 0;
    for (const Stream& stream : streams_) sum += stream->expected_before(offset);
    return sum;
  }
  double expected_count() const override {
    double sum = 0;
    for (const Stream& stream : streams_) sum += stream->expected_count();
    return sum;
  }
  // Cut wherever one of them is.
  std::vector<StageMark> stages() const override {
    std::vector<Nanos> cuts;
    for (const Stream& stream : streams_) {
      for (const StageMark& mark : stream->stages()) {
        cuts.push_back(mark.start);
        cuts.push_back(mark.end);
      }
    }
    std::ranges::sort(cuts);
    const auto repeated = std::ranges::unique(cuts);
    cuts.erase(repeated.begin(), repeated.end());
    std::vector<StageMark> marks;
    for (std::size_t i = 1; i < cuts.size(); ++i) {
      const double planned = expected_before(cuts[i]) - expected_before(cuts[i - 1]);
      marks.push_back({cuts[i - 1], cuts[i], Rate::per_second(planned / to_seconds(cuts[i] - cuts[i - 1]))});
    }
    return marks;
  }
  std::vector<std::string> notes() const override {
    std::vector<std::string> all;
    for (const Stream& stream : streams_) {
      for (std::string& note : stream->notes()) all.push_back(std::move(note));
    }
    return all;
  }

 private:
  std::vector<Stream> streams_;
  std::vector<std::optional<Arrival>> heads_;
  std::uint64_t number_ = 0;
};

}  // namespace

Stream burst_arrivals(const StreamSource& source) {
  return std::make_unique<BurstArrivals>(source);
}

Stream merged_arrivals(std::vector<Stream> streams) {
  return std::make_unique<MergedArrivals>(std::move(streams));
}

}  // namespace tidemark::schedule
