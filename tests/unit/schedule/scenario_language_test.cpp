// The scenario language beyond one request: bodies, captures, checks, blocks, set-up, feeders, Lua, think times.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <regex>
#include <string>

#include "engine/schedule/scenario.h"

namespace tidemark::schedule {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;

const std::string kWhole = R"yaml(name: shop
cookies: false
redirects: 3
compression: true
parameters: {rate: 5, hash: "a$$b"}
variables: {item: {random: [1, 9]}}
feeders:
  users: {file: users.csv, order: unique}
  words: {file: /data/words.json, order: shuffled, on_end: stop}
lua: |
  function sign(text) return text .. "${not a hole}" end
load: {rate: "${rate}", duration: 1s}
setup:
  - post: /login
    form: {user: "${env:USER_NAME}", password: "${env:PASSWORD}"}
    capture: {token: {json: /token}}
teardown:
  - {name: logout, delete: "/session/${token}"}
flows:
  - name: buy
    steps:
      - name: look
        get: /items/${item}?user=${url(users.email)}
        headers: {authorization: "Bearer ${token}", x-id: "${uuid()}"}
        redirects: 0
        before: sign
        after: sign
        think: {uniform: [1s, 3s]}
        check:
          status: 200
          header: {content-type: {contains: json, matches: "^app"}, x-a: "1"}
          body_contains: a
          body_matches: ["[0-9]+", b]
          json: {/ok: true}
          json_exists: [/id, ""]
        capture:
          id: {json: /id, default: none}
          etag: {header: etag}
          price: {regex: "price=([0-9]+)", default: "0"}
          all: {regex: "x+"}
          second: {regex: "(a)(b)", group: 2}
          sid: {cookie: session}
      - group: pay
        if: ${price} > 0 and not id == 'none'
        steps:
          - repeat: 2
            steps:
              - name: card
                post: /card
                multipart:
                  - {name: f, file: card.png}
                  - {name: v, value: "${item}", filename: v.txt, type: text/plain}
              - name: check
                post: /check
                form: [{name: a, value: "1"}, {name: a, value: "${lua:sign(item, 'x')}"}]
                think: {normal: [2s, 500ms]}
          - {name: confirm, put: /confirm, body: "${random_string(4)}", think: {exponential: 2s}}
      - name: poll
        get: /state/${id}
        while: state != 'done'
        at_most: 20
        capture: {state: {json: /state}}
        think: {lognormal: {median: 1s, sigma: 0.5}}
      - {name: bye, get: /bye, repeat: 3}
)yaml";

Scenario parsed(const std::string& yaml, const ReadText& read = read_scenario_text) {
  auto scenario = parse_scenario(yaml, "s.yaml", {}, "dir", read);
  if (!scenario) {
    ADD_FAILURE() << scenario.error().message();
    return {};
  }
  return *scenario;
}

std::string problems(const std::string& yaml, const ReadText& read = read_scenario_text) {
  const auto scenario = parse_scenario(yaml, "s.yaml", {}, ".", read);
  return scenario ? "no problem" : scenario.error().message();
}

TEST(ScenarioLanguage, ReadsSwitchesFeedersScriptAndSetUp) {
  const Scenario s = parsed(kWhole);
  EXPECT_FALSE(s.cookies);
  EXPECT_TRUE(s.compression);
  EXPECT_EQ(s.redirects, 3U);
  ASSERT_EQ(s.feeders.size(), 2U);
  EXPECT_EQ(s.feeders[0].file, "dir/users.csv");
  EXPECT_EQ(s.feeders[0].order, Feeder::Order::unique);
  EXPECT_EQ(s.feeders[0].on_end, Feeder::OnEnd::stop) << "unique never repeats";
  EXPECT_EQ(s.feeders[1].file, "/data/words.json");
  EXPECT_EQ(s.feeders[1].on_end, Feeder::OnEnd::stop);
  EXPECT_EQ(s.lua.source, "function sign(text) return text .. \"${not a hole}\" end\n") << "a script holds no holes";
  ASSERT_EQ(s.setup.steps.size(), 1U);
  EXPECT_EQ(s.setup.steps[0].name, "setup");
  EXPECT_EQ(s.setup.steps[0].form[0].value.pieces[0].call[0].name, "USER_NAME");
  EXPECT_EQ(s.teardown.steps[0].name, "logout");
}

