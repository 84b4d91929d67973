// `run --tag-key-file`: every request of a load on a target of one's own carries a tag that the holder of the key
// accepts.
#include <gtest/gtest.h>

#include <fstream>

#include "engine/traffic/shadow_tag.h"
#include "tests/e2e/command.h"
#include "tests/e2e/local_server.h"

namespace tidemark::test {
namespace {

constexpr const char* kKey = "0123456789abcdef0123456789abcdef";

TEST(TagKey, SignsEveryRequest) {
  LocalServer server;
  TemporaryFolder folder;
  std::ofstream(folder / "key") << kKey << "\n";
  const auto result = run_tidemark(
      {"run", "--target", server.url("/page"), "--tag-key-file", folder / "key", "--rate", "1", "--trace"});
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  const std::string name = "x-shadow: ";
  const auto at = result.output.find(name);
  ASSERT_NE(at, std::string::npos) << result.output;
  const auto begin = at + name.size();
  const auto tag = traffic::parse_tag(result.output.substr(begin, result.output.find_first_of("\r\n", begin) - begin));
  ASSERT_TRUE(tag) << result.output;
  EXPECT_FALSE(tag->live());
  EXPECT_TRUE(traffic::TagSigner(kKey).genuine(*tag));
}

TEST(TagKey, AKeyThatIsAbsentShortOrBesideAStackIsRefused) {
  TemporaryFolder folder;
  std::ofstream(folder / "short") << "fifteen bytes..\n";
  const auto run = [&](const std::vector<std::string>& more) {
    std::vector<std::string> all{"run", "--target", "http://127.0.0.1:9/", "--rate", "1", "--out", folder / "run"};
    all.insert(all.end(), more.begin(), more.end());
    return run_tidemark(all);
  };
  const auto absent = run({"--tag-key-file", folder / "none"});
  EXPECT_EQ(absent.exit_code, 2);
  EXPECT_NE(absent.errors.find("cannot be read as a tag key"), std::string::npos) << absent.errors;
  const auto brief = run({"--tag-key-file", folder / "short"});
  EXPECT_EQ(brief.exit_code, 2);
  EXPECT_NE(brief.errors.find("a tag key of 15 bytes is too short"), std::string::npos) << brief.errors;
  EXPECT_EQ(run({"--tag-key-file", folder / "short", "--stack", folder / "stack"}).exit_code, 2);
}

}  // namespace
}  // namespace tidemark::test
