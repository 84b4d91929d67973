// The Lua hatch: what a script can do, and a table of scripts that try what they must not.
#include "engine/drive/lua_sandbox.h"

#include <gtest/gtest.h>

#include <chrono>

namespace tidemark::drive {
namespace {

class Lua : public ::testing::Test {
 protected:
  std::unique_ptr<LuaSandbox> open(const std::string& source) {
    auto made = LuaSandbox::create(source, "script.lua", {"flow_id", "item", "token"});
    EXPECT_TRUE(made) << made.error().message();
    return made ? std::move(*made) : nullptr;
  }
  LuaSandbox::Flow flow() { return {.values = &values_, .random = &random_, .number = 7, .now_ms = 1234}; }
  std::string value(const std::string& body, std::vector<std::string> arguments = {}) {
    const auto box = open("function f(a, b) " + body + " end");
    const auto result = box->value(*box->function("f"), arguments, flow());
    return result ? *result : box->problem();
  }

  std::vector<std::string> values_ = {"1", "42", ""};
  Random random_{1, "test"};
};

TEST_F(Lua, GivesValues) {
  EXPECT_EQ(value("return a .. '-' .. b", {"x", "y"}), "x-y");
  EXPECT_EQ(value("return 6 * 7"), "42");
  EXPECT_EQ(value("return a == 'x'", {"x"}), "true");
  EXPECT_EQ(value("return string.upper(a):rep(2, ',')", {"x"}), "X,X");
  EXPECT_EQ(value("local t = {3,1,2}; table.sort(t); return table.concat(t, ' ')"), "1 2 3");
  EXPECT_EQ(value("return flow_number()"), "lua: script.lua:1: attempt to call a nil value (global 'flow_number')");
  EXPECT_EQ(value("return now_ms()"), "1234");
  EXPECT_EQ(value("return nil"), "lua: must return a text, not nil");
  EXPECT_EQ(value("return a:find('.', 1, true) .. a:find('b.')", {"ab.c"}), "32");
  EXPECT_EQ(value("return tostring(a:find('zz'))", {"ab.c"}), "nil");
}

TEST_F(Lua, MatchesInLinearTime) {
  EXPECT_EQ(value("return regex.match(a, 'id=([0-9]+)')", {"x id=17;"}), "17");
  EXPECT_EQ(value("local x, y = regex.match(a, '(a+)(b+)') return y .. x", {"aabbb"}), "bbbaa");
  EXPECT_EQ(value("return tostring(regex.match(a, 'q'))", {"x"}), "nil");
  EXPECT_EQ(value("return regex.match(a, '(')", {"x"}), "lua: script.lua:1: not a regular expression (RE2 syntax)");
  EXPECT_EQ(value("return regex.match(a, '(a*)*b')", {std::string(100'000, 'a') + "b"}).size(), 100'000u);
  EXPECT_EQ(value("for i = 1, 100 do regex.match(a, 'x' .. i) end return 'done'", {"x"}),
            "lua: script.lua:1: more than 64 different patterns");
}

TEST_F(Lua, DrawsFromTheFlowsOwnStream) {
  const auto draw = [this] {
    random_ = Random(3, "draw");
    return value("return math.random(1, 1000) .. ' ' .. math.random(5) .. ' ' .. math.random()");
  };
  EXPECT_EQ(draw(), draw());
  EXPECT_EQ(value("return math.random(4, 4)"), "4");
  EXPECT_EQ(value("return math.random(2, 1)"), "lua: script.lua:1: bad argument #2 to 'random' (interval is empty)");
}

TEST_F(Lua, StepsReadAndWriteTheFlowsValues) {
  const auto box = open(R"(
    function before(flow, step) flow.token = step .. flow.item .. flow.number end
    function after(flow, step, answer)
      if answer.status ~= 200 then error('status was ' .. answer.status, 0) end
      flow.item = answer.body:sub(1, 3) .. (answer.header('X-Part') or 'none')
      if answer.header('absent') then return 'no' end
    end
    function refuse(flow) return 'not today' end
    function wrong(flow) flow.other = 1 end
    function writes(flow, step, answer) answer.status = 1 end)");
  EXPECT_TRUE(box->step(*box->function("before"), "pay", nullptr, flow()));
  EXPECT_EQ(values_[2], "pay427");
  const Answer answer{200, "x-part: 9\n", "abcdef"};
  EXPECT_TRUE(box->step(*box->function("after"), "pay", &answer, flow()));
  EXPECT_EQ(values_[1], "abc9");
  const Answer refused{503, "", ""};
  EXPECT_FALSE(box->step(*box->function("after"), "pay", &refused, flow()));
  EXPECT_EQ(box->problem(), "lua: status was 503");
  EXPECT_FALSE(box->step(*box->function("refuse"), "pay", nullptr, flow()));
  EXPECT_EQ(box->problem(), "lua: not today");
  EXPECT_FALSE(box->step(*box->function("wrong"), "pay", nullptr, flow()));
  EXPECT_NE(box->problem().find("flow.other: no such variable"), std::string::npos);
  EXPECT_FALSE(box->step(*box->function("writes"), "pay", &answer, flow()));
  EXPECT_NE(box->problem().find("cannot be changed"), std::string::npos);
  EXPECT_EQ(box->function("absent"), std::nullopt);
}

TEST_F(Lua, AScriptThatDoesNotLoadSaysWhere) {
  const auto message = [](const std::string& source) {
    const auto made = LuaSandbox::create(source, "script.lua", {});
    return made ? std::string("loaded") : made.error().message();
  };
  EXPECT_NE(message("x = = 1").find("script.lua:1:"), std::string::npos);
  EXPECT_NE(message("\n\nerror('no')").find("script.lua:3: no"), std::string::npos);
  EXPECT_NE(message("while true do end").find("too many instructions"), std::string::npos);
  EXPECT_NE(message("local s = ('x'):rep(1000000) local t = {} while true do t[#t+1] = s .. #t end").find("memory"),
            std::string::npos);
  EXPECT_NE(message("return flow").find("loaded"), std::string::npos);
  EXPECT_NE(message("\x1bLua").find("binary"), std::string::npos) << "bytecode";
}

struct Hostile {
  const char* name;
  const char* body;
  const char* problem;  // what it must say; "": it must end well
};

class HostileLua : public ::testing::TestWithParam<Hostile> {};

// Each fails (or is harmless) within the limits, and the state serves the next call.
TEST_P(HostileLua, IsStopped) {
  auto made =
      LuaSandbox::create("function good() return 'fine' end\nfunction f() " + std::string(GetParam().body) + " end",
                         "s", {"v"}, {.memory_bytes = 4u << 20, .instructions = 300'000, .time_ms = 200});
  ASSERT_TRUE(made) << made.error().message();
  auto& box = **made;
  std::vector<std::string> values = {""};
  Random random(1, "hostile");
  const LuaSandbox::Flow flow{.values = &values, .random = &random};
  const auto began = std::chrono::steady_clock::now();
  const auto result = box.value(*box.function("f"), {}, flow);
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(10));
  EXPECT_LE(box.memory_bytes(), 4u << 20);
  const std::string said = result ? "" : box.problem();
  EXPECT_NE(said.find(GetParam().problem), std::string::npos) << said;
  EXPECT_EQ(said.empty(), std::string_view(GetParam().problem).empty()) << said;
  EXPECT_EQ(box.value(*box.function("good"), {}, flow), "fine");
}

INSTANTIATE_TEST_SUITE_P(
    Scripts, HostileLua,
    ::testing::Values(
        Hostile{"InfiniteLoop", "while true do end", "too many instructions"},
        Hostile{"LoopInPcall", "while true do pcall(function() while true do end end) end", "too many instructions"},
        Hostile{"LoopInXpcallHandler", "xpcall(error, function() while true do end end)", "nil value"},
        Hostile{"NestedPcall", "local function g() pcall(g) while true do end end g()", "too many instructions"},
        Hostile{"LoopInMetamethod", "return setmetatable({}, {__index = function(t, k) return t[k .. 'x'] end}).a",
                ""
                "overflow"},
        Hostile{"LoopInClose", "local x <close> = setmetatable({}, {__close = function() while true do end end})",
                "too many instructions"},
        Hostile{"Recursion", "local function g() return 1 + g() end return g()", "not enough memory"},
        Hostile{"TailCalls", "local function g() return g() end return g()", "too many instructions"},
        Hostile{"MemoryBomb", "local t = {} for i = 1, 1e9 do t[i] = i end", "not enough memory"},
        Hostile{"StringDoubling", "local s = 'x' while true do s = s .. s end", "not enough memory"},
        Hostile{"MemoryBombInPcall",
                "while true do pcall(function() local s = 'x' while true do s = s .. s end end) end", "t"},
        Hostile{"Rep", "return ('x'):rep(1e9)", "result too long"},
        Hostile{"RepOverflow", "return ('xxxxxxxx'):rep(math.maxinteger)", "result too long"},
        Hostile{"RepSeparator", "return (''):rep(1e9, 'xxxx')", "result too long"},
        Hostile{"RepNothing", "return (''):rep(math.maxinteger)", ""},
        Hostile{"ManyReps", "for i = 1, 1e9 do local s = ('x'):rep(1000000) end", "t"},
        Hostile{"ConcatBomb", "local t = {} for i = 1, 1000 do t[i] = ('x'):rep(100000) end return table.concat(t)",
                "not enough memory"},
        Hostile{"PatternBacktracking", "return (('a'):rep(30000)):match(('a*'):rep(30) .. 'b')", "regex.match"},
        Hostile{"Gsub", "return ('x'):gsub('x', 'y')", "not available"},
        Hostile{"Find", "local s = ('a'):rep(500000) for i = 1, 1e9 do s:find(s:sub(1, 250000) .. 'b', 1, true) end",
                "t"},
        Hostile{"RegexBomb", "return regex.match('x', '((x{1000}){1000}){1000}')", "not a regular expression"},
        Hostile{"Gc", "return setmetatable({}, {__gc = function() while true do end end})", "__gc is not available"},
        Hostile{"GcLater", "local m = {} setmetatable({}, m) m.__gc = function() while true do end end return 'x'", ""},
        Hostile{"CollectGarbage", "collectgarbage('stop')", "nil value"},
        Hostile{"Bytecode", "return load(string.dump(function() end))", "nil value"},
        Hostile{"Dump", "return string.dump(function() end)", "nil value"},
        Hostile{"Load", "return load('return 1')()", "nil value"},
        Hostile{"DoFile", "dofile('/etc/passwd')", "nil value"}, Hostile{"Require", "require('os')", "nil value"},
        Hostile{"Package", "return package.loaded", "nil value"}, Hostile{"Os", "os.execute('true')", "nil value"},
        Hostile{"Io", "io.open('/etc/passwd')", "nil value"}, Hostile{"Debug", "debug.sethook()", "nil value"},
        Hostile{"Coroutine", "coroutine.create(function() end)", "nil value"},
        Hostile{"Print", "print('x')", "nil value"},
        Hostile{"StringMetatable", "getmetatable('').__index = nil return 'x'", ""},
        Hostile{"FlowMetatable", "v = rawget(_G, 'flow') return tostring(v)", ""},
        Hostile{"Unpack", "return select('#', table.unpack({}, 1, 1e7))", "too many results"},
        Hostile{"Format", "return string.format('%1000d', 1)", "invalid"},
        Hostile{"SortBadOrder",
                "local t = {} for i = 1, 1000 do t[i] = i end table.sort(t, function() return true end)",
                ""
                "invalid order"},
        Hostile{"ErrorObject", "error({})", "error of type table"}, Hostile{"ErrorNil", "error()", "error of type nil"},
        Hostile{"ErrorHuge", "error(('x'):rep(1000000))", "xxxx"},
        Hostile{"ErrorWithTostring", "error(setmetatable({}, {__tostring = function() while true do end end}))",
                "error of type table"},
        Hostile{"Goto", "::a:: goto a", "too many instructions"},
        Hostile{"ReplaceGlobals", "pcall = nil error = nil _G.setmetatable = nil return 'x'", ""},
        Hostile{"GlobalMetatable", "setmetatable(_G, {__index = function() while true do end end}) return nothing",
                "too many instructions"}),
    [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace tidemark::drive
