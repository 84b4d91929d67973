// What a script of the sandbox can reach: the safe part of Lua's own libraries, and ours. Only lua_sandbox.cpp calls
// this, inside a protected call.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "engine/core/random.h"
#include "engine/drive/answer.h"

struct lua_State;

namespace tidemark::drive {

struct LuaHost {                               // of the call in progress
  std::vector<std::string>* values = nullptr;  // nullptr: no flow, the script is being loaded
  const std::map<std::string, std::size_t, std::less<>>* slot_of = nullptr;
  Random* random = nullptr;
  const Answer* answer = nullptr;
  std::uint64_t number = 0;
  std::int64_t now_ms = 0;
};
using LuaHostOf = LuaHost (*)(lua_State*);

void open_lua_library(lua_State* lua, LuaHostOf host_of);
void push_lua_flow(lua_State* lua);    // flow.NAME, flow.number
void push_lua_answer(lua_State* lua);  // answer.status, answer.body, answer.header(name)

}  // namespace tidemark::drive