TEST(ScenarioLanguage, ReadsAWholeStep) {
  const Step look = parsed(kWhole).flows[0].steps[0];
  EXPECT_EQ(look.redirects, 0U);
  EXPECT_EQ(look.before, "sign");
  EXPECT_EQ(look.think.kind, ThinkTime::Kind::uniform);
  EXPECT_EQ(look.think.high, seconds(3));
  std::vector<std::string> checks;
  for (const Check& check : look.checks) {
    checks.push_back(std::to_string(static_cast<int>(check.kind)) + " " + check.header + check.pointer + " " +
                     check.text + check.pattern.text());
  }
  using Kind = Check::Kind;
  const auto of = [](Kind kind, const std::string& rest) {
    return std::to_string(static_cast<int>(kind)) + " " + rest;
  };
  EXPECT_THAT(checks, ElementsAre(of(Kind::status, " "), of(Kind::header_contains, "content-type json"),
                                  of(Kind::header_matches, "content-type ^app"), of(Kind::header_equals, "x-a 1"),
                                  of(Kind::body_contains, " a"), of(Kind::body_matches, " [0-9]+"),
                                  of(Kind::body_matches, " b"), of(Kind::json_equals, "/ok true"),
                                  of(Kind::json_exists, "/id "), of(Kind::json_exists, " ")));
  ASSERT_EQ(look.captures.size(), 6U);
  EXPECT_EQ(look.captures[0].fallback, "none");
  EXPECT_EQ(look.captures[1].kind, Capture::Kind::header);
  EXPECT_EQ(look.captures[2].group, 1) << "the first group, where there is one";
  EXPECT_EQ(look.captures[3].group, 0);
  EXPECT_EQ(look.captures[4].group, 2);
  EXPECT_EQ(look.captures[5].cookie, "session");
}

TEST(ScenarioLanguage, BlocksAreRangesOfStepsTheOuterFirst) {
  const Flow buy = parsed(kWhole).flows[0];
  std::vector<std::string> blocks;
  for (const Block& block : buy.blocks) {
    blocks.push_back(std::to_string(block.first) + "-" + std::to_string(block.end) + " " + block.group + " x" +
                     std::to_string(block.repeat) + (block.condition ? " if" : "") + (block.loop ? " while" : ""));
  }
  EXPECT_THAT(blocks, ElementsAre("1-4 pay x1 if", "1-3  x2", "4-5  x20 while", "5-6  x3"));
  EXPECT_EQ(buy.steps[1].multipart[0].file, "dir/card.png");
  EXPECT_EQ(buy.steps[1].multipart[1].type, "text/plain");
  EXPECT_EQ(buy.steps[2].form[1].name, "a") << "a list may name a field twice";
  EXPECT_EQ(buy.steps[2].think.kind, ThinkTime::Kind::normal);
  EXPECT_EQ(buy.steps[4].think.sigma, 0.5);
}

TEST(ScenarioLanguage, TheResolvedScenarioIsAScenario) {
  const auto resolved = to_json(parsed(kWhole));
  const auto again = parse_scenario(resolved.dump(2), "resolved", {});
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(to_json(*again).dump(2), resolved.dump(2));
  EXPECT_EQ(resolved["setup"][0]["request"]["form"][1]["value"], "${env:PASSWORD}") << "a secret is kept by its name";
}

struct Malformed {
  std::string name, yaml, expected;
};
void PrintTo(const Malformed& c, std::ostream* out) {
  *out << c.name;
}

class LanguageProblems : public testing::TestWithParam<Malformed> {};

TEST_P(LanguageProblems, AreReportedWithLineAndField) {
  std::string yaml = GetParam().yaml;
  const auto fill = [&yaml](const std::string& hole, const std::string& with) {
    if (const auto at = yaml.find(hole); at != std::string::npos) yaml.replace(at, hole.size(), with);
  };
  fill("LOAD", "load: {rate: 1, duration: 1s}");
  fill("FLOWS", "flows: [{name: a, steps: [{get: /}]}]");
  fill("STEP", "load: {rate: 1, duration: 1s}\nflows: [{name: a, steps: [{get: /, ");
  fill("POST", "load: {rate: 1, duration: 1s}\nflows: [{name: a, steps: [{post: /, ");
  fill("END", "}]}]");
  EXPECT_EQ(problems(yaml), GetParam().expected);
}

