#include "engine/schedule/scenario.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

namespace tidemark::schedule {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;

const std::string kWhole = R"(name: sale
target: http://127.0.0.1:8080/
timeout: 5s
parameters: {items: 1000, who: shop}
variables:
  item: {random: [1, "${items}"]}
  user: {sequence: 7}
  colour: {choice: [red, "${who}"]}
  key: {constant: "a$$b"}
  bare: 12
load: {model: open, arrivals: even, connections: 64,
       stages: [{rate: 100, duration: 10s}, {from: 100, to: 300, duration: 1.5m}]}
flows:
  - name: browse
    weight: 80
    steps:
      - name: browse
        get: /browse?item=${item}&c=${colour}
        headers: {x-key: "k ${key}"}
        think: 50ms
        capture: {price: {json: /items/0/price}, etag: {header: etag}}
        check: {status: 200, body_contains: [x, "y"], json: {/ok: true, /name: "7", /n: 7, /list: [1, null]}, response_below: 1s}
      - request: {method: PUT, url: "http://127.0.0.1:9/p/${price}", headers: {if-match: "${etag}"}, body: "$${flow} ${flow_id}"}
  - name: buy
    steps:
      - post: /buy
        body: '{"user":${user},"item":${item}}'
        check: {status: 200-202}
thresholds: ["response.p99 < 86ms", "response{browse}.p95 < 50ms", "failed_ratio < 0.1%", "achieved_rate > 95"]
)";

Scenario parsed(const std::string& yaml, const std::map<std::string, std::string>& overrides = {}) {
  auto scenario = parse_scenario(yaml, "s.yaml", overrides);
  if (!scenario) {
    ADD_FAILURE() << scenario.error().message();
    return {};
  }
  return *scenario;
}

std::string problems(const std::string& yaml, const std::map<std::string, std::string>& overrides = {}) {
  const auto scenario = parse_scenario(yaml, "s.yaml", overrides);
  if (scenario) return "no problem";
  EXPECT_EQ(scenario.error().code, ExitCode::usage);
  return scenario.error().message();
}

std::vector<std::string> pieces(const Template& text) {
  std::vector<std::string> result;
  for (const auto& piece : text.pieces)
    result.push_back(piece.variable.empty() ? piece.literal : "<" + piece.variable + ">");
  return result;
}

TEST(Scenario, ReadsEveryFieldOfAWholeFile) {
  const Scenario s = parsed(kWhole, {{"items", "50"}});
  EXPECT_EQ(s.name, "sale");
  EXPECT_EQ(s.target, "http://127.0.0.1:8080");
  EXPECT_EQ(s.timeout, seconds(5));
  EXPECT_EQ(s.parameters.at("items"), "50");
  EXPECT_EQ(s.duration(), seconds(100));

  ASSERT_EQ(s.variables.size(), 5U);
  EXPECT_EQ(s.variables[0].kind, Variable::Kind::random);
  EXPECT_EQ(s.variables[0].low, 1);
  EXPECT_EQ(s.variables[0].high, 50);
  EXPECT_EQ(s.variables[1].kind, Variable::Kind::sequence);
  EXPECT_EQ(s.variables[1].low, 7);
  EXPECT_THAT(s.variables[2].values, ElementsAre("red", "shop"));
  EXPECT_THAT(s.variables[3].values, ElementsAre("a$b"));
  EXPECT_THAT(s.variables[4].values, ElementsAre("12"));

  EXPECT_EQ(s.load.arrivals, Load::Arrivals::even);
  EXPECT_EQ(s.load.connections, 64U);
  ASSERT_EQ(s.load.stages.size(), 2U);
  EXPECT_EQ(s.load.stages[1].from, Rate::per_second(100));
  EXPECT_EQ(s.load.stages[1].to, Rate::per_second(300));
  EXPECT_EQ(s.load.stages[1].duration, seconds(90));

  ASSERT_EQ(s.flows.size(), 2U);
  EXPECT_EQ(s.flows[0].weight, 80);
  EXPECT_EQ(s.flows[1].weight, 1);
  const Step& browse = s.flows[0].steps[0];
  EXPECT_THAT(pieces(browse.url), ElementsAre("/browse?item=", "<item>", "&c=", "<colour>"));
  EXPECT_EQ(browse.headers[0].first, "x-key");
  EXPECT_THAT(pieces(browse.headers[0].second), ElementsAre("k ", "<key>"));
  EXPECT_EQ(browse.think.kind, ThinkTime::Kind::constant);
  EXPECT_EQ(browse.think.low, milliseconds(50));
  ASSERT_EQ(browse.captures.size(), 2U);
  EXPECT_EQ(browse.captures[0].json_pointer, "/items/0/price");
  EXPECT_EQ(browse.captures[1].header, "etag");
  const Step& put = s.flows[0].steps[1];
  EXPECT_EQ(put.name, "browse-2");
  EXPECT_EQ(put.method, "PUT");
  EXPECT_THAT(pieces(put.body), ElementsAre("${flow} ", "<flow_id>"));
  const Step& buy = s.flows[1].steps[0];
  EXPECT_EQ(buy.name, "buy");
  EXPECT_EQ(buy.method, "POST");
  EXPECT_EQ(buy.checks[0].low, 200);
  EXPECT_EQ(buy.checks[0].high, 202);
}

