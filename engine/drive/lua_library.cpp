#include "engine/drive/lua_library.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "engine/core/pattern.h"
#include "engine/drive/response_framing.h"

extern "C" {
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
}

namespace tidemark::drive {
namespace {

constexpr lua_Integer kMostRepeated = 1 << 20;  // bytes that string.rep may make
constexpr std::size_t kMostMatched = 1 << 20;   // bytes that regex.match looks at
constexpr int kMostGroups = 16;

enum Key : std::size_t { host_key, flow_key, answer_key, patterns_key, pattern_type_key, keys };
char key_bytes[keys];  // their addresses are the keys of our entries in Lua's registry; never read nor written

void get_entry(lua_State* lua, Key key) {
  lua_rawgetp(lua, LUA_REGISTRYINDEX, &key_bytes[key]);
}
void set_entry(lua_State* lua, Key key) {
  lua_rawsetp(lua, LUA_REGISTRYINDEX, &key_bytes[key]);
}

LuaHost host_of(lua_State* lua) {
  get_entry(lua, host_key);
  const auto function = *static_cast<LuaHostOf*>(lua_touserdata(lua, -1));
  lua_pop(lua, 1);
  return function(lua);
}

std::string_view text_at(lua_State* lua, int index) {
  std::size_t size = 0;
  const char* text = luaL_checklstring(lua, index, &size);
  return {text, size};
}

void push(lua_State* lua, std::string_view text) {
  lua_pushlstring(lua, text.data(), text.size());
}

// A finalizer would run without the hook, so without a limit.
int set_metatable(lua_State* lua) {
  luaL_checktype(lua, 1, LUA_TTABLE);
  const int type = lua_type(lua, 2);
  luaL_argexpected(lua, type == LUA_TNIL || type == LUA_TTABLE, 2, "nil or table");
  if (luaL_getmetafield(lua, 1, "__metatable") != LUA_TNIL) return luaL_error(lua, "cannot change this metatable");
  if (type == LUA_TTABLE) {
    lua_pushliteral(lua, "__gc");
    if (lua_rawget(lua, 2) != LUA_TNIL) return luaL_error(lua, "__gc is not available here");
    lua_pop(lua, 1);
  }
  lua_settop(lua, 2);
  lua_setmetatable(lua, 1);
  return 1;
}

int string_rep(lua_State* lua) {
  const std::string_view text = text_at(lua, 1);
  const lua_Integer count = luaL_checkinteger(lua, 2);
  std::size_t between_size = 0;
  const char* between = luaL_optlstring(lua, 3, "", &between_size);
  const auto one = static_cast<lua_Integer>(text.size() + between_size);
  if (count > 0 && one > 0 && count > kMostRepeated / one) return luaL_error(lua, "string.rep: result too long");
  luaL_Buffer buffer;
  luaL_buffinit(lua, &buffer);
  for (lua_Integer i = 0; i < count; ++i) {
    luaL_addlstring(&buffer, text.data(), text.size());
    if (i + 1 < count) luaL_addlstring(&buffer, between, between_size);
    if (one == 0) break;
  }
  luaL_pushresult(&buffer);
  return 1;
}

// string.find(text, part [, from]): plain.
int string_find(lua_State* lua) {
  const std::string_view text = text_at(lua, 1), part = text_at(lua, 2);
  lua_Integer from = luaL_optinteger(lua, 3, 1);
  if (from < 0) from = std::max<lua_Integer>(1, static_cast<lua_Integer>(text.size()) + from + 1);
  if (from == 0) from = 1;
  // memmem, which is linear where string_view::find is quadratic.
  const char* const found =
      from - 1 > static_cast<lua_Integer>(text.size())
          ? nullptr
          : static_cast<const char*>(memmem(text.data() + from - 1, text.size() - static_cast<std::size_t>(from - 1),
                                            part.data(), part.size()));
  if (found == nullptr) {
    lua_pushnil(lua);
    return 1;
  }
  lua_pushinteger(lua, found - text.data() + 1);
  lua_pushinteger(lua, found - text.data() + static_cast<lua_Integer>(part.size()));
  return 2;
}

int no_patterns(lua_State* lua) {
  return luaL_error(lua, "Lua patterns are not available here: use regex.match(text, pattern)");
}

// The compiled form of the pattern at `index`, kept in a table of the registry. Lua's allocator must not be asked while
// a C++ object with a destructor is alive (its error is a longjmp), hence the placement in a userdata.
const Pattern& pattern_at(lua_State* lua, int index) {
  constexpr lua_Integer kMostKept = 64;
  get_entry(lua, patterns_key);
  lua_pushvalue(lua, index);
  if (lua_rawget(lua, -2) != LUA_TUSERDATA) {
    lua_pop(lua, 1);
    lua_rawgeti(lua, -1, 0);
    const lua_Integer kept = lua_tointeger(lua, -1);
    lua_pop(lua, 1);
    if (kept >= kMostKept) luaL_error(lua, "more than %d different patterns", static_cast<int>(kMostKept));
    auto* made = static_cast<Pattern*>(lua_newuserdatauv(lua, sizeof(Pattern), 0));
    new (made) Pattern();
    get_entry(lua, pattern_type_key);  // has the destructor
    lua_setmetatable(lua, -2);
    bool good = false;
    {
      auto compiled = Pattern::compile(std::string(text_at(lua, index)));
      if ((good = compiled.has_value())) *made = std::move(*compiled);
    }
    if (!good) luaL_error(lua, "not a regular expression (RE2 syntax)");
    lua_pushvalue(lua, index);
    lua_pushvalue(lua, -2);
    lua_rawset(lua, -4);
    lua_pushinteger(lua, kept + 1);
    lua_rawseti(lua, -3, 0);
  }
  const auto& pattern = *static_cast<const Pattern*>(lua_touserdata(lua, -1));
  lua_pop(lua, 2);  // the table keeps it
  return pattern;
}

// regex.match(text, pattern): the groups, or the whole match where there are none; nil when it is not found.
int regex_match(lua_State* lua) {
  luaL_checktype(lua, 2, LUA_TSTRING);
  const std::string_view text = text_at(lua, 1);
  if (text.size() > kMostMatched) return luaL_error(lua, "regex.match: text too long");
  const Pattern& pattern = pattern_at(lua, 2);
  const int groups = pattern.groups();
  if (groups > kMostGroups) return luaL_error(lua, "more than %d groups", kMostGroups);
  std::array<std::optional<std::string_view>, kMostGroups + 1> found;
  found[0] = pattern.group_in(text, 0);
  if (!found[0]) {
    lua_pushnil(lua);
    return 1;
  }
  for (int i = 1; i <= groups; ++i) found[static_cast<std::size_t>(i)] = pattern.group_in(text, i);
  const int first = groups == 0 ? 0 : 1;
  for (int i = first; i <= groups; ++i) {
    const auto& group = found[static_cast<std::size_t>(i)];
    if (group)
      push(lua, *group);
    else
      lua_pushnil(lua);
  }
  return groups == 0 ? 1 : groups;
}

// As Lua's own, from the flow's stream: random(), random(high), random(low, high).
int math_random(lua_State* lua) {
  Random& random = *host_of(lua).random;
  const int given = lua_gettop(lua);
  if (given == 0) {
    lua_pushnumber(lua, random.uniform());
    return 1;
  }
  const lua_Integer low = given == 1 ? 1 : luaL_checkinteger(lua, 1);
  const lua_Integer high = luaL_checkinteger(lua, given == 1 ? 1 : 2);
  luaL_argcheck(lua, low <= high, given == 1 ? 1 : 2, "interval is empty");
  const std::uint64_t span = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low) + 1;
  const std::uint64_t drawn = span == 0 ? random.next() : random.below(span);
  lua_pushinteger(lua, static_cast<lua_Integer>(static_cast<std::uint64_t>(low) + drawn));
  return 1;
}

int now_ms(lua_State* lua) {
  lua_pushinteger(lua, host_of(lua).now_ms);
  return 1;
}

int flow_get(lua_State* lua) {
  const LuaHost host = host_of(lua);
  const std::string_view name = text_at(lua, 2);
  if (name == "number") {
    lua_pushinteger(lua, static_cast<lua_Integer>(host.number));
    return 1;
  }
  const auto slot = host.slot_of->find(name);
  if (host.values == nullptr || slot == host.slot_of->end() || slot->second >= host.values->size()) {
    return luaL_error(lua, "flow.%s: no such variable or capture", lua_tostring(lua, 2));
  }
  push(lua, (*host.values)[slot->second]);
  return 1;
}

int flow_set(lua_State* lua) {
  constexpr std::size_t kMostValue = 1u << 20;
  const LuaHost host = host_of(lua);
  const std::string_view name = text_at(lua, 2);
  if (lua_type(lua, 3) == LUA_TBOOLEAN) {
    lua_pushstring(lua, lua_toboolean(lua, 3) != 0 ? "true" : "false");
    lua_replace(lua, 3);
  }
  const std::string_view value = text_at(lua, 3);
  if (value.size() > kMostValue) return luaL_error(lua, "flow.%s: text too long", lua_tostring(lua, 2));
  const auto slot = host.slot_of->find(name);
  if (host.values == nullptr || slot == host.slot_of->end() || slot->second >= host.values->size()) {
    return luaL_error(lua, "flow.%s: no such variable or capture (declare it under variables)", lua_tostring(lua, 2));
  }
  (*host.values)[slot->second].assign(value);
  return 0;
}

const Answer& answer_of(lua_State* lua) {
  const Answer* answer = host_of(lua).answer;
  if (answer == nullptr) luaL_error(lua, "the answer is gone: it lasts as long as the call that it was given to");
  return *answer;
}

int answer_header(lua_State* lua) {
  std::string_view value;
  if (find_header(answer_of(lua).header_lines, text_at(lua, 1), value))
    push(lua, value);
  else
    lua_pushnil(lua);
  return 1;
}

int answer_get(lua_State* lua) {
  const Answer& answer = answer_of(lua);
  const std::string_view name = text_at(lua, 2);
  if (name == "status") {
    lua_pushinteger(lua, answer.status);
  } else if (name == "body") {
    push(lua, answer.body);
  } else if (name == "header") {
    lua_pushcfunction(lua, answer_header);
  } else {
    return luaL_error(lua, "answer.%s: there are status, body and header(name)", lua_tostring(lua, 2));
  }
  return 1;
}

int read_only(lua_State* lua) {
  return luaL_error(lua, "an answer cannot be changed");
}

// A userdata of no size whose fields are the two functions.
void keep_object(lua_State* lua, Key key, lua_CFunction get, lua_CFunction set) {
  lua_newuserdatauv(lua, 0, 0);
  lua_createtable(lua, 0, 3);
  lua_pushcfunction(lua, get);
  lua_setfield(lua, -2, "__index");
  lua_pushcfunction(lua, set);
  lua_setfield(lua, -2, "__newindex");
  lua_pushboolean(lua, 0);
  lua_setfield(lua, -2, "__metatable");
  lua_setmetatable(lua, -2);
  set_entry(lua, key);
}

void remove_fields(lua_State* lua, std::initializer_list<const char*> names) {  // of the table on top
  for (const char* name : names) {
    lua_pushnil(lua);
    lua_setfield(lua, -2, name);
  }
}

void open_standard(lua_State* lua) {
  luaL_requiref(lua, LUA_GNAME, luaopen_base, 1);
  // xpcall: its handler runs inside the hook that raised, where no hook runs, so without a limit.
  remove_fields(lua,
                {"collectgarbage", "dofile", "load", "loadfile", "loadstring", "print", "require", "warn", "xpcall"});
  lua_pushcfunction(lua, set_metatable);
  lua_setfield(lua, -2, "setmetatable");
  luaL_requiref(lua, LUA_TABLIBNAME, luaopen_table, 1);
  luaL_requiref(lua, LUA_UTF8LIBNAME, luaopen_utf8, 1);
  luaL_requiref(lua, LUA_MATHLIBNAME, luaopen_math, 1);
  remove_fields(lua, {"randomseed"});
  lua_pushcfunction(lua, math_random);
  lua_setfield(lua, -2, "random");
  luaL_requiref(lua, LUA_STRLIBNAME, luaopen_string, 1);
  remove_fields(lua, {"dump"});
  const luaL_Reg replaced[] = {{"rep", string_rep},     {"find", string_find}, {"match", no_patterns},
                               {"gmatch", no_patterns}, {"gsub", no_patterns}, {nullptr, nullptr}};
  luaL_setfuncs(lua, replaced, 0);
  lua_settop(lua, 0);
}

}  // namespace

void open_lua_library(lua_State* lua, LuaHostOf host) {
  *static_cast<LuaHostOf*>(lua_newuserdatauv(lua, sizeof(LuaHostOf), 0)) = host;
  set_entry(lua, host_key);
  lua_createtable(lua, 0, 1);
  lua_pushcfunction(lua, [](lua_State* at) {
    static_cast<Pattern*>(lua_touserdata(at, 1))->~Pattern();
    return 0;
  });
  lua_setfield(lua, -2, "__gc");
  set_entry(lua, pattern_type_key);
  lua_newtable(lua);
  set_entry(lua, patterns_key);
  keep_object(lua, flow_key, flow_get, flow_set);
  keep_object(lua, answer_key, answer_get, read_only);
  open_standard(lua);
  const luaL_Reg regex[] = {{"match", regex_match}, {nullptr, nullptr}};
  luaL_newlib(lua, regex);
  lua_setglobal(lua, "regex");
  lua_pushcfunction(lua, now_ms);
  lua_setglobal(lua, "now_ms");
}

void push_lua_flow(lua_State* lua) {
  get_entry(lua, flow_key);
}

void push_lua_answer(lua_State* lua) {
  get_entry(lua, answer_key);
}

}  // namespace tidemark::drive
