// The scenario's Lua script (5.4): the one way to logic that the scenario's own words do not have. One state per
// worker, used by its thread alone. What a script can reach is a closed list: no files, processes, modules, bytecode,
// garbage-collector finalizers or coroutines. Memory is bounded by the allocator, time by a hook that counts
// instructions and looks at the clock; the pattern functions of Lua's string library, which can run for hours inside
// one C call, are replaced by linear-time ones (docs/scenario.md has the list). A script that breaks a limit fails the
// request that called it, and the state lives on.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/random.h"
#include "engine/drive/answer.h"

struct lua_State;

namespace tidemark::drive {

struct LuaLimits {
  std::size_t memory_bytes = 8u << 20;    // of the whole state
  std::int64_t instructions = 1'000'000;  // of one call
  std::int64_t time_ms = 250;             // of one call; a C function in progress is waited for
};

class LuaSandbox {
 public:
  struct Flow {                                  // whose behalf a call is on
    std::vector<std::string>* values = nullptr;  // by slot
    Random* random = nullptr;
    std::uint64_t number = 0;
    std::int64_t now_ms = 0;  // since 1970
  };
  static constexpr std::size_t kMostText = 1u << 20;  // bytes of a value that a script gives or takes
  static constexpr std::size_t kMostMessage = 200;    // bytes of an error kept

  // Runs the script once: it defines functions. `slots` are the names that flow.NAME reads and writes. Exit 2 for
  // a script that does not compile or fails, with its line.
  static Result<std::unique_ptr<LuaSandbox>> create(const std::string& source, const std::string& name,
                                                    const std::vector<std::string>& slots, LuaLimits limits = {});
  ~LuaSandbox();
  LuaSandbox(const LuaSandbox&) = delete;
  LuaSandbox& operator=(const LuaSandbox&) = delete;

  // A number for a global function; nullopt: the script has none of that name.
  std::optional<int> function(const std::string& name);

  // function(argument, ...) -> text (strings, numbers and booleans). Nullopt: failed, see problem().
  std::optional<std::string> value(int function, std::span<const std::string> arguments, const Flow& flow);
  // function(flow, step, answer): before a step without the answer, after it with. The script refuses the step by
  // error("why") or by returning a text. False: failed, see problem().
  bool step(int function, const std::string& step, const Answer* answer, const Flow& flow);

  // "lua: script.lua:3: why", of the last call that failed.
  const std::string& problem() const { return problem_; }
  std::size_t memory_bytes() const { return used_; }

 private:
  LuaSandbox(const std::vector<std::string>& slots, LuaLimits limits);
  friend struct LuaCalls;

  bool run(int arguments, int results);  // the function and its arguments are on the stack
  bool fail_with(std::string_view message);

  const LuaLimits limits_;
  std::map<std::string, std::size_t, std::less<>> slot_of_;
  std::map<std::string, int, std::less<>> functions_;  // those asked for
  lua_State* lua_ = nullptr;
  std::size_t used_ = 0;
  std::int64_t instructions_left_ = 0, stop_at_ns_ = 0;
  const char* broken_limit_ = nullptr;
  Flow flow_;
  const Answer* answer_ = nullptr;
  Random load_random_;
  std::string problem_;
};

}  // namespace tidemark::drive