const std::string kStep = "s.yaml:2: flows[0].steps[0]";

INSTANTIATE_TEST_SUITE_P(
    Table, LanguageProblems,
    testing::Values(
        Malformed{"Switch", "cookies: yes please\nLOAD\nFLOWS",
                  "s.yaml:1: cookies: 'yes please' is none of false, true"},
        Malformed{"Redirects", "redirects: 21\nLOAD\nFLOWS",
                  "s.yaml:1: redirects: '21' must be a whole number from 0 to 20"},
        Malformed{"StepRedirects", "STEPredirects: -1END",
                  kStep + ".redirects: '-1' must be a whole number from 0 to 20"},
        Malformed{"FunctionHint", "STEPbody: \"${uid()}\"END",
                  kStep + ".body: 'uid' is not a function (did you mean 'uuid'?)"},
        Malformed{"NoFeeder",
                  "LOAD\nfeeders: {users: {file: u.csv}}\nflows: [{name: a, steps: [{get: \"/${user.id}\"}]}]",
                  "s.yaml:3: flows[0].steps[0].get: ${user.id}: there is no feeder 'user' (did you mean 'users'?)"},
        Malformed{"FeederWithoutColumn",
                  "LOAD\nfeeders: {users: {file: u.csv}}\nflows: [{name: a, steps: [{get: \"/${users}\"}]}]",
                  "s.yaml:3: flows[0].steps[0].get: ${users} is a feeder: name a column of it, as in ${users.id}"},
        Malformed{"FeederInSetup", "LOAD\nFLOWS\nfeeders: {u: {file: u.csv}}\nsetup: [{get: \"/${u.id}\"}]",
                  "s.yaml:4: setup[0].get: ${u.id}: a row belongs to a flow; set-up and tear-down have none"},
        Malformed{"FeederOrder", "LOAD\nFLOWS\nfeeders: {u: {file: u.csv, order: shufled}}",
                  "s.yaml:3: feeders.u.order: 'shufled' is none of sequential, random, shuffled, unique (did you mean "
                  "'shuffled'?)"},
        Malformed{"FeederFile", "LOAD\nFLOWS\nfeeders: {u: {order: random}}", "s.yaml:3: feeders.u.file: is missing"},
        Malformed{"FeederEnd", "LOAD\nFLOWS\nfeeders: {u: {file: u.csv, order: unique, on_end: repeat}}",
                  "s.yaml:3: feeders.u.on_end: a row of order 'unique' is never given twice: it cannot repeat"},
        Malformed{"FeederRandomEnd", "LOAD\nFLOWS\nfeeders: {u: {file: u.csv, order: random, on_end: stop}}",
                  "s.yaml:3: feeders.u.on_end: order 'random' has no end to stop at"},
        Malformed{"FeederName", "LOAD\nFLOWS\nfeeders: {env: {file: u.csv}}",
                  "s.yaml:3: feeders.env: a name is letters, digits and _, begins with no digit, and is not 'env' or "
                  "'lua'"},
        Malformed{"FeederIsVariable", "LOAD\nFLOWS\nvariables: {u: 1}\nfeeders: {u: {file: u.csv}}",
                  "s.yaml:1: feeders.u: is a variable already"},
        Malformed{"NoLua", "STEPbody: \"${lua:sign}\", before: signEND",
                  kStep + ".body: ${lua:sign}: the scenario has no 'lua'\n" + kStep +
                      ".before: 'sign': the scenario has no 'lua'"},
        Malformed{"LuaName", "lua: x = 1\nSTEPafter: a bEND",
                  "s.yaml:3: flows[0].steps[0].after: must name a function of the scenario's Lua"},
        Malformed{"LuaEmpty", "lua: []\nLOAD\nFLOWS",
                  "s.yaml:1: lua: must be a file's name that ends in .lua, or a script"},
        Malformed{"TwoBodies", "POSTbody: x, form: {a: b}END", kStep + ".body: at most one of body, form, multipart"},
        Malformed{"BodiesInBothForms",
                  "LOAD\nflows: [{name: a, steps: [{body: x, request: {method: PUT, url: /, form: {a: b}}}]}]",
                  kStep + ".request: at most one of body, form, multipart"},
        Malformed{"FormEmpty", "POSTform: {}END", kStep + ".form: needs at least one field"},
        Malformed{"FormField", "POSTform: [{nam: x, value: y}]END",
                  kStep + ".form[0].nam: unknown key (did you mean 'name'?)\n" + kStep + ".form[0].name: is missing"},
        Malformed{"PartOfBoth", "POSTmultipart: [{name: x, value: a, file: b}]END",
                  kStep + ".multipart[0]: needs exactly one of value, file"},
        Malformed{"PartName", "POSTmultipart: [{value: a}, {name: \"a\\nb\", value: c}]END",
                  kStep + ".multipart[0].name: is missing\n" + kStep +
                      ".multipart[1].name: 1 to 256 bytes without control characters"},
        Malformed{
            "CaptureOfTwo", "STEPcapture: {x: {json: /a, cookie: b}}END",
            kStep + ".capture.x: must be exactly one of json: POINTER, header: NAME, regex: PATTERN, cookie: NAME"},
        Malformed{"CapturePattern", "STEPcapture: {x: {regex: \"(\"}}END",
                  kStep + ".capture.x.regex: not a regular expression: missing ): ("},
        Malformed{"CaptureGroup", "STEPcapture: {x: {regex: \"(a)\", group: 2}}END",
                  kStep + ".capture.x.group: 2: the pattern has 1 group"},
        Malformed{"CaptureGroupOfHeader", "STEPcapture: {x: {header: a, group: 1}}END",
                  kStep + ".capture.x.group: belongs to 'regex'"},
        Malformed{"CaptureCookie", "STEPcapture: {x: {cookie: \"a b\"}}END",
                  kStep + ".capture.x.cookie: not the name of a cookie"},
        Malformed{"CheckHeader", "STEPcheck: {header: {\"a b\": x, c: {equal: y}}}END",
                  kStep + ".check.header.a b: not a header name\n" + kStep +
                      ".check.header.c.equal: unknown key (did you mean 'equals'?)"},
        Malformed{"CheckHeaderEmpty", "STEPcheck: {header: {c: {}}}END",
                  kStep + ".check.header.c: needs one of equals, contains, matches"},
        Malformed{"CheckPattern", "STEPcheck: {body_matches: \"[\"}END",
                  kStep + ".check.body_matches: not a regular expression: missing ]: ["},
        Malformed{"CheckPointer", "STEPcheck: {json_exists: [id]}END",
                  kStep + ".check.json_exists: must be a JSON pointer such as /ok (RFC 6901)"},
        Malformed{"ThinkOfTwo", "STEPthink: {uniform: [1s, 2s], exponential: 1s}END",
                  kStep + ".think: must be a duration, or exactly one of uniform, exponential, normal, lognormal"},
        Malformed{"ThinkWord", "STEPthink: {unifrom: [1s, 2s]}END",
                  kStep + ".think.unifrom: unknown key (did you mean 'uniform'?)"},
        Malformed{"ThinkRange", "STEPthink: {uniform: [3s, 1s]}END", kStep + ".think.uniform: 3s is above 1s"},
        Malformed{"ThinkPair", "STEPthink: {normal: 1s}END",
                  kStep + ".think.normal: must be [MEAN, STANDARD DEVIATION]"},
        Malformed{"ThinkSigma", "STEPthink: {lognormal: {median: 1s}}END",
                  kStep + ".think.lognormal.sigma: is missing"},
        Malformed{"IfGrammar", "STEPif: \"x\"END",
                  kStep +
                      ".if: a condition compares, as in \"${state} == 'done' and ${n} < 5\", with ==, !=, <, >, <=, "
                      ">=, contains, matches or exists"},
        Malformed{"IfUndefined",
                  "LOAD\nvariables: {state: x}\nflows: [{name: a, steps: [{get: /, if: \"${stat} == 1\"}]}]",
                  "s.yaml:3: flows[0].steps[0].if: ${stat} is not defined in step 'a-1': no variable, no parameter, no "
                  "capture of an earlier step (did you mean 'state'?)"},
        Malformed{"RepeatAndWhile", "STEPrepeat: 2, while: \"flow_id == 1\"END",
                  kStep + ".repeat: stands beside 'while': at_most bounds that one"},
        Malformed{"AtMostAlone", "STEPat_most: 2END", kStep + ".at_most: belongs to 'while'"},
        Malformed{"RepeatNothing", "STEPrepeat: 0END", kStep + ".repeat: '0' must be a whole number from 1 to 1000000"},
        Malformed{"GroupWithoutSteps", "LOAD\nflows: [{name: a, steps: [{group: g}]}]", kStep + ".steps: is missing"},
        Malformed{"GroupOfARequest", "LOAD\nflows: [{name: a, steps: [{group: g, get: /, steps: [{get: /}]}]}]",
                  kStep + ".get: unknown key"},
        Malformed{"GroupTwice",
                  "LOAD\nflows: [{name: a, steps: [{group: g, steps: [{get: /}]}, {group: g, steps: [{get: /}]}]}]",
                  "s.yaml:2: flows[0].steps[1].group: 'g' is the name of another group: its times would be mixed with "
                  "this one's"},
        Malformed{"BlockEmpty", "LOAD\nflows: [{name: a, steps: [{repeat: 2, steps: []}]}]",
                  kStep + ".steps: needs at least one step"},
        Malformed{"SetupEmpty", "LOAD\nFLOWS\nsetup: []", "s.yaml:3: setup: needs at least one step"},
        Malformed{"TeardownKind", "LOAD\nFLOWS\nteardown: {get: /}", "s.yaml:3: teardown: must be a list"},
        Malformed{"SetupName", "LOAD\nflows: [{name: setup, steps: [{get: /}]}]\nsetup: [{get: /}]",
                  "s.yaml:2: flows[0].name: 'setup' is the name of another flow\n"
                  "s.yaml:2: flows[0].steps[0].name: 'setup' is the name of another step: its numbers would be mixed "
                  "with this one's"},
        Malformed{"IncludeKind", "include: x.yaml\nLOAD\nFLOWS", "s.yaml:1: include: must be a list"},
        Malformed{"IncludeMissing", "include: [no/such.yaml]\nLOAD\nFLOWS",
                  "s.yaml:1: include[0]: no/such.yaml: cannot be read (name a scenario file, or see "
                  "scenarios/library)"}),
    [](const auto& info) { return info.param.name; });

