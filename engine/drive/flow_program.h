// A flow with conditions, repetitions or groups, compiled to a short list of instructions, and the walk over them from
// one request to the next. A flow without them has an empty program: its steps follow one another, and nothing here is
// called for it. Pure: conditions are asked through a callback; times come in. One owner per state.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "engine/schedule/scenario.h"

namespace tidemark::drive {

struct Instruction {
  enum class Op : std::uint8_t {
    send,         // step `index`
    unless,       // condition of block `index` fails: go to `target`
    begin_loop,   // counter `counter` = 0
    next_pass,    // counter at block `index`'s limit, or its `while` fails: go to `target`; else count the pass
    jump,         // to `target`
    begin_group,  // block `index`
    end_group,
  } op = Op::send;
  std::uint32_t index = 0, target = 0, counter = 0;
};

struct FlowProgram {
  std::vector<Instruction> code;
  std::uint32_t counters = 0;
  std::vector<std::uint32_t> group_of_block;  // number of the block's group among all groups; kNoGroup: none
  static constexpr std::uint32_t kNoGroup = 0xffff'ffff;

  bool empty() const { return code.empty(); }
  // `group_number` gives each group's name its number. Empty when the flow has no blocks.
  static FlowProgram compile(const schedule::Flow& flow,
                             const std::function<std::uint32_t(const std::string&)>& group_number);
};

// Where one flow is in its program.
struct FlowPosition {
  struct OpenGroup {
    std::uint32_t block = 0;
    std::int64_t begun = 0;    // planned start of the first request in this pass
    std::int64_t thought = 0;  // think times since then
    bool sent = false;         // a request was made in this pass
  };
  std::uint32_t next = 0;  // instruction
  std::vector<std::uint32_t> counters;
  std::vector<OpenGroup> groups;  // the inner ones last
};

struct FlowWalk {
  // Instructions between two requests; a flow that exceeds it loops without ever sending.
  static constexpr int kMostInstructions = 100'000;
  enum class Result : std::uint8_t { send, end, stuck };

  const FlowProgram& program;
  const std::vector<schedule::Block>& blocks;
  std::function<bool(const schedule::Condition&)> holds;
  std::function<void(std::uint32_t group, std::int64_t nanos)> group_done;

  // Goes on from `position` to the next request. `ended` is the instant at which the last one ended, `think` the pause
  // before the next (0 at the flow's start, where `ended` is its arrival). With `send`, `step` is the one to make.
  Result advance(FlowPosition& position, std::int64_t ended, std::int64_t think, std::uint32_t& step) const;
};

}  // namespace tidemark::drive
