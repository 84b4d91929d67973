// The virtual users of one closed load: how many there are at each moment, and when each starts its next flow. A user
// between two flows is eight bytes here and one entry of the worker's timers; it holds no connection and no flow. Pure
// over times (nanoseconds since the run's start); one owner.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/core/random.h"
#include "engine/drive/load_clock.h"
#include "engine/schedule/arrivals.h"
#include "engine/schedule/scenario.h"

namespace tidemark::drive {

class UserPool {
 public:
  // `load`: a closed one, the `index`-th of the scenario. `first_number`: of its flows.
  UserPool(const schedule::Scenario& scenario, const schedule::Load& load, std::size_t index, std::uint64_t seed,
           schedule::Partition partition, std::uint64_t first_number);

  struct Start {
    std::uint32_t user = 0, flow = 0;
    std::uint64_t number = 0;  // of the flow: a function of the user and its count of flows, not of who was faster
    std::int64_t planned = 0;
  };
  // The next user who joins at or before `at`; nullopt when all that should be here are. Call until nullopt.
  std::optional<Start> next_to_join(std::int64_t at);
  // When next_to_join will have somebody; LoadClock::kNever when nobody joins any more.
  std::int64_t next_join() const { return next_change_; }
  // A flow ended: when its user starts the next one (maybe `at` itself), or nullopt: the user leaves.
  std::optional<std::int64_t> after_flow(std::uint32_t user, std::int64_t started, std::int64_t at);
  // That moment has come: the flow, or nullopt: the user is no longer wanted.
  std::optional<Start> begin(std::uint32_t user, std::int64_t planned);

  // Steering while it runs. A paused or stopped pool lets flows end and starts none.
  void pause(std::int64_t at);
  void resume(std::int64_t at);
  void scale(std::int64_t at, double factor);
  void stop() { stopped_ = true, next_change_ = LoadClock::kNever; }

  // The user's number among those of all agents.
  std::uint64_t number_among_all(std::uint32_t user) const {
    return std::uint64_t{user} * partition_.count + partition_.index;
  }

  std::uint32_t present() const { return present_; }           // users who are in a flow or between two
  std::int64_t end() const { return clock_.to_run(length_); }  // of the load, on the run's clock

  // Users there should be at a moment of the plan, of all agents together: the k-th (from 0) joins where the straight
  // line of the stages passes k + 1/2, and leaves where it falls below.
  std::uint32_t planned_at(std::int64_t plan) const;

 private:
  struct Member {
    std::uint32_t flows = 0;  // started so far
    bool present = false;
  };
  std::uint32_t wanted_at(std::int64_t at) const;  // of this agent's users
  std::int64_t change_after(std::int64_t at) const;
  bool wanted(std::uint32_t user) const { return !stopped_ && !paused_ && user < wanted_; }
  std::uint64_t number_of(std::uint32_t user, std::uint64_t iteration) const;
  Start start_of(std::uint32_t user, std::int64_t planned);
  void look_again(std::int64_t at);

  std::vector<schedule::UserStage> stages_;
  schedule::ThinkTime think_;
  std::int64_t pacing_ns_, length_ = 0;
  schedule::Partition partition_;
  std::uint64_t first_number_, most_users_ = 1;
  IndexedRandom choice_, pauses_;
  std::vector<double> cumulative_;
  std::vector<std::uint32_t> flows_;

  LoadClock clock_;
  double factor_ = 1;
  bool paused_ = false, stopped_ = false;
  std::vector<Member> members_;  // of this agent, by local index
  std::uint32_t wanted_ = 0;     // as of the last look
  std::uint32_t looked_ = 0;     // members before this one have been looked at since
  std::uint32_t present_ = 0;
  std::int64_t next_change_ = 0, joined_at_ = 0;
};

}  // namespace tidemark::drive
