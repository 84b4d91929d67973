// Virtual users: who is there when, and what each does next.
#include "engine/drive/user_pool.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace tidemark::drive {
namespace {

using std::chrono::seconds;

constexpr std::int64_t kSecond = 1'000'000'000;

schedule::Scenario scenario_of(std::vector<schedule::UserStage> stages, Nanos think = {}, Nanos pacing = {}) {
  schedule::Scenario scenario;
  scenario.load.model = schedule::Load::Model::closed;
  scenario.load.users = std::move(stages);
  scenario.load.think = {.kind = schedule::ThinkTime::Kind::constant, .low = think};
  scenario.load.pacing = pacing;
  scenario.flows = {{"a", 3, {}}, {"b", 1, {}}};
  return scenario;
}

UserPool pool_of(const schedule::Scenario& scenario, schedule::Partition partition = {}) {
  return {scenario, scenario.load, 0, 7, partition, 0};
}

std::vector<UserPool::Start> joined(UserPool& pool, std::int64_t at) {
  std::vector<UserPool::Start> all;
  while (const auto start = pool.next_to_join(at)) all.push_back(*start);
  return all;
}

TEST(UserPool, AllJoinAtOnceWhereTheNumberIsConstant) {
  UserPool pool = pool_of(scenario_of({{5, 5, seconds(10)}}));
  const auto starts = joined(pool, 0);
  ASSERT_EQ(starts.size(), 5u);
  for (std::uint32_t i = 0; i < 5; ++i) {
    EXPECT_EQ(starts[i].user, i);
    EXPECT_EQ(starts[i].number, i);
    EXPECT_EQ(starts[i].planned, 0);
  }
  EXPECT_EQ(pool.next_join(), 10 * kSecond) << "then all leave";
  EXPECT_EQ(pool.end(), 10 * kSecond);
}

TEST(UserPool, JoinWhereTheLinePassesTheHalves) {
  UserPool pool = pool_of(scenario_of({{0, 10, seconds(10)}, {10, 10, seconds(5)}}));
  std::vector<std::int64_t> at;
  for (const auto& start : joined(pool, 12 * kSecond)) at.push_back(start.planned);
  ASSERT_EQ(at.size(), 10u);
  for (std::size_t k = 0; k < 10; ++k)
    EXPECT_NEAR(static_cast<double>(at[k]), (static_cast<double>(k) + 0.5) * 1e9, 2) << k;
}

TEST(UserPool, LeaveAfterTheFlowTheyAreInWhereTheLineFalls) {
  UserPool pool = pool_of(scenario_of({{4, 0, seconds(8)}}));
  EXPECT_EQ(joined(pool, 0).size(), 4u);
  joined(pool, 3 * kSecond + 1000);  // 4 - 3/2 = 2.5: two of them are still wanted
  EXPECT_EQ(pool.present(), 4u) << "nobody is cut off in the middle of a flow";
  EXPECT_FALSE(pool.after_flow(3, 0, 3 * kSecond));
  EXPECT_FALSE(pool.after_flow(2, 0, 3 * kSecond + 2000));
  EXPECT_TRUE(pool.after_flow(1, 0, 3 * kSecond));
  EXPECT_EQ(pool.present(), 2u);
}

TEST(UserPool, ThinkAndPacingSetTheNextStart) {
  UserPool pool = pool_of(scenario_of({{1, 1, seconds(100)}}, seconds(2), seconds(5)));
  joined(pool, 0);
  EXPECT_EQ(pool.after_flow(0, 0, kSecond), 5 * kSecond) << "five seconds from start to start";
  EXPECT_EQ(pool.after_flow(0, 5 * kSecond, 9 * kSecond), 11 * kSecond) << "a slow flow: the think time is kept";
  EXPECT_FALSE(pool.begin(0, 100 * kSecond)) << "the load has ended";
  EXPECT_EQ(pool.present(), 0u);
}

TEST(UserPool, WhatAUserDoesDoesNotDependOnTheOthers) {
  const auto scenario = scenario_of({{10, 10, seconds(100)}});
  std::map<std::uint64_t, std::uint32_t> in_turn, backwards;
  UserPool one = pool_of(scenario), other = pool_of(scenario);
  for (const auto& start : joined(one, 0)) in_turn[start.number] = start.flow;
  for (const auto& start : joined(other, 0)) backwards[start.number] = start.flow;
  for (int round = 1; round < 50; ++round) {
    for (std::uint32_t user = 0; user < 10; ++user) {
      const auto a = one.begin(user, round);
      const auto b = other.begin(9 - user, round);
      ASSERT_TRUE(a && b);
      EXPECT_TRUE(in_turn.emplace(a->number, a->flow).second) << "numbers are never used twice";
      backwards[b->number] = b->flow;
    }
  }
  EXPECT_EQ(in_turn, backwards);
  const auto as = std::count_if(in_turn.begin(), in_turn.end(), [](const auto& entry) { return entry.second == 0; });
  EXPECT_NEAR(static_cast<double>(as), 375, 45) << "three quarters of 500, four standard deviations";
}

TEST(UserPool, AgentsShareTheUsers) {
  const auto scenario = scenario_of({{0, 23, seconds(5)}, {23, 23, seconds(5)}});
  for (std::uint32_t agents = 1; agents <= 64; ++agents) {
    std::set<std::uint64_t> numbers;
    for (std::uint32_t agent = 0; agent < agents; ++agent) {
      UserPool pool = pool_of(scenario, {agent, agents});
      for (const auto& start : joined(pool, 6 * kSecond)) EXPECT_TRUE(numbers.insert(start.number).second) << agents;
    }
    EXPECT_EQ(numbers.size(), 23u) << agents;
    EXPECT_EQ(*numbers.rbegin(), 22u) << agents;
  }
}

TEST(UserPool, APauseSendsUsersHomeAfterTheirFlowAndResumeBringsThemBack) {
  UserPool pool = pool_of(scenario_of({{3, 3, seconds(10)}}));
  joined(pool, 0);
  pool.pause(2 * kSecond);
  EXPECT_FALSE(pool.after_flow(1, 0, 3 * kSecond));
  EXPECT_TRUE(joined(pool, 5 * kSecond).empty());
  pool.resume(7 * kSecond);
  const auto back = joined(pool, 7 * kSecond);
  ASSERT_EQ(back.size(), 1u);
  EXPECT_EQ(back[0].user, 1u);
  EXPECT_EQ(back[0].planned, 7 * kSecond);
  EXPECT_EQ(back[0].number, 4u) << "its second flow";
  EXPECT_EQ(pool.end(), 15 * kSecond) << "the load goes on for what was left of it";
  EXPECT_TRUE(pool.after_flow(0, 0, 14 * kSecond));
}

TEST(UserPool, ScaledWhileItRuns) {
  UserPool pool = pool_of(scenario_of({{4, 4, seconds(10)}}));
  joined(pool, 0);
  pool.scale(kSecond, 2);
  const auto more = joined(pool, kSecond);
  ASSERT_EQ(more.size(), 4u);
  EXPECT_EQ(more[0].user, 4u);
  EXPECT_EQ(more[0].number, std::uint64_t{1} << 40U) << "beyond the planned users: numbers of their own";
  pool.scale(2 * kSecond, 0.25);
  EXPECT_TRUE(joined(pool, 2 * kSecond).empty());
  for (std::uint32_t user = 1; user < 8; ++user) EXPECT_FALSE(pool.after_flow(user, 0, 2 * kSecond)) << user;
  EXPECT_TRUE(pool.after_flow(0, 0, 2 * kSecond));
  pool.stop();
  EXPECT_FALSE(pool.after_flow(0, 0, 3 * kSecond));
  EXPECT_EQ(pool.present(), 0u);
}

}  // namespace
}  // namespace tidemark::drive