// Each example of the reference: a whole scenario, a list of steps, or a part of a scenario.
TEST(ScenarioLanguage, TheReferencesExamplesAreScenarios) {
  const std::string text = [] {
    std::ifstream file(TIDEMARK_SOURCE_DIR "/docs/scenario.md");
    return std::string(std::istreambuf_iterator<char>(file), {});
  }();
  const ReadText none = [](const std::filesystem::path&) -> Result<std::string> { return "timeout: 1s"; };
  int count = 0;
  for (std::size_t at = text.find("```yaml\n"); at != std::string::npos; at = text.find("```yaml\n", at + 1), ++count) {
    std::string yaml = text.substr(at + 8, text.find("\n```", at + 8) - at - 7);
    if (yaml.starts_with("- "))
      yaml = "flows:\n- name: a\n  steps:\n" + std::regex_replace(yaml, std::regex("(^|\n)(?!$)"), "$1  ");
    if (("\n" + yaml).find("\nflows:") == std::string::npos) {
      yaml += "flows:\n";
      for (const std::string flow : {"browse", "search", "buy", "admin"})
        yaml += "- {name: " + flow + ", steps: [{get: /}]}\n";
    }
    if (yaml.find("load:") == std::string::npos && yaml.find("loads:") == std::string::npos) {
      yaml += "load: {rate: 1, duration: 1s}\n";
    }
    if (yaml.find("${token}") != std::string::npos) yaml += "feeders: {users: {file: u.csv}}\n";
    yaml += "variables: {item: 1, stock: 2}\n";
    if (yaml.find("variables:") != yaml.rfind("variables:")) yaml.erase(yaml.rfind("variables:"));
    const auto scenario = parse_scenario(yaml, "example " + std::to_string(count), {}, ".", none);
    EXPECT_TRUE(scenario) << scenario.error().message() << "\n" << yaml;
  }
  EXPECT_GE(count, 6);
}

