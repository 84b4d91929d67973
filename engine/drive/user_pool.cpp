#include "engine/drive/user_pool.h"

#include <algorithm>
#include <cmath>
#include <string>

// The schedule is a function of the load and the seed: no operation may be fused at the compiler's whim.
#pragma clang fp contract(off)

namespace tidemark::drive {
namespace {

// Users beyond the planned ones (a load scaled up while it runs) number their flows in blocks of their own.
constexpr std::uint64_t kBlock = std::uint64_t{1} << 40U;

}  // namespace

UserPool::UserPool(const schedule::Scenario& scenario, const schedule::Load& load, std::size_t index,
                   std::uint64_t seed, schedule::Partition partition, std::uint64_t first_number)
    : stages_(load.user_stages()),
      think_(load.think),
      pacing_ns_(load.pacing.count()),
      partition_(partition),
      first_number_(first_number),
      choice_(seed, index == 0 ? "users" : "users/" + std::to_string(index)),
      pauses_(seed, index == 0 ? "pauses" : "pauses/" + std::to_string(index)) {
  for (const auto& stage : stages_) {
    length_ += stage.duration.count();
    most_users_ = std::max<std::uint64_t>({most_users_, stage.from, stage.to});
  }
  double sum = 0;
  for (std::uint32_t i = 0; i < scenario.flows.size(); ++i) {
    if (!load.starts(scenario.flows[i])) continue;
    flows_.push_back(i);
    cumulative_.push_back(sum += scenario.flows[i].weight);
  }
}

std::uint32_t UserPool::planned_at(std::int64_t plan) const {
  std::int64_t start = 0;
  for (const auto& stage : stages_) {
    const std::int64_t length = stage.duration.count();
    if (plan < start + length) {
      const double share = static_cast<double>(plan - start) / static_cast<double>(length);
      const double line = stage.from + (static_cast<double>(stage.to) - stage.from) * share;
      return static_cast<std::uint32_t>(std::floor(line + 0.5));
    }
    start += length;
  }
  return 0;
}

std::uint32_t UserPool::wanted_at(std::int64_t at) const {
  const auto all = static_cast<std::uint64_t>(std::llround(planned_at(clock_.to_plan(at)) * factor_));
  if (all <= partition_.index) return 0;
  return static_cast<std::uint32_t>((all - partition_.index + partition_.count - 1) / partition_.count);
}

// Not the exact instants of single users' crossings but a bound that is never late by more than the step: the line is
// looked at where it may have moved by one user, at least every stage's boundary.
std::int64_t UserPool::change_after(std::int64_t at) const {
  const std::int64_t plan = clock_.to_plan(at);
  std::int64_t start = 0;
  for (const auto& stage : stages_) {
    const std::int64_t end = start + stage.duration.count();
    if (plan < end) {
      if (stage.from == stage.to) return clock_.to_run(end);
      const double slope = (static_cast<double>(stage.to) - stage.from) / static_cast<double>(stage.duration.count());
      const double line = stage.from + slope * static_cast<double>(plan - start);
      // The next k + 1/2 in the line's direction.
      const double crossing = slope > 0 ? std::floor(line + 0.5) + 0.5 : std::ceil(line - 0.5) - 0.5;
      const double ahead = std::ceil((crossing - line) / slope) + 1;
      return clock_.to_run(std::min(end, plan + std::max<std::int64_t>(1, static_cast<std::int64_t>(ahead))));
    }
    start = end;
  }
  return LoadClock::kNever;
}

void UserPool::look_again(std::int64_t at) {
  wanted_ = wanted_at(at);
  joined_at_ = at;
  next_change_ = paused_ || stopped_ ? LoadClock::kNever : change_after(at);
  if (members_.size() < wanted_) members_.resize(wanted_);
}

std::optional<UserPool::Start> UserPool::next_to_join(std::int64_t at) {
  if (paused_ || stopped_) return std::nullopt;
  while (true) {
    for (; looked_ < wanted_; ++looked_) {
      if (members_[looked_].present) continue;
      members_[looked_].present = true;
      ++present_;
      return start_of(looked_++, joined_at_);
    }
    if (next_change_ > at) return std::nullopt;
    const std::uint32_t before = wanted_;
    look_again(next_change_);
    looked_ = std::min(before, wanted_);
  }
}

std::uint64_t UserPool::number_of(std::uint32_t user, std::uint64_t iteration) const {
  const std::uint64_t global = number_among_all(user);
  return global / most_users_ * kBlock + iteration * most_users_ + global % most_users_;
}

UserPool::Start UserPool::start_of(std::uint32_t user, std::int64_t planned) {
  const std::uint64_t number = number_of(user, members_[user].flows++);
  std::uint32_t flow = flows_.front();
  if (flows_.size() > 1) {
    const double draw = choice_.uniform(number) * cumulative_.back();
    const auto chosen = std::upper_bound(cumulative_.begin(), cumulative_.end(), draw) - cumulative_.begin();
    flow = flows_[static_cast<std::size_t>(std::min<std::ptrdiff_t>(chosen, std::ssize(cumulative_) - 1))];
  }
  return {.user = user, .flow = flow, .number = first_number_ + number, .planned = planned};
}

std::optional<std::int64_t> UserPool::after_flow(std::uint32_t user, std::int64_t started, std::int64_t at) {
  if (wanted(user) && at < end()) {
    Random drawn = pauses_.stream(number_of(user, members_[user].flows));
    return std::max(at + schedule::sample(think_, drawn).count(), started + pacing_ns_);
  }
  members_[user].present = false;
  --present_;
  return std::nullopt;
}

std::optional<UserPool::Start> UserPool::begin(std::uint32_t user, std::int64_t planned) {
  if (wanted(user) && planned < end()) return start_of(user, planned);
  members_[user].present = false;
  --present_;
  return std::nullopt;
}

void UserPool::pause(std::int64_t at) {
  if (paused_ || stopped_) return;
  paused_ = true;
  clock_.set_speed(at, 0);
  next_change_ = LoadClock::kNever;
}

void UserPool::resume(std::int64_t at) {
  if (!paused_ || stopped_) return;
  paused_ = false;
  clock_.set_speed(at, 1);
  looked_ = 0;  // whoever came to the end of a flow meanwhile joins again
  look_again(at);
}

void UserPool::scale(std::int64_t at, double factor) {
  factor_ = factor;
  if (paused_ || stopped_) return;
  look_again(at);
  looked_ = 0;
}

}  // namespace tidemark::drive