TEST(Scenario, ChecksKeepWhatJsonTheyExpect) {
  const auto checks = parsed(kWhole).flows[0].steps[0].checks;
  std::vector<std::string> texts;
  for (const Check& check : checks) {
    if (check.kind == Check::Kind::json_equals) texts.push_back(check.pointer + " " + check.text);
    if (check.kind == Check::Kind::body_contains) texts.push_back("contains " + check.text);
    if (check.kind == Check::Kind::status) texts.push_back("status " + std::to_string(check.low));
    if (check.kind == Check::Kind::response_below) texts.push_back("below " + std::to_string(check.limit.count()));
  }
  EXPECT_THAT(texts, ElementsAre("status 200", "contains x", "contains y", "/ok true", "/name \"7\"", "/n 7",
                                 "/list [1,null]", "below 1000000000"));
}

TEST(Scenario, AStepWithOtherChecksStillRefusesErrorPages) {
  const Scenario s =
      parsed("load: {rate: 1, duration: 1s}\nflows: [{name: a, steps: [{get: /, check: {body_contains: x}}]}]");
  EXPECT_EQ(s.flows[0].steps[0].checks[0].kind, Check::Kind::status_range);
  EXPECT_EQ(s.flows[0].steps[0].checks[0].low, 200);
  EXPECT_EQ(s.flows[0].steps[0].checks[0].high, 399);
}

TEST(Scenario, ReadsTheOtherLoads) {
  const std::string flows = "\nflows: [{name: a, steps: [{get: /}]}]";
  const Scenario closed = parsed("load: {model: closed, connections: 64, duration: 20s}" + flows);
  EXPECT_EQ(closed.load.model, Load::Model::closed);
  EXPECT_EQ(closed.load.connections, 64U);
  EXPECT_EQ(closed.duration(), seconds(20));
  for (const std::string load : {"load: {shape: curve.csv, duration: 60s, mean: 200}",
                                 "load: {shape: {file: curve.csv, duration: 60s, mean: 200}}"}) {
    const auto s = parse_scenario(load + flows, "s.yaml", {}, "dir");
    ASSERT_TRUE(s) << s.error().message();
    EXPECT_EQ(s->load.shape->file, "dir/curve.csv");
    EXPECT_EQ(s->load.shape->mean, Rate::per_second(200));
    EXPECT_FALSE(s->load.shape->peak);
    EXPECT_EQ(s->duration(), seconds(60));
  }
  const Scenario replay = parsed("load: {replay: {file: /var/log/access.log, speed: 10}}");
  EXPECT_EQ(replay.load.replay->file, "/var/log/access.log");
  EXPECT_EQ(replay.load.replay->speed, 10);
}

TEST(Scenario, AliasesAreSharedValues) {
  const Scenario s = parsed(
      "load: {rate: 1, duration: 1s}\n"
      "flows:\n"
      "  - {name: a, steps: [{get: /a, headers: &h {accept: x}}]}\n"
      "  - {name: b, steps: [{get: /b, headers: *h}]}\n");
  EXPECT_EQ(s.flows[1].steps[0].headers[0].second.text(), "x");
}