TEST(ScenarioLanguage, SurvivesEveryTruncation) {
  for (std::size_t length = 0; length < kWhole.size(); ++length) {
    const auto scenario = parse_scenario(kWhole.substr(0, length), "s.yaml", {});
    if (!scenario) EXPECT_TRUE(scenario.error().message().starts_with("s.yaml:")) << length;
  }
}

// Files that exist only in a test.
struct Files {
  std::map<std::string, std::string> texts;
  Result<std::string> operator()(const std::filesystem::path& path) const {
    const auto found = texts.find(path.string());
    if (found == texts.end()) return fail(ExitCode::usage, path.string(), "cannot be read");
    return found->second;
  }
};

TEST(ScenarioIncludes, AreMergedWithTheIncludingFileWinning) {
  const Files files{{{"parts/common.yaml",
                      "target: http://127.0.0.1:1\ntimeout: 2s\nparameters: {a: 1, b: 2}\nvariables: {v: x, w: y}\n"
                      "feeders: {u: {file: u.csv}}\nflows: [{name: first, steps: [{get: \"/${a}/${b}\"}]}]\n"
                      "thresholds: [response.p99 < 1s]\ninclude: [more.yaml]"},
                     {"parts/more.yaml", "load: {rate: 1, duration: 1s}\nvariables: {w: z, q: r}\n"}}};
  const auto scenario = parse_scenario(
      "include: [parts/common.yaml, parts/../parts/more.yaml]\ntimeout: 3s\nparameters: {b: 3}\nvariables: {v: "
      "own}\n"
      "flows: [{name: second, steps: [{get: \"/${v}${w}${q}\"}]}]\nthresholds: [failed_ratio < 1%]",
      "s.yaml", {}, ".", files);
  ASSERT_TRUE(scenario) << scenario.error().message();
  EXPECT_EQ(scenario->target, "http://127.0.0.1:1");
  EXPECT_EQ(scenario->timeout, seconds(3));
  EXPECT_EQ(scenario->flows[0].steps[0].url.text(), "/1/3");
  EXPECT_EQ(scenario->flows[1].name, "second");
  EXPECT_EQ(scenario->thresholds.size(), 2U);
  EXPECT_EQ(scenario->feeders[0].file, "parts/u.csv") << "relative to the file that names it";
  std::map<std::string, std::string> variables;
  for (const Variable& variable : scenario->variables) variables[variable.name] = variable.values.at(0);
  EXPECT_EQ(variables, (std::map<std::string, std::string>{{"v", "own"}, {"w", "y"}, {"q", "r"}}));
  const auto resolved = to_json(*scenario);
  EXPECT_FALSE(resolved.contains("include"));
  EXPECT_TRUE(parse_scenario(resolved.dump(), "resolved", {}));
}

