// Conditions, repetitions and groups: which steps a flow makes, and what a group's time is.
#include "engine/drive/flow_program.h"

#include <gtest/gtest.h>

#include <map>

namespace tidemark::drive {
namespace {

using schedule::Block;
using schedule::Condition;

Condition asks(const std::string& name) {
  Condition condition;
  condition.left = schedule::Template::of(name);
  return condition;
}

class Walked {
 public:
  explicit Walked(std::size_t steps, std::vector<Block> blocks) {
    flow_.steps.resize(steps);
    flow_.blocks = std::move(blocks);
    program_ = FlowProgram::compile(flow_, [this](const std::string& name) {
      return groups_.emplace(name, static_cast<std::uint32_t>(groups_.size())).first->second;
    });
  }

  // Steps made, each taking 10 with 3 to think behind it. Conditions hold as often as `holds` says by their name.
  std::vector<std::uint32_t> walk(std::map<std::string, int> holds = {}) {
    const FlowWalk walk{
        .program = program_,
        .blocks = flow_.blocks,
        .holds = [&](const Condition& asked) { return holds[asked.left.text()]-- > 0; },
        .group_done = [this](std::uint32_t group, std::int64_t time) { times_[group].push_back(time); }};
    FlowPosition position;
    std::vector<std::uint32_t> made;
    std::int64_t at = 1000, think = 0;
    std::uint32_t step = 0;
    times_.clear();
    for (result_ = walk.advance(position, at, think, step); result_ == FlowWalk::Result::send && made.size() < 1000;
         result_ = walk.advance(position, at, think, step)) {
      made.push_back(step);
      at += think + 10;
      think = 3;
    }
    return made;
  }

  FlowProgram program_;
  std::map<std::uint32_t, std::vector<std::int64_t>> times_;
  FlowWalk::Result result_ = FlowWalk::Result::send;

 private:
  schedule::Flow flow_;
  std::map<std::string, std::uint32_t> groups_;
};

using Steps = std::vector<std::uint32_t>;

TEST(FlowProgram, IsEmptyForAPlainFlow) {
  EXPECT_TRUE(Walked(3, {}).program_.empty());
}

TEST(FlowProgram, SkipsWhatItsConditionRefuses) {
  Walked flow(3, {{.first = 1, .end = 2, .condition = asks("a")}});
  EXPECT_EQ(flow.walk({{"a", 1}}), (Steps{0, 1, 2}));
  EXPECT_EQ(flow.walk(), (Steps{0, 2}));
  Walked last(2, {{.first = 0, .end = 2, .condition = asks("a")}});
  EXPECT_EQ(last.walk(), Steps{});
  EXPECT_EQ(last.result_, FlowWalk::Result::end);
}

TEST(FlowProgram, RepeatsAndNests) {
  EXPECT_EQ(Walked(2, {{.first = 0, .end = 1, .repeat = 3}}).walk(), (Steps{0, 0, 0, 1}));
  EXPECT_EQ(Walked(2, {{.first = 0, .end = 2, .repeat = 2}, {.first = 1, .end = 2, .repeat = 2}}).walk(),
            (Steps{0, 1, 1, 0, 1, 1}));
  EXPECT_EQ(Walked(1, {{.first = 0, .end = 1, .repeat = 2}, {.first = 0, .end = 1, .repeat = 2}}).walk(),
            (Steps{0, 0, 0, 0}))
      << "equal ranges: the outer first";
  EXPECT_EQ(Walked(2, {{.first = 0, .end = 1, .repeat = 0}}).walk(), (Steps{1}));
}

TEST(FlowProgram, RepeatsWhileAConditionHoldsUpToTheLimit) {
  Walked flow(2, {{.first = 0, .end = 1, .loop = asks("more"), .repeat = 4}});
  EXPECT_EQ(flow.walk({{"more", 2}}), (Steps{0, 0, 1}));
  EXPECT_EQ(flow.walk({{"more", 9}}), (Steps{0, 0, 0, 0, 1}));
  EXPECT_EQ(flow.walk(), Steps{1});
}

TEST(FlowProgram, AConditionInsideALoopIsAskedInEachPass) {
  Walked flow(2, {{.first = 0, .end = 2, .repeat = 3}, {.first = 1, .end = 2, .condition = asks("a")}});
  EXPECT_EQ(flow.walk({{"a", 2}}), (Steps{0, 1, 0, 1, 0}));
}

TEST(FlowProgram, AGroupsTimeLeavesThinkTimesOut) {
  Walked whole(2, {{.first = 0, .end = 2, .group = "g"}});
  whole.walk();
  EXPECT_EQ(whole.times_[0], (std::vector<std::int64_t>{20}));
  Walked passes(3, {{.first = 1, .end = 3, .group = "g", .repeat = 2}});
  passes.walk();
  EXPECT_EQ(passes.times_[0], (std::vector<std::int64_t>{20, 20}));
  Walked nested(3, {{.first = 0, .end = 3, .group = "outer"}, {.first = 1, .end = 2, .group = "inner"}});
  nested.walk();
  EXPECT_EQ(nested.times_[0], (std::vector<std::int64_t>{30}));
  EXPECT_EQ(nested.times_[1], (std::vector<std::int64_t>{10}));
}

TEST(FlowProgram, AGroupWithoutARequestHasNoTime) {
  Walked flow(2, {{.first = 0, .end = 1, .group = "g"}, {.first = 0, .end = 1, .condition = asks("never")}});
  EXPECT_EQ(flow.walk(), Steps{1});
  EXPECT_TRUE(flow.times_.empty());
}

TEST(FlowProgram, ALoopThatNeverSendsIsCutOff) {
  Walked flow(1, {{.first = 0, .end = 1, .repeat = 4'000'000'000}, {.first = 0, .end = 1, .condition = asks("never")}});
  EXPECT_EQ(flow.walk(), Steps{});
  EXPECT_EQ(flow.result_, FlowWalk::Result::stuck);
}

}  // namespace
}  // namespace tidemark::drive
