// What `tidemark validate` says, and that secrets are found, read and redacted.
#include "engine/schedule/scenario_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "engine/core/base64.h"
#include "engine/schedule/secrets.h"
#include "scenarios/templates.h"

namespace tidemark::schedule {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class Outline : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  void write(const std::string& name, const std::string& text) { std::ofstream(folder_ / name) << text; }
  Result<ScenarioOutline> of(const std::string& yaml) {
    auto scenario = parse_scenario(yaml, "s.yaml", {}, folder_);
    if (!scenario) return tl::make_unexpected(scenario.error());
    return outline(*scenario, 1);
  }
  const std::filesystem::path folder_ =
      std::filesystem::path(testing::TempDir()) /
      (std::string("tidemark_outline_") + testing::UnitTest::GetInstance()->current_test_info()->name());
};

TEST_F(Outline, CountsFlowsRequestsAndTheBusiestSecond) {
  const auto made = of(
      "load: {arrivals: even, stages: [{rate: 10, duration: 10s}, {rate: 50, duration: 2s}]}\n"
      "flows:\n"
      "  - {name: a, weight: 3, steps: [{get: /, repeat: 4}]}\n"
      "  - {name: b, steps: [{name: x, get: /}, {if: flow_id > 5, repeat: 2, steps: [{name: y, get: /, while: run_id "
      "exists, at_most: 5}]}]}\n"
      "setup: [{name: s, get: /}]");
  ASSERT_TRUE(made) << made.error().message();
  EXPECT_EQ(made->arrivals, 200);
  EXPECT_EQ(made->peak_rate, 50);
  EXPECT_EQ(made->duration, std::chrono::seconds(12));
  EXPECT_EQ(made->flows[0].share, 0.75);
  EXPECT_EQ(made->flows[0].least_requests, 4U);
  EXPECT_EQ(made->flows[1].least_requests, 1U);
  EXPECT_EQ(made->flows[1].most_requests, 11U);
  EXPECT_EQ(made->least_requests, 150 * 4 + 50 * 1);
  EXPECT_EQ(made->most_requests, 150 * 4 + 50 * 11);
  EXPECT_EQ(made->setup.steps, 1U);
}

TEST_F(Outline, LoadsTheFilesAScenarioNames) {
  write("users.csv", "email,name\na@b,c\n");
  write("f.lua", "x = 1");
  write("p.bin", "bytes");
  const std::string scenario =
      "load: {arrivals: even, rate: 1, duration: 3s}\nlua: f.lua\nfeeders: {users: {file: users.csv, order: unique}}\n"
      "flows: [{name: a, steps: [{post: \"/${users.email}\", multipart: [{name: p, file: p.bin}]}]}]";
  const auto made = of(scenario);
  ASSERT_TRUE(made) << made.error().message();
  ASSERT_EQ(made->feeders.size(), 1U);
  EXPECT_EQ(made->feeders[0].rows, 1U);
  EXPECT_THAT(made->feeders[0].columns, ElementsAre("email", "name"));
  EXPECT_THAT(made->notes, ElementsAre(HasSubstr("feeder 'users' has 1 rows for about 3 flows")));

  write("users.csv", "mail,name\na@b,c\n");
  std::filesystem::remove(folder_ / "f.lua");
  std::filesystem::remove(folder_ / "p.bin");
  const auto wrong = of(scenario);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, ExitCode::usage);
  EXPECT_THAT(wrong.error().message(),
              HasSubstr("users.csv: feeder 'users' has no column 'email' (did you mean 'mail'?)"));
  EXPECT_THAT(wrong.error().message(), HasSubstr("f.lua: cannot be read"));
  EXPECT_THAT(wrong.error().message(), HasSubstr("p.bin: cannot be read (step 'a', part 'p')"));
  const auto protocols = of(
      "load: {rate: 1, duration: 3s}\ntls: {ca: ca.pem}\n"
      "flows: [{name: a, steps: [{grpc: {target: http://127.0.0.1:1, proto: x.proto, method: s.P/G, message: {}}}]}]");
  ASSERT_FALSE(protocols);
  EXPECT_THAT(protocols.error().message(), HasSubstr("x.proto: cannot be read (step 'a')"));
  EXPECT_THAT(protocols.error().message(), HasSubstr("ca.pem: cannot be read (tls)"));
}

TEST_F(Outline, AClosedLoadHasUsersInsteadOfArrivals) {
  const auto made = of("load: {model: closed, connections: 7, duration: 3s}\nflows: [{name: a, steps: [{get: /}]}]");
  ASSERT_TRUE(made) << made.error().message();
  EXPECT_FALSE(made->arrivals);
  EXPECT_EQ(made->users, 7U);
}

TEST_F(Outline, TemplatesAreValidAndSayWhatTheyAre) {
  std::vector<std::string> names;
  for (const auto& one : scenarios::scenario_templates()) {
    names.push_back(one.name);
    if (!one.beside.empty()) write(one.beside, std::string(one.beside_text));
    const auto scenario = parse_scenario(std::string(one.text), one.name, {}, folder_);
    ASSERT_TRUE(scenario) << scenario.error().message();
    EXPECT_EQ(scenario->name, one.name);
    const auto made = outline(*scenario, 1);
    EXPECT_TRUE(made) << made.error().message();
    EXPECT_GT(one.about().size(), 20U);
    EXPECT_NE(one.text.find("tidemark run " + one.name + ".yaml"), std::string_view::npos) << "how to run it";
  }
  EXPECT_TRUE(std::ranges::is_sorted(names));
}

Scenario with_secrets() {
  const auto scenario = parse_scenario(
      "load: {rate: 1, duration: 1s}\nsetup: [{get: \"/${base64(env:USER_A)}\"}]\n"
      "flows: [{name: a, steps: [{get: /, headers: {a: \"${env:TOKEN}${env:TOKEN}\"}}]}]",
      "s", {});
  EXPECT_TRUE(scenario);
  return *scenario;
}

TEST(Secrets, AreFoundWhereverTheyStand) {
  EXPECT_THAT(secret_names(with_secrets()), ElementsAre("TOKEN", "USER_A"));
  EXPECT_EQ(to_json(with_secrets()).dump().find("hunter2"), std::string::npos);
}

TEST(Secrets, ThatAreMissingAreNamedTogether) {
  const auto none = Secrets::read(with_secrets(), [](const std::string&) { return std::nullopt; });
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ExitCode::usage);
  EXPECT_THAT(none.error().message(), HasSubstr("${env:TOKEN}, ${env:USER_A} are not set in the environment"));
}

TEST(Secrets, AreRedactedAsTheyAreSent) {
  const auto secrets = Secrets::read(with_secrets(), [](const std::string& name) -> std::optional<std::string> {
    return name == "TOKEN" ? "hunter2/+" : "hunter2/+and more";
  });
  ASSERT_TRUE(secrets);
  EXPECT_EQ(secrets->value("TOKEN"), "hunter2/+");
  EXPECT_EQ(secrets->redacted("a hunter2/+ b hunter2/+and more c hunter2%2F%2B d " + base64_encode("hunter2/+")),
            "a ${env:TOKEN} b ${env:USER_A} c ${env:TOKEN} d ${env:TOKEN}");
}

}  // namespace
}  // namespace tidemark::schedule