TEST(ScenarioIncludes, ProblemsNameTheIncludedFileAndLine) {
  const Files files{{{"a.yaml", "name: x\nvaribles: {}\nload: {rate: 1, duration: 1s}"},
                     {"bad.yaml", "name: [a"},
                     {"list.yaml", "- 1"},
                     {"loop.yaml", "include: [s.yaml]\nload: {rate: 1, duration: 1s}"}}};
  const std::string flows = "\nflows: [{name: a, steps: [{gte: /, get: /}]}]";
  EXPECT_EQ(problems("include: [a.yaml]" + flows, files),
            "s.yaml:2: flows[0].steps[0].gte: unknown key (did you mean 'get'?)\n"
            "a.yaml:2: varibles: unknown key (did you mean 'variables'?)");
  EXPECT_EQ(problems("include: [bad.yaml]" + flows, files), "bad.yaml:1: end of sequence flow not found");
  EXPECT_EQ(problems("include: [list.yaml]" + flows, files),
            "list.yaml:1: an included file is a map of a scenario's keys");
  EXPECT_EQ(problems("include: [loop.yaml]\nflows: [{name: a, steps: [{get: /}]}]", files),
            "loop.yaml:1: include[0]: s.yaml includes itself");
}

TEST(ScenarioIncludes, AreBounded) {
  Files files;
  for (int i = 0; i < 20; ++i) {
    files.texts[std::to_string(i) + ".yaml"] = "include: [" + std::to_string(i + 1) + ".yaml]";
  }
  EXPECT_THAT(
      problems("include: [0.yaml]\nload: {rate: 1, duration: 1s}\nflows: [{name: a, steps: [{get: /}]}]", files),
      testing::HasSubstr("more than 64 files, or nested more than 8 deep"));
}

}  // namespace
}  // namespace tidemark::schedule
