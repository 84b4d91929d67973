// Promises 17 and 18 on a real wire: a name that changes its answer after the check is never followed, and a run under
// an approval never sends faster than it says. Counted on the veth of a test network namespace.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/e2e/command.h"
#include "tests/e2e/test_network.h"

namespace tidemark::test {
namespace {

using Addresses = std::vector<std::string>;

class Rebinding : public testing::Test {
 protected:
  void SetUp() override {
    if (!network_.made()) GTEST_SKIP() << "skipped: no network namespaces here (root and iproute2 are needed)";
    local_ = std::make_unique<NamespaceServer>(network_.here(), "127.0.0.1");
    far_ = std::make_unique<NamespaceServer>(network_.elsewhere(), kElsewhere, local_->port());
  }

  CommandResult run(const std::vector<std::string>& more, const std::string& host = "shop.test") {
    std::vector<std::string> words = {"env",
                                      "-u",
                                      "CI",
                                      TIDEMARK_BINARY,
                                      "run",
                                      "--target",
                                      "http://" + host + ":" + std::to_string(local_->port()) + "/",
                                      "--out",
                                      folder_ / "run",
                                      "--json"};
    words.insert(words.end(), more.begin(), more.end());
    return run_command(network_.command(words), 60);
  }

  std::string file(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
    return folder_ / name;
  }

  TemporaryFolder folder_;
  TestNetwork network_;
  std::unique_ptr<NamespaceServer> local_, far_;
};

TEST_F(Rebinding, AnAnswerThatChangesAfterTheCheckIsNeverFollowed) {
  NameServer names(network_.here(), [](int n) { return Addresses{n == 0 ? "127.0.0.1" : kElsewhere}; });
  WireTap tap(network_.here());
  // Connections are closed and opened all the time: each would be a chance to ask again.
  const auto result = run({"--rate", "200", "--duration", "2s", "--connections", "50"});
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_GE(names.queries(), 1);
  EXPECT_EQ(WireTap::opened(tap.stop()), 0U);
  EXPECT_EQ(far_->requests(), 0U);
  EXPECT_EQ(local_->requests(), nlohmann::json::parse(result.output)["requests"]["ok"]);
}

TEST_F(Rebinding, ANameWithOneAddressElsewhereIsRefusedWhateverComesFirst) {
  const std::vector<Addresses> answers = {{"127.0.0.1", kElsewhere}, {kElsewhere, "127.0.0.1"}, {kElsewhere}};
  for (const auto& addresses : answers) {
    NameServer names(network_.here(), [&](int n) { return n == 0 ? addresses : Addresses{"127.0.0.1"}; });
    WireTap tap(network_.here());
    const auto result = run({"--rate", "100", "--duration", "1s"});
    EXPECT_EQ(result.exit_code, 3) << result.errors;
    EXPECT_EQ(WireTap::opened(tap.stop()), 0U);
  }
  EXPECT_EQ(far_->requests(), 0U);
}

TEST_F(Rebinding, AnAllowedNameThatMovesOutOfItsNetworkIsRefused) {
  const std::string list = file("hosts.yaml", "allow: [{host: shop.test, networks: [10.78.0.0/24]}]\n");
  NameServer names(network_.here(), [](int) { return Addresses{kElsewhere}; });
  WireTap tap(network_.here());
  EXPECT_EQ(run({"--rate", "100", "--duration", "1s", "--allow-list", list, "--confirm", "shop.test"}).exit_code, 3);
  EXPECT_EQ(WireTap::opened(tap.stop()), 0U);
}

// The count can see what it is to see: an allowed target gets its connections.
TEST_F(Rebinding, AnAllowedAndConfirmedNameIsSentTo) {
  const std::string list = file("hosts.yaml", "allow: [{host: shop.test, networks: [10.77.0.0/24]}]\n");
  NameServer names(network_.here(), [](int) { return Addresses{kElsewhere}; });
  WireTap tap(network_.here());
  const auto result =
      run({"--rate", "100", "--duration", "1s", "--arrivals", "even", "--allow-list", list, "--confirm", "shop.test"});
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_EQ(far_->requests(), 100U);
  EXPECT_EQ(local_->requests(), 0U);
  EXPECT_GE(WireTap::opened(tap.stop()), 1U);
}

std::size_t most_requests_in_a_second(const std::vector<WireTap::Segment>& segments) {
  std::vector<std::int64_t> sent;
  for (const auto& segment : segments) {
    if (segment.payload > 0) sent.push_back(segment.at_ns);
  }
  std::size_t most = 0;
  for (std::size_t first = 0, last = 0; last < sent.size(); ++last) {
    while (sent[last] - sent[first] >= 1'000'000'000) ++first;
    most = std::max(most, last - first + 1);
  }
  return most;
}

TEST_F(Rebinding, AnApprovedRateIsNeverExceededInAnySecond) {
  const std::string list = file("hosts.yaml", "allow: [{host: 10.77.0.2}]\n");
  const std::string approval =
      file("approval.yaml", "owner: anna@example.org\nhosts: [10.77.0.2]\nmax_rate: 200\nexpires: 2999-01-01\n");
  const Addresses words = {"--allow-list", list, "--confirm", kElsewhere, "--approval", approval, "--duration", "4s"};
  // As fast as ten users go, which is far more; and arrivals whose mean is the limit, with Poisson's bursts.
  for (const Addresses& load : {Addresses{"--closed"}, Addresses{"--rate", "200"}}) {
    std::filesystem::remove_all(folder_ / "run");
    WireTap tap(network_.here());
    Addresses arguments = words;
    arguments.insert(arguments.end(), load.begin(), load.end());
    const auto result = run(arguments, kElsewhere);
    const auto segments = tap.stop();
    const auto started = nlohmann::json::parse(result.output)["requests"]["started"].get<std::size_t>();
    EXPECT_GE(started, 600U) << result.errors;
    const std::size_t most = most_requests_in_a_second(segments);
    EXPECT_LE(most, 202U) << load.front() << ": limit 200 and 1 %";
    EXPECT_GE(most, 190U) << load.front() << ": the limit is what held it";
    RecordProperty("most_in_a_second" + load.front(), static_cast<int>(most));
  }
}

}  // namespace
}  // namespace tidemark::test
