#include "engine/drive/flow_program.h"

namespace tidemark::drive {
namespace {

using Op = Instruction::Op;
using schedule::Block;

class Emitter {
 public:
  Emitter(const schedule::Flow& flow, FlowProgram& program) : flow_(flow), program_(program) {}

  // Steps [first, end); blocks from `block` on lie inside.
  void steps(std::uint32_t first, std::uint32_t end) {
    for (std::uint32_t i = first; i < end;) {
      if (block_ < flow_.blocks.size() && flow_.blocks[block_].first == i) {
        const std::uint32_t number = block_++;
        block(number);
        i = flow_.blocks[number].end;
      } else {
        emit(Op::send, i++);
      }
    }
  }

 private:
  std::uint32_t here() const { return static_cast<std::uint32_t>(program_.code.size()); }
  std::uint32_t emit(Op op, std::uint32_t index, std::uint32_t counter = 0) {
    program_.code.push_back({.op = op, .index = index, .target = 0, .counter = counter});
    return here() - 1;
  }

  void block(std::uint32_t number) {
    const Block& block = flow_.blocks[number];
    std::vector<std::uint32_t> leave;  // instructions that jump behind the block
    if (block.condition) leave.push_back(emit(Op::unless, number));
    const bool loops = block.loop || block.repeat != 1;
    const std::uint32_t counter = loops ? program_.counters++ : 0;
    if (loops) emit(Op::begin_loop, number, counter);
    const std::uint32_t top = here();
    if (loops) leave.push_back(emit(Op::next_pass, number, counter));
    if (!block.group.empty()) emit(Op::begin_group, number);
    steps(block.first, block.end);
    if (!block.group.empty()) emit(Op::end_group, number);
    if (loops) program_.code[emit(Op::jump, number)].target = top;
    for (const std::uint32_t at : leave) program_.code[at].target = here();
  }

  const schedule::Flow& flow_;
  FlowProgram& program_;
  std::uint32_t block_ = 0;
};

}  // namespace

FlowProgram FlowProgram::compile(const schedule::Flow& flow,
                                 const std::function<std::uint32_t(const std::string&)>& group_number) {
  FlowProgram program;
  if (flow.blocks.empty()) return program;
  for (const Block& block : flow.blocks) {
    program.group_of_block.push_back(block.group.empty() ? kNoGroup : group_number(block.group));
  }
  Emitter(flow, program).steps(0, static_cast<std::uint32_t>(flow.steps.size()));
  return program;
}

FlowWalk::Result FlowWalk::advance(FlowPosition& position, std::int64_t ended, std::int64_t think,
                                   std::uint32_t& step) const {
  position.counters.resize(program.counters);
  for (int done = 0; position.next < program.code.size(); ++done) {
    if (done == kMostInstructions) return Result::stuck;
    const Instruction& at = program.code[position.next++];
    switch (at.op) {
      case Op::send:
        for (auto& group : position.groups) {
          if (group.sent) group.thought += think;  // the pause lies inside the group
          group.sent = true;
        }
        step = at.index;
        return Result::send;
      case Op::unless:
        if (!holds(*blocks[at.index].condition)) position.next = at.target;
        break;
      case Op::begin_loop:
        position.counters[at.counter] = 0;
        break;
      case Op::next_pass:
        if (position.counters[at.counter] >= blocks[at.index].repeat ||
            (blocks[at.index].loop && !holds(*blocks[at.index].loop))) {
          position.next = at.target;
        } else {
          ++position.counters[at.counter];
        }
        break;
      case Op::jump:
        position.next = at.target;
        break;
      case Op::begin_group:
        position.groups.push_back({.block = at.index, .begun = ended + think});
        break;
      case Op::end_group: {
        const auto group = position.groups.back();
        position.groups.pop_back();
        if (group.sent) group_done(program.group_of_block[group.block], ended - group.begun - group.thought);
        break;
      }
    }
  }
  return Result::end;
}

}  // namespace tidemark::drive
