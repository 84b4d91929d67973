// Templates with names compiled to pieces with numbered slots: what rendering a request looks up is an index. A
// function call gets a slot of its own, which is filled anew before each request that uses it; so rendering itself
// knows nothing of functions, and rendering the same request twice gives the same bytes. Used while a plan is compiled;
// one owner.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "engine/schedule/feeder.h"
#include "engine/schedule/scenario.h"
#include "engine/schedule/secrets.h"

namespace tidemark::drive {

struct Piece {  // literal text, then the value of a variable
  std::string literal;
  std::uint32_t slot = 0xffff'ffff;  // none: only the literal
};
using Pieces = std::vector<Piece>;

struct CompiledCall {
  const schedule::Call* call = nullptr;  // into the scenario
  std::vector<Pieces> arguments;
  std::uint32_t slot = 0;  // of the result
};
// Inner calls come before those that use them.
using CompiledCalls = std::vector<CompiledCall>;

struct CompiledText {
  Pieces pieces;
  CompiledCalls calls;
};

struct FeederColumn {
  std::uint32_t feeder = 0;  // index into the scenario's feeders
  std::size_t column = 0;
  std::uint32_t slot = 0;
};

using FeederTables = std::vector<std::shared_ptr<const schedule::FeederTable>>;  // shared by plans of one scenario

class TemplateCompiler {
 public:
  struct Inputs {
    const schedule::Scenario& scenario;
    const schedule::Secrets& secrets;
    const FeederTables& feeders;                      // of the scenario, in its order
    const std::map<std::string, std::string>& given;  // names whose values are known already: captures of set-up
  };
  explicit TemplateCompiler(const Inputs& inputs);

  // Adds the calls to `calls`. Error: exit 2, an unknown name.
  Result<Pieces> compile(const schedule::Template& text, const std::string& place, CompiledCalls& calls);
  // A slot that holds `text` percent-encoded.
  Piece encoded(Pieces text, CompiledCalls& calls);

  std::uint32_t slot_of(const std::string& name) const { return slot_of_.at(name); }
  const std::vector<std::string>& slots() const { return slots_; }  // names; "" where a call's result stands
  const std::vector<FeederColumn>& columns() const { return columns_; }

 private:
  std::uint32_t new_slot(const std::string& name);
  bool find_column(const std::string& name);

  const Inputs inputs_;
  std::vector<std::string> slots_;
  std::map<std::string, std::uint32_t> slot_of_;
  std::vector<FeederColumn> columns_;
};

}  // namespace tidemark::drive
