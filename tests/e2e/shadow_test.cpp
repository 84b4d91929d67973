// The shadow tag fails closed: strip it at any one hop, the queue consumer and the retry included, and the run fails
// and names the hop. A forged tag does not pass the edge.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "engine/net/http_client.h"
#include "engine/traffic/shadow_tag.h"
#include "scenarios/shop/stack_info.h"
#include "tests/e2e/command.h"

namespace tidemark::test {
namespace {

struct Hop {
  std::string strip;    // strip_tag_towards of the topology
  std::string refuser;  // service that must notice
  std::string name() const {
    std::string text = strip;
    for (char& letter : text) letter = letter == ':' ? '_' : letter;
    return text;
  }
};

class StrippedTag : public testing::TestWithParam<Hop> {};

// The `problem` event of a run directory, or null.
nlohmann::json problem_event(const std::string& run) {
  std::istringstream lines(read_text(run + "/events.ndjson"));
  for (std::string line; std::getline(lines, line);) {
    const auto event = nlohmann::json::parse(line, nullptr, false);
    if (event.is_object() && event.value("kind", "") == "problem") return event;
  }
  return nullptr;
}

TEST_P(StrippedTag, FailsTheRunAndNamesTheHop) {
  const Hop hop = GetParam();
  TemporaryFolder folder;
  const std::string topology = folder / "topology.yaml", stack = folder / "stack", run = folder / "run";
  std::ofstream(topology) << "name: stripped\nstrip_tag_towards: \"" << hop.strip << "\"\n";
  const auto up = run_tidemark({"stack", "up", "--topology", topology, "--dir", stack, "--detach"}, 60);
  ASSERT_EQ(up.exit_code, 0) << up.errors;
  const auto result = run_tidemark(
      {"run", TIDEMARK_SOURCE_DIR "/tests/e2e/fixtures/mixed.yaml", "--stack", stack, "--out", run, "--json"});
  const auto down = run_tidemark({"stack", "down", "--dir", stack});
  EXPECT_EQ(down.exit_code, 0) << down.errors;

  EXPECT_EQ(result.exit_code, 99) << result.errors;
  const auto summary = nlohmann::json::parse(result.output);
  EXPECT_EQ(summary["verdict"], "fail");
  const std::string reason = summary["stop_reason"];
  EXPECT_NE(reason.find("tag-undecided"), std::string::npos) << reason;
  EXPECT_NE(reason.find(hop.refuser), std::string::npos) << reason;
  EXPECT_NE(reason.find("called by"), std::string::npos) << reason;
  const auto problem = problem_event(run);
  ASSERT_FALSE(problem.is_null());
  RecordProperty("noticed_at_s", problem["t_s"].dump());
  std::printf("%-14s noticed %.2f s into the run: %s\n", hop.strip.c_str(), problem["t_s"].get<double>(),
              reason.c_str());
}

INSTANTIATE_TEST_SUITE_P(EveryHop, StrippedTag,
                         testing::Values(Hop{"product", "product"}, Hop{"order", "order"}, Hop{"user", "user"},
                                         Hop{"inventory", "inventory"}, Hop{"payment", "payment"},
                                         Hop{"store", "store"}, Hop{"cache", "cache"}, Hop{"events", "events"},
                                         Hop{"consumer", "notification"}, Hop{"retry:product", "product"}),
                         [](const auto& info) { return info.param.name(); });

TEST(ShadowTag, ForgedOnesAreRefusedAtTheEdge) {
  TemporaryFolder folder;
  const std::string stack = folder / "stack";
  const auto up = run_tidemark({"stack", "up", "--dir", stack, "--detach"}, 60);
  ASSERT_EQ(up.exit_code, 0) << up.errors;
  const auto info = shop::read_stack_info(stack);
  ASSERT_TRUE(info) << info.error().message();
  const auto edge = net::parse_http_url(info->edge_url);
  ASSERT_TRUE(edge);
  const auto genuine = traffic::TagSigner(info->tag_key).sign("0123456789abcdef", "browse").header_value();
  auto answer = [&](const std::string& tag) {
    net::Request request;
    request.target = "/browse?item=1";
    if (!tag.empty()) request.headers.set(traffic::kShadowHeader, tag);
    return net::call_blocking(edge->first, request, std::chrono::seconds(5));
  };
  EXPECT_EQ(answer(genuine).response.status, 200);
  EXPECT_EQ(answer("").response.status, 200) << "untagged traffic from outside is live";
  std::string forged = genuine;
  forged.back() = forged.back() == '0' ? '1' : '0';
  for (const std::string& tag :
       {forged, std::string("0123456789abcdef;browse;"), std::string("0123456789abcdef;buy;") + genuine.substr(24),
        std::string("dead;browse;00"), std::string("LIVE;;"), std::string(300, 'a')}) {
    const auto refused = answer(tag);
    EXPECT_EQ(refused.response.status, 403) << tag;
    EXPECT_NE(refused.response.body.find("tag-"), std::string::npos) << refused.response.body;
  }
  EXPECT_EQ(run_tidemark({"audit", "--stack", stack}).exit_code, 0);
  EXPECT_EQ(run_tidemark({"stack", "down", "--dir", stack}).exit_code, 0);
}

}  // namespace
}  // namespace tidemark::test