TEST(Scenario, TheResolvedScenarioIsAScenario) {
  for (const std::string& yaml :
       {kWhole,
        std::string("load: {model: closed, connections: 2, duration: 1500us}\nflows: [{name: a, steps: [{get: /}]}]"),
        std::string(
            "load: {shape: 'c$$x.csv', duration: 1m, peak: 2.5}\nflows: [{name: a, steps: [{post: /, body: ''}]}]")}) {
    const Scenario once = parsed(yaml);
    const Scenario twice = parsed(to_json(once).dump(2));
    EXPECT_EQ(to_json(once), to_json(twice));
  }
}

TEST(Scenario, OneUrlIsAScenario) {
  const auto split = [](const std::string& url) {
    const Scenario s = single_url_scenario(url);
    return s.target + " " + s.flows.at(0).steps.at(0).url.text();
  };
  EXPECT_EQ(split("http://127.0.0.1:8080"), "http://127.0.0.1:8080 /");
  EXPECT_EQ(split("http://127.0.0.1:8080/a?b=c#d"), "http://127.0.0.1:8080 /a?b=c");
  EXPECT_EQ(split("https://[::1]?x"), "https://[::1] /?x");
  EXPECT_EQ(split("ftp://host/x"), " ftp://host/x");
}

struct Malformed {
  std::string name, yaml, expected;
};
void PrintTo(const Malformed& c, std::ostream* out) {
  *out << c.name;
}

class ScenarioProblems : public testing::TestWithParam<Malformed> {};

TEST_P(ScenarioProblems, AreReportedWithLineAndField) {
  const Malformed& c = GetParam();
  // {} stands for the parts that the case does not care about.
  std::string yaml = c.yaml;
  const auto fill = [&yaml](const std::string& hole, const std::string& with) {
    if (const auto at = yaml.find(hole); at != std::string::npos) yaml.replace(at, hole.size(), with);
  };
  fill("LOAD", "load: {rate: 1, duration: 1s}");
  fill("FLOWS", "flows: [{name: a, steps: [{get: /}]}]");
  EXPECT_EQ(problems(yaml), c.expected);
}

