// How a request travels, as a scenario says it: http, http2, tls, grpc.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "engine/schedule/scenario.h"

namespace tidemark::schedule {
namespace {

const std::string kLoad = "load: {rate: 1, duration: 1s}\n";

Scenario parsed(const std::string& yaml) {
  auto scenario = parse_scenario(yaml, "s.yaml", {});
  EXPECT_TRUE(scenario) << scenario.error().message();
  return scenario ? *scenario : Scenario{};
}

std::string problem(const std::string& yaml) {
  const auto scenario = parse_scenario(yaml, "s.yaml", {});
  return scenario ? "" : scenario.error().message();
}

std::string grpc(const std::string& call) {
  return kLoad + "flows: [{name: a, steps: [{grpc: {" + call + "}}]}]\n";
}

TEST(HttpVersion, AStepsChoiceStandsBeforeTheScenarios) {
  const Scenario scenario =
      parsed("http: 2\n" + kLoad + "flows: [{name: a, steps: [{get: /}, {name: b, get: /, http: 1.1}]}]\n");
  EXPECT_EQ(scenario.flows[0].steps[0].http_version, HttpVersion::http2);
  EXPECT_EQ(scenario.flows[0].steps[1].http_version, HttpVersion::http1);
}

TEST(HttpVersion, IsLeftToTheUrlWhereNobodyChooses) {
  EXPECT_EQ(parsed(kLoad + "flows: [{name: a, steps: [{get: /}]}]\n").flows[0].steps[0].http_version,
            HttpVersion::automatic);
}

TEST(Tls, IsVerifiedUnlessTurnedOff) {
  EXPECT_TRUE(parsed(kLoad + "flows: [{name: a, steps: [{get: /}]}]\n").tls.verify);
  const Scenario scenario =
      parsed("tls: {verify: false, ca: a.pem, certificate: /b.pem, key: c.pem, server_name: shop}\n" + kLoad +
             "flows: [{name: a, steps: [{get: /}]}]\n");
  EXPECT_FALSE(scenario.tls.verify);
  EXPECT_EQ(scenario.tls.ca, "a.pem");
  EXPECT_EQ(scenario.tls.certificate, "/b.pem");
  EXPECT_EQ(scenario.tls.key, "c.pem");
  EXPECT_EQ(scenario.tls.server_name, "shop");
}

TEST(Tls, FilesAreLookedForBesideTheScenario) {
  const auto scenario = parse_scenario("tls: {ca: a.pem}\n" + kLoad + "flows: [{name: a, steps: [{get: /}]}]\n",
                                       "s.yaml", {}, "/etc/load");
  ASSERT_TRUE(scenario);
  EXPECT_EQ(scenario->tls.ca, "/etc/load/a.pem");
}

TEST(Grpc, AMessageBecomesJsonWithHolesInsideStrings) {
  const Scenario scenario =
      parsed("variables: {item: {random: [1, 5]}}\n" +
             grpc("proto: a.proto, method: shop.Product/Get, message: {id: '${item}', deep: {list: "
                  "[1, a\"b, null], flag: true}}, metadata: {x-caller: 'c${flow_id}'}"));
  const Step& step = scenario.flows[0].steps[0];
  EXPECT_EQ(step.protocol, Protocol::grpc);
  ASSERT_TRUE(step.grpc);
  std::string text;
  for (const auto& piece : step.grpc->message.pieces) text += piece.literal.empty() ? "<hole>" : piece.literal;
  EXPECT_EQ(text, R"({"id":"<hole>","deep":{"list":["1","a\"b",null],"flag":"true"}})");
  EXPECT_EQ(step.grpc->method, "shop.Product/Get");
  EXPECT_EQ(step.grpc->metadata[0].first, "x-caller");
}

