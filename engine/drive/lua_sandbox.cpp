#include "engine/drive/lua_sandbox.h"

#include <chrono>
#include <cstdlib>
#include <cstring>

#include "engine/drive/lua_library.h"

extern "C" {
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
}

namespace tidemark::drive {
namespace {

constexpr int kHookEvery = 200;  // instructions between two looks at the limits

std::int64_t clock_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

// What Lua calls back: friends of the sandbox, found again through the state's extra space.
struct LuaCalls {
  static void* allocate(void* user, void* block, std::size_t old_size, std::size_t new_size) {
    auto& box = *static_cast<LuaSandbox*>(user);
    if (block == nullptr) old_size = 0;  // then it is a type tag
    if (new_size == 0) {
      std::free(block);
      box.used_ -= old_size;
      return nullptr;
    }
    if (new_size > old_size && box.used_ - old_size + new_size > box.limits_.memory_bytes) return nullptr;
    void* moved = std::realloc(block, new_size);
    if (moved != nullptr) box.used_ += new_size - old_size;
    return moved;
  }

  // Once a limit is broken every further instruction raises, so that a pcall around a loop cannot go on.
  static void hook(lua_State* lua, lua_Debug*) {
    auto& box = lua_box(lua);
    if (box.broken_limit_ == nullptr) {
      box.instructions_left_ -= kHookEvery;
      if (box.instructions_left_ <= 0)
        box.broken_limit_ = "too many instructions";
      else if (clock_ns() > box.stop_at_ns_)
        box.broken_limit_ = "took too long";
      else
        return;
      lua_sethook(lua, hook, LUA_MASKCOUNT, 1);
    }
    luaL_where(lua, 0);  // the function at work, not its caller
    lua_pushstring(lua, box.broken_limit_);
    lua_concat(lua, 2);
    lua_error(lua);
  }

  static LuaSandbox& lua_box(lua_State* lua) { return **static_cast<LuaSandbox**>(lua_getextraspace(lua)); }

  static LuaHost host(LuaSandbox& box) {
    return {.values = box.flow_.values,
            .slot_of = &box.slot_of_,
            .random = box.flow_.random != nullptr ? box.flow_.random : &box.load_random_,
            .answer = box.answer_,
            .number = box.flow_.number,
            .now_ms = box.flow_.now_ms};
  }

  static int open(lua_State* lua) {
    open_lua_library(lua, [](lua_State* at) { return host(lua_box(at)); });
    return 0;
  }