INSTANTIATE_TEST_SUITE_P(
    Table, ScenarioProblems,
    testing::Values(
        Malformed{"Empty", "", "s.yaml:1: a scenario is a map with at least 'load' and 'flows'"},
        Malformed{"NotAMap", "- 1", "s.yaml:1: a scenario is a map with at least 'load' and 'flows'"},
        Malformed{"NothingInIt", "name: x", "s.yaml:1: load: is missing\ns.yaml:1: flows: is missing"},
        Malformed{"MisspeltTop", "LOAD\nFLOWS\nvaribles: {}",
                  "s.yaml:3: varibles: unknown key (did you mean 'variables'?)"},
        Malformed{"UnlikeAnyKey", "LOAD\nFLOWS\nxylophone: {}", "s.yaml:3: xylophone: unknown key"},
        Malformed{"MisspeltInside", "LOAD\nflows:\n  - name: a\n    wieght: 3\n    stpes: []",
                  "s.yaml:3: flows[0].steps: is missing\n"
                  "s.yaml:4: flows[0].wieght: unknown key (did you mean 'weight'?)\n"
                  "s.yaml:5: flows[0].stpes: unknown key (did you mean 'steps'?)"},
        Malformed{"TwiceTheSameKey", "LOAD\nname: a\nname: b", "s.yaml:3: the key 'name' is written twice"},
        Malformed{"BadYaml", "LOAD\nname: [a", "s.yaml:2: end of sequence flow not found"},
        Malformed{"TwoDocuments", "LOAD\nFLOWS\n---\nname: x",
                  "s.yaml:3: a second document: a scenario is one document"},
        Malformed{"KeyThatIsAList", "? [a, b]\n: c", "s.yaml:1: a key that is not text"},
        Malformed{"UndefinedVariable",
                  "LOAD\nvariables: {item: 1}\nflows: [{name: a, steps: [{name: look, get: \"/${itme}\"}]}]",
                  "s.yaml:3: flows[0].steps[0].get: ${itme} is not defined in step 'look': no variable, no parameter, "
                  "no capture "
                  "of an earlier step (did you mean 'item'?)"},
        Malformed{"CaptureUsedTooEarly",
                  "LOAD\nflows: [{name: a, steps: [{get: \"/${id}\", capture: {id: {json: /id}}}]}]",
                  "s.yaml:2: flows[0].steps[0].get: ${id} is not defined in step 'a': no variable, no parameter, no "
                  "capture of an "
                  "earlier step"},
        Malformed{
            "CaptureOfAnotherFlow",
            "LOAD\nflows:\n  - {name: a, steps: [{get: /, capture: {id: {json: /id}}}]}\n  - {name: b, steps: [{get: "
            "\"/${id}\"}]}",
            "s.yaml:4: flows[1].steps[0].get: ${id} is not defined in step 'b': no variable, no parameter, no capture "
            "of an "
            "earlier step"},
        Malformed{"OpenBrace", "LOAD\nflows: [{name: a, steps: [{get: \"/${x\"}]}]",
                  "s.yaml:2: flows[0].steps[0].get: '${' begins a name like ${item}; write $$ for a dollar sign"},
        Malformed{"VariableWhereOnlyParameters", "LOAD\nFLOWS\nvariables: {x: 1}\ntimeout: \"${x}\"",
                  "s.yaml:4: timeout: ${x} is not a parameter"},
        Malformed{"DurationWithoutUnit", "LOAD\nFLOWS\ntimeout: 5",
                  "s.yaml:3: timeout: '5' is not a duration: a number and ns, us, ms, s, m or h, as in 1.5s"},
        Malformed{"DurationOutOfRange", "LOAD\nFLOWS\ntimeout: 2h", "s.yaml:3: timeout: 2h is outside 1ms to 3600s"},
        Malformed{"TargetWithPath", "LOAD\nFLOWS\ntarget: http://h/x",
                  "s.yaml:3: target: 'http://h/x' must be scheme, host and port, as in http://127.0.0.1:8080; paths "
                  "belong to the "
                  "steps"},
        Malformed{"NoStages", "load: {model: open}\nFLOWS",
                  "s.yaml:1: load: an open load needs exactly one of 'rate', 'stages', 'steps', 'spike', 'sine', "
                  "'bursts', 'shape', 'replay', 'offsets'"},
        Malformed{"StageOfTwoKinds", "load: {stages: [{rate: 1, to: 2, duration: 1s}]}\nFLOWS",
                  "s.yaml:1: load.stages[0]: needs either 'rate', or 'from' and 'to'"},
        Malformed{"NegativeRate", "load: {stages: [{rate: -1, duration: 1s}]}\nFLOWS",
                  "s.yaml:1: load.stages[0].rate: '-1' must be a number from 0 to 10000000"},
        Malformed{"MisspeltModel", "load: {model: opne, rate: 1, duration: 1s}\nFLOWS",
                  "s.yaml:1: load.model: 'opne' is none of open, closed (did you mean 'open'?)"},
        Malformed{"ClosedWithRate", "load: {model: closed, connections: 1, duration: 1s, rate: 5}\nFLOWS",
                  "s.yaml:1: load.rate: belongs to an open load; a closed one sends as fast as it is answered"},
        Malformed{"ClosedWithoutConnections", "load: {model: closed, duration: 1s}\nFLOWS",
                  "s.yaml:1: load.connections: a closed load needs at least 1, or 'users', or 'stages' of users"},
        Malformed{"ShapeWithMeanAndPeak", "load: {shape: {file: x, duration: 1s, mean: 1, peak: 2}}\nFLOWS",
                  "s.yaml:1: load.shape.mean: needs exactly one of 'mean' and 'peak'"},
        Malformed{"DurationBesideStages", "load: {duration: 1s, stages: [{rate: 1, duration: 1s}]}\nFLOWS",
                  "s.yaml:1: load.duration: belongs to each stage, to 'shape', or to a closed load"},
        Malformed{"FlowsOfAReplay", "load: {replay: x.log}\nFLOWS",
                  "s.yaml:2: flows: a replay takes its flows from the log"},
        Malformed{"NoFlows", "LOAD\nflows: []", "s.yaml:2: flows: needs at least one flow"},
        Malformed{"FlowName", "LOAD\nflows: [{name: A b, steps: [{get: /}]}]",
                  "s.yaml:2: flows[0].name: 'A b' must be 1 to 32 of a-z, 0-9, _ and -"},
        Malformed{"TwoRequests", "LOAD\nflows: [{name: a, steps: [{get: /, post: /}]}]",
                  "s.yaml:2: flows[0].steps[0].request: step 'a' needs exactly one of get, head, post, put, patch, "
                  "delete, options, request, grpc, redis, mysql, kafka"},
        Malformed{"SameStepTwice",
                  "LOAD\nflows:\n  - {name: a, steps: [{get: /}]}\n  - {name: b, steps: [{name: a, get: /}]}",
                  "s.yaml:4: flows[1].steps[0].name: 'a' is the name of another step: its numbers would be mixed with "
                  "this one's"},
        Malformed{"RelativeUrl", "LOAD\nflows: [{name: a, steps: [{get: x}]}]",
                  "s.yaml:2: flows[0].steps[0].get: 'x' must begin with /, http:// or https://"},
        Malformed{"BlankInUrl", "LOAD\nflows: [{name: a, steps: [{get: /a b}]}]",
                  "s.yaml:2: flows[0].steps[0].get: holds a blank or a control character: write it as %20"},
        Malformed{"HeaderInjection", "LOAD\nflows: [{name: a, steps: [{get: /, headers: {x: \"a\\r\\nb: c\"}}]}]",
                  "s.yaml:2: flows[0].steps[0].headers.x: holds a line break or a control character"},
        Malformed{"HeaderName", "LOAD\nflows: [{name: a, steps: [{get: /, headers: {\"x y\": a}}]}]",
                  "s.yaml:2: flows[0].steps[0].headers.x y: not a header name"},
        Malformed{"StatusText", "LOAD\nflows: [{name: a, steps: [{get: /, check: {status: ok}}]}]",
                  "s.yaml:2: flows[0].steps[0].check.status: 'ok' must be like 200, 2xx or 200-202"},
        Malformed{"Pointer", "LOAD\nflows: [{name: a, steps: [{get: /, capture: {x: {json: id}}}]}]",
                  "s.yaml:2: flows[0].steps[0].capture.x.json: must be a JSON pointer such as /order/id (RFC 6901)"},
        Malformed{"CaptureOverVariable",
                  "LOAD\nvariables: {x: 1}\nflows: [{name: a, steps: [{get: /, capture: {x: {header: y}}}]}]",
                  "s.yaml:3: flows[0].steps[0].capture.x: is a variable, a parameter or a built-in already"},
        Malformed{"RandomBackwards", "LOAD\nFLOWS\nvariables: {x: {random: [5, 1]}}",
                  "s.yaml:3: variables.x.random: 5 is above 1"},
        Malformed{"VariableOfNoKind", "LOAD\nFLOWS\nvariables: {x: {randm: [1, 5]}}",
                  "s.yaml:3: variables.x.randm: unknown key (did you mean 'random'?)"},
        Malformed{"BuiltInVariable", "LOAD\nFLOWS\nvariables: {run_id: 1}",
                  "s.yaml:3: variables.run_id: is a built-in"},
        Malformed{"ThresholdOnUnknownStep",
                  "LOAD\nflows: [{name: browse, steps: [{get: /}]}]\nthresholds: [\"response{brwse}.p99 < 1s\"]",
                  "s.yaml:3: thresholds[0]: no step is named 'brwse' (did you mean 'browse'?)"},
        Malformed{"ThresholdStatistic", "LOAD\nFLOWS\nthresholds: [response.p9x < 1s]",
                  "s.yaml:3: thresholds[0]: 'response.p9x < 1s': column 9: response needs one of .p50, .p90, .p95, "
                  ".p99, .p999, "
                  ".max, .mean (did "
                  "you mean 'p90'?)"}),
    [](const auto& info) { return info.param.name; });