TEST(Grpc, StatusIsANumberAndZeroIsAskedByDefault) {
  const std::string step = "flows: [{name: a, steps: [{grpc: {proto: a, method: a.B/C}, check: {";
  EXPECT_EQ(parsed(kLoad + step + "status: 5}}]}]\n").flows[0].steps[0].checks[0].low, 5);
  EXPECT_EQ(parsed(kLoad + step + "body_contains: x}}]}]\n").flows[0].steps[0].checks[0].high, 0);
  EXPECT_EQ(problem(kLoad + step + "status: 2xx}}]}]\n"),
            "s.yaml:2: flows[0].steps[0].check.status: '2xx' must be a number such as 0");
}

TEST(Protocols, EveryProblemNamesItsPlace) {
  const struct {
    std::string yaml, message;
  } cases[] = {
      {"http: 3\n" + kLoad + "flows: [{name: a, steps: [{get: /}]}]\n", "s.yaml:1: http: '3' is none of 1.1, 2"},
      {"http2: {streams: 0}\n" + kLoad + "flows: [{name: a, steps: [{get: /}]}]\n", "s.yaml:1: http2.streams: "},
      {"tls: {verfy: false}\n" + kLoad + "flows: [{name: a, steps: [{get: /}]}]\n",
       "s.yaml:1: tls.verfy: unknown key (did you mean 'verify'?)"},
      {"tls: {key: a.pem}\n" + kLoad + "flows: [{name: a, steps: [{get: /}]}]\n",
       "s.yaml:1: tls.key: a key without a certificate"},
      {grpc("method: a.B/C"), "flows[0].steps[0].grpc: needs exactly one of proto: FILE, descriptor_set: FILE"},
      {grpc("proto: a, descriptor_set: b, method: a.B/C"), "needs exactly one of proto"},
      {grpc("proto: a, method: aBC"), "grpc.method: must be package.Service/Method, as in shop.Product/Get"},
      {grpc("proto: a, method: a.B/C, target: 'ftp://x'"), "grpc.target: must be scheme, host and port"},
      {grpc("proto: a, method: a.B/C, message: [1]"), "grpc.message"},
      {grpc("proto: a, method: a.B/C, message: {a: '${b}'}"), "grpc.message.a: ${b} is not defined"},
      {grpc("proto: a, method: a.B/C, metadata: {X: 1}"), "grpc.metadata.X: a name is a-z"},
      {grpc("proto: a, method: a.B/C, metadata: {grpc-timeout: 1}"), "does not begin with grpc-"},
      {grpc("proto: a, method: a.B/C, metadata: {a-bin: 1}"), "binary metadata is not supported"},
      {kLoad + "flows: [{name: a, steps: [{grpc: {proto: a, method: a.B/C}, get: /}]}]\n",
       "flows[0].steps[0].get: does not go with grpc"},
      {kLoad + "flows: [{name: a, steps: [{grpc: {proto: a, method: a.B/C}, body: x}]}]\n",
       "flows[0].steps[0].body: does not go with grpc"},
  };
  for (const auto& [yaml, message] : cases) EXPECT_NE(problem(yaml).find(message), std::string::npos) << problem(yaml);
}

TEST(Protocols, TheResolvedScenarioParsesToTheSame) {
  const Scenario scenario = parsed(
      "http: 2\nhttp2: {streams: 7}\ntls: {verify: false, ca: '/a$$b.pem', server_name: shop}\n"
      "variables: {item: {random: [1, 5]}}\n" +
      kLoad +
      "flows: [{name: a, steps: [{get: /, http: 1.1}, {name: c, grpc: {target: 'https://127.0.0.1:5', proto: /a.proto, "
      "method: a.B/C, message: {x: '${item} $$ \"', y: [{z: null}]}, metadata: {m: 'v${item}'}}, check: {status: "
      "3}}]}]\n");
  const nlohmann::json once = to_json(scenario);
  const nlohmann::json twice = to_json(parsed(once.dump()));
  EXPECT_EQ(once, twice);
  EXPECT_EQ(once["flows"][0]["steps"][1]["grpc"]["message"]["x"], "${item} $$ \"");
}

}  // namespace
}  // namespace tidemark::schedule