  // What keeps the message of any error value short and a string.
  static int message(lua_State* lua) {
    if (lua_type(lua, 1) != LUA_TSTRING) lua_pushfstring(lua, "error of type %s", luaL_typename(lua, 1));
    return 1;
  }
};

LuaSandbox::LuaSandbox(const std::vector<std::string>& slots, LuaLimits limits)
    : limits_(limits), load_random_(0, "lua") {
  for (std::size_t i = slots.size(); i-- > 0;) slot_of_[slots[i]] = i;  // the first of equal names
}

LuaSandbox::~LuaSandbox() {
  if (lua_ != nullptr) lua_close(lua_);
}

Result<std::unique_ptr<LuaSandbox>> LuaSandbox::create(const std::string& source, const std::string& name,
                                                       const std::vector<std::string>& slots, LuaLimits limits) {
  std::unique_ptr<LuaSandbox> box(new LuaSandbox(slots, limits));
  box->lua_ = lua_newstate(LuaCalls::allocate, box.get());
  if (box->lua_ == nullptr) return fail(ExitCode::usage, name, "no memory for a Lua state");
  *static_cast<LuaSandbox**>(lua_getextraspace(box->lua_)) = box.get();
  lua_pushcfunction(box->lua_, LuaCalls::open);
  if (!box->run(0, 0)) return fail(ExitCode::usage, name, box->problem_);
  // "t": text only. Crafted bytecode can do anything.
  if (luaL_loadbufferx(box->lua_, source.data(), source.size(), ("=" + name).c_str(), "t") != LUA_OK) {
    box->fail_with(lua_tostring(box->lua_, -1));
    return fail(ExitCode::usage, name, box->problem_);
  }
  if (!box->run(0, 0)) return fail(ExitCode::usage, name, box->problem_);
  return box;
}

bool LuaSandbox::fail_with(std::string_view message) {
  problem_ = "lua: ";
  for (const char c : message.substr(0, kMostMessage)) problem_.push_back(c >= 0 && c < ' ' ? ' ' : c);
  return false;
}

bool LuaSandbox::run(int arguments, int results) {
  instructions_left_ = limits_.instructions;
  stop_at_ns_ = clock_ns() + limits_.time_ms * 1'000'000;
  broken_limit_ = nullptr;
  const int base = lua_gettop(lua_) - arguments;  // of the function
  lua_pushcfunction(lua_, LuaCalls::message);
  lua_insert(lua_, base);
  lua_sethook(lua_, LuaCalls::hook, LUA_MASKCOUNT, kHookEvery);
  const int state = lua_pcall(lua_, arguments, results, base);
  lua_sethook(lua_, nullptr, 0, 0);
  lua_remove(lua_, base);
  if (state == LUA_OK) return true;
  const char* text = lua_type(lua_, -1) == LUA_TSTRING ? lua_tostring(lua_, -1) : "error inside an error";
  fail_with(broken_limit_ != nullptr && std::strstr(text, broken_limit_) == nullptr ? broken_limit_ : text);
  lua_settop(lua_, 0);
  if (state == LUA_ERRMEM) lua_gc(lua_, LUA_GCCOLLECT);
  return false;
}

std::optional<int> LuaSandbox::function(const std::string& name) {
  if (const auto known = functions_.find(name); known != functions_.end()) return known->second;
  lua_pushcfunction(lua_, [](lua_State* lua) {
    lua_rawgeti(lua, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
    lua_pushstring(lua, static_cast<const char*>(lua_touserdata(lua, 1)));
    const bool found = lua_rawget(lua, -2) == LUA_TFUNCTION;
    lua_pushinteger(lua, found ? luaL_ref(lua, LUA_REGISTRYINDEX) : LUA_NOREF);
    return 1;
  });
  lua_pushlightuserdata(lua_, const_cast<char*>(name.c_str()));
  if (!run(1, 1)) return std::nullopt;
  const auto reference = static_cast<int>(lua_tointeger(lua_, -1));
  lua_settop(lua_, 0);
  if (reference == LUA_NOREF) return std::nullopt;
  functions_.emplace(name, reference);
  return reference;
}

std::optional<std::string> LuaSandbox::value(int function, std::span<const std::string> arguments, const Flow& flow) {
  flow_ = flow;
  answer_ = nullptr;
  lua_pushcfunction(lua_, [](lua_State* lua) {
    const auto& given = *static_cast<const std::span<const std::string>*>(lua_touserdata(lua, 2));
    luaL_checkstack(lua, static_cast<int>(given.size()), "too many arguments");
    lua_rawgeti(lua, LUA_REGISTRYINDEX, static_cast<int>(lua_tointeger(lua, 1)));
    for (const auto& text : given) lua_pushlstring(lua, text.data(), text.size());
    lua_call(lua, static_cast<int>(given.size()), 1);
    if (lua_type(lua, -1) == LUA_TBOOLEAN) lua_pushstring(lua, lua_toboolean(lua, -1) != 0 ? "true" : "false");
    if (lua_isstring(lua, -1) == 0) return luaL_error(lua, "must return a text, not %s", luaL_typename(lua, -1));
    lua_tostring(lua, -1);  // a number becomes its text in place, which allocates: inside the protected call
    return 1;
  });
  lua_pushinteger(lua_, function);
  lua_pushlightuserdata(lua_, &arguments);
  if (!run(2, 1)) return std::nullopt;
  std::size_t size = 0;
  const char* text = lua_tolstring(lua_, -1, &size);
  std::optional<std::string> result;
  if (size <= kMostText) {
    result.emplace(text, size);
  } else {
    fail_with("returned a text that is too long");
  }
  lua_settop(lua_, 0);
  return result;
}

bool LuaSandbox::step(int function, const std::string& step, const Answer* answer, const Flow& flow) {
  flow_ = flow;
  answer_ = answer;
  lua_pushcfunction(lua_, [](lua_State* lua) {
    const auto& name = *static_cast<const std::string*>(lua_touserdata(lua, 2));
    lua_rawgeti(lua, LUA_REGISTRYINDEX, static_cast<int>(lua_tointeger(lua, 1)));
    push_lua_flow(lua);
    lua_pushlstring(lua, name.data(), name.size());
    if (lua_toboolean(lua, 3) != 0) {
      push_lua_answer(lua);
    } else {
      lua_pushnil(lua);
    }
    lua_call(lua, 3, 1);
    return 1;
  });
  lua_pushinteger(lua_, function);
  lua_pushlightuserdata(lua_, const_cast<std::string*>(&step));
  lua_pushboolean(lua_, answer != nullptr ? 1 : 0);
  bool good = run(3, 1);
  answer_ = nullptr;
  if (good && lua_type(lua_, -1) == LUA_TSTRING) good = fail_with(lua_tostring(lua_, -1));
  lua_settop(lua_, 0);
  return good;
}

}  // namespace tidemark::drive