TEST(Scenario, ReportsAllProblemsByLineAtOnce) {
  const std::string text = problems(
      "nmae: x\n"
      "timeout: soon\n"
      "load: {model: open, stages: [{rate: fast, duration: 1s}]}\n"
      "flows: [{name: a, weight: 0, steps: [{gte: /}]}]\n");
  std::vector<std::string> lines;
  std::istringstream input(text);
  for (std::string line; std::getline(input, line);) lines.push_back(line.substr(0, line.find(": ", 9)));
  EXPECT_THAT(lines, ElementsAre("s.yaml:1: nmae", "s.yaml:2: timeout", "s.yaml:3: load.stages[0].rate",
                                 "s.yaml:4: flows[0].weight", "s.yaml:4: flows[0].steps[0].gte",
                                 "s.yaml:4: flows[0].steps[0].request"));
}

TEST(Scenario, OverridesOfUnknownParametersAreSlips) {
  const std::string yaml =
      "parameters: {items: 5}\nload: {rate: \"${rate}\", duration: 1s}\nflows: [{name: a, steps: [{get: /}]}]";
  EXPECT_EQ(problems(yaml, {{"rate", "3"}, {"itmes", "4"}}),
            "s.yaml:1: parameters: -e itmes: the scenario has no such parameter (did you mean 'items'?)");
  EXPECT_EQ(parsed(yaml, {{"rate", "3"}}).load.stages[0].from, Rate::per_second(3)) << "used is as good as declared";
  EXPECT_EQ(problems(yaml), "s.yaml:2: load.rate: ${rate} is not a parameter");
}

TEST(Scenario, AParameterIsTextAndNeverATemplate) {
  const Scenario s =
      parsed("parameters: {p: x}\nload: {rate: 1, duration: 1s}\nflows: [{name: a, steps: [{get: \"/${p}\"}]}]",
             {{"p", "${run_id}$$"}});
  EXPECT_THAT(pieces(s.flows[0].steps[0].url), ElementsAre("/${run_id}$$"));
}

TEST(Scenario, RefusesWhatWouldBlowUp) {
  const std::string load = "load: {rate: 1, duration: 1s}\n";
  EXPECT_EQ(problems(std::string(1 << 20, ' ') + load), "s.yaml:1: larger than 1048576 bytes");
  EXPECT_EQ(problems(load + "name: " + std::string(40, '[') + std::string(40, ']')),
            "s.yaml:2: nested more than 32 deep");
  EXPECT_EQ(problems("name: " + std::string(100000, '[')), "s.yaml:1: nested more than 32 deep");
  EXPECT_EQ(problems("name: \"\xff\""), "s.yaml:1: not UTF-8 text");
  EXPECT_EQ(problems("a: &a [*a]"), "s.yaml:1: an alias inside the value that it stands for");

  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 10; ++i) {
    const std::string alias = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + alias;
    for (int k = 0; k < 9; ++k) bomb += ", " + alias;
    bomb += "]\n";
  }
  EXPECT_EQ(problems(bomb), "s.yaml:5: aliases expand to more than 100000 values");

  std::string flows = load + "flows:\n";
  for (int i = 0; i <= 1000; ++i) flows += "- {name: f" + std::to_string(i) + ", steps: [{get: /}]}\n";
  EXPECT_EQ(problems(flows), "s.yaml:3: flows: has 1001 entries, at most 1000 are allowed");

  EXPECT_EQ(problems("load: {stages: [{rate: 1e7, duration: 9000h}]}\nflows: [{name: a, steps: [{get: /}]}]"),
            "s.yaml:1: load.stages[0].duration: 9000h is outside 1ms to 2592000s");
}

TEST(Scenario, AFileThatIsNotThereSaysSo) {
  const auto missing = load_scenario("no/such.yaml", {});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message(), "no/such.yaml: cannot be read (name a scenario file, or see scenarios/library)");
  EXPECT_FALSE(load_scenario(".", {})) << "a folder";
}

// Every truncation of a good file is a scenario or a located problem, never a crash.
TEST(Scenario, SurvivesEveryTruncation) {
  for (std::size_t length = 0; length < kWhole.size(); ++length) {
    const auto scenario = parse_scenario(kWhole.substr(0, length), "s.yaml", {});
    if (!scenario) EXPECT_TRUE(scenario.error().message().starts_with("s.yaml:")) << length;
  }
}

TEST(ScenarioLibrary, EveryFileIsAScenario) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(TIDEMARK_SOURCE_DIR "/scenarios/library")) {
    const auto kind = entry.path().stem().extension();  // "shop.topology.yaml"
    if (entry.path().extension() != ".yaml" || kind == ".topology" || kind == ".twin") continue;
    const auto scenario = load_scenario(entry.path(), {});
    EXPECT_TRUE(scenario) << scenario.error().message();
    ++count;
  }
  EXPECT_GE(count, 2);
}

}  // namespace
}  // namespace tidemark::schedule
