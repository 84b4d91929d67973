// What the binary does with targets that are not this machine (promises 16 and 18): exit 3, before any socket opens and
// before a run directory is made.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/e2e/command.h"
#include "tests/e2e/local_server.h"

namespace tidemark::test {
namespace {

class Targets : public testing::Test {
 protected:
  CommandResult run(const std::string& target, const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments = {"run",        "--target", target,  "--rate", "10",
                                          "--duration", "500ms",    "--out", dir_,     "--quiet"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_tidemark(std::move(arguments), 30);
  }
  // The same in a network namespace of its own, without any interface: what the guard lets through gets nowhere.
  CommandResult run_cut_off(const std::string& target, const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"unshare", "--net", TIDEMARK_BINARY, "run",   "--target", target,
                                          "--rate",  "10",    "--duration",    "500ms", "--out",    dir_,
                                          "--quiet"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_command(arguments, 30);
  }
  std::string file(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
    return folder_ / name;
  }

  TemporaryFolder folder_;
  const std::string dir_ = folder_ / "run";
};

TEST_F(Targets, EightyAndMoreSpellingsAreRefusedWith3) {
  const std::vector<std::string> hosts = {
      // decimal, octal, hexadecimal, short and padded forms of 127.0.0.1
      "127.1", "127.0.1", "127", "2130706433", "017700000001", "0177.0.0.1", "0177.0.0.01", "127.0.0.01",
      "127.000.000.001", "0x7f.0.0.1", "0x7f.1", "0x7f000001", "0X7F000001", "127.0.0.0x1", "0x7f.0x0.0x0.0x1",
      "127.0.0.1.1", "127.0.0.256", "383.0.0.1",
      // trailing dots and names that only look like it
      "127.0.0.1.", "127.0.0.1..", "localhost.", ".localhost", "-localhost", "local_host", "localhost-.invalid",
      "127.0.0.1.example.invalid", "localhost.invalid", "127-0-0-1.invalid", "xn--lcalhost-01a",
      "XN--lcalhost-01a.test", "a.xn--p1ai",
      // IPv6 in all its forms
      "[::127.0.0.1]", "[::ffff:0:127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[::2]", "[::]", "[::0]",
      "[::ffff:0.0.0.0]", "[::ffff:10.0.0.1]", "[::ffff:8.8.8.8]", "[::ffff:a00:1]", "[::ffff:169.254.169.254]",
      "[fe80::1]", "[fd00::1]", "[fec0::1]", "[2001:db8::1]", "[ff02::1]",
      // everywhere and nowhere
      "0.0.0.0", "0", "0x0", "0.0.0.1", "255.255.255.255", "224.0.0.1", "239.1.2.3", "240.0.0.1",
      // private, shared, link-local, cloud metadata, public
      "10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1", "169.254.169.254", "8.8.8.8", "126.255.255.255",
      "128.0.0.1", "134744072", "192.0.2.1",
      // user information, escapes, zone ids, other characters
      "user@127.0.0.1", "user:secret@127.0.0.1", "@127.0.0.1", "127.0.0.1@192.0.2.1", "127.0.0.1:80@192.0.2.1",
      "127.0.0.1\\@192.0.2.1", "127.0.0.1#@192.0.2.1", "%31%32%37.0.0.1", "127.0.0.1%00.example.org",
      "localhost%2eexample.org", "[::1%25lo]", "[fe80::1%25eth0]", "127.0.0.1 ", "127.0.0.1\t", "127.0.0.1\r\nHost:a",
      "\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.0.0.1",
      "127\xe3\x80\x82"
      "0.0.1",
      "l\xc3\xb6"
      "calhost"};
  ASSERT_GE(hosts.size(), 80U);
  for (const auto& host : hosts) {
    const auto result = run("http://" + host + "/");
    EXPECT_EQ(result.exit_code, 3) << host << ": " << result.errors;
    EXPECT_FALSE(std::filesystem::exists(dir_)) << host;
  }
}

TEST_F(Targets, AHostHeaderThatNamesSomebodyElseIsRefusedWith3) {
  LocalServer server;
  for (const std::string header : {"Host: shop.example.org", "host: 10.0.0.1", "HOST: '127.0.0.1.example.org'"}) {
    const std::string scenario = file("scenario.yaml",
                                      "load: {rate: 10, duration: 500ms}\nflows: [{name: a, steps: [{get: "
                                      "/, headers: {" +
                                          header + "}}]}]\n");
    const auto result = run_tidemark({"run", scenario, "--target", server.url(""), "--out", dir_});
    EXPECT_EQ(result.exit_code, 3) << header << ": " << result.errors;
  }
}

TEST_F(Targets, AnAddressInAStepIsCheckedLikeTheTarget) {
  LocalServer server;
  for (const std::string url : {"http://192.0.2.1/", "http://user@127.0.0.1/", "http://0x7f.1/"}) {
    const std::string scenario =
        file("scenario.yaml",
             "load: {rate: 10, duration: 500ms}\nflows: [{name: a, steps: [{get: /}, {get: '" + url + "'}]}]\n");
    const auto result = run_tidemark({"run", scenario, "--target", server.url(""), "--out", dir_});
    EXPECT_EQ(result.exit_code, 3) << url << ": " << result.errors;
  }
}

TEST_F(Targets, AnotherHostNeedsAnEntryAndItsExactName) {
  const std::string list = file("hosts.yaml", "allow: [{host: 192.0.2.1}]\n");
  auto result = run_cut_off("http://192.0.2.1/", {"--allow-list", list});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_NE(result.errors.find("add --confirm 192.0.2.1"), std::string::npos) << result.errors;
  EXPECT_EQ(run_cut_off("http://192.0.2.1/", {"--confirm", "192.0.2.1"}).exit_code, 3);
  EXPECT_EQ(run_cut_off("http://192.0.2.1/", {"--allow-list", list, "--confirm", "192.0.2.2"}).exit_code, 3);
  // All three words agree: now it is only the network that has no such host.
  setenv("CI", "false", 1);
  EXPECT_EQ(run_cut_off("http://192.0.2.1/", {"--allow-list", list, "--confirm", "192.0.2.1", "--timeout", "200ms"})
                .exit_code,
            4);
}

TEST_F(Targets, InCiAnApprovalIsNeededThatHasNotExpiredAndAllowsTheRate) {
  const std::string list = file("hosts.yaml", "allow: [{host: 192.0.2.1}]\n");
  const auto approval = [&](const std::string& hosts, const std::string& rate, const std::string& expires) {
    return file("approval.yaml",
                "owner: anna@example.org\nhosts: [" + hosts + "]\nmax_rate: " + rate + "\nexpires: " + expires + "\n");
  };
  setenv("CI", "true", 1);
  const auto ci = [&](const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"--allow-list", list, "--confirm", "192.0.2.1", "--timeout", "200ms"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_cut_off("http://192.0.2.1/", arguments);
  };
  const auto none = ci({});
  const auto good = ci({"--approval", approval("192.0.2.1", "10", "2999-01-01")});
  const auto expired = ci({"--approval", approval("192.0.2.1", "10", "2020-01-01T00:00:00Z")});
  const auto fast = ci({"--approval", approval("192.0.2.1", "9", "2999-01-01")});
  const auto other = ci({"--approval", approval("192.0.2.2", "10", "2999-01-01")});
  const auto broken = ci({"--approval", approval("192.0.2.1", "none", "2999-01-01")});
  unsetenv("CI");
  EXPECT_EQ(none.exit_code, 3) << none.errors;
  EXPECT_EQ(good.exit_code, 4) << good.errors;
  EXPECT_EQ(expired.exit_code, 3) << expired.errors;
  EXPECT_NE(expired.errors.find("expired"), std::string::npos) << expired.errors;
  EXPECT_EQ(fast.exit_code, 3) << fast.errors;
  EXPECT_NE(fast.errors.find("10 requests/s are planned at the peak, 9 are approved"), std::string::npos)
      << fast.errors;
  EXPECT_EQ(other.exit_code, 3) << other.errors;
  EXPECT_EQ(broken.exit_code, 2) << broken.errors;
}

// Promise 10: what cannot work is refused at once, by its number.
TEST(Preflight, TenThousandConnectionsDoNotFitInto256Descriptors) {
  TemporaryFolder folder;
  LocalServer server;
  const auto shell = [&](const std::string& limit) {
    return run_command({"/bin/bash", "-c",
                        "ulimit " + limit + " && exec " TIDEMARK_BINARY " run --target " + server.url() +
                            " --rate 10 --duration 500ms --connections 10000 --out " + (folder / "run")});
  };
  const auto began = Clock::now();
  const auto refused = shell("-n 256");
  EXPECT_LT(Clock::now() - began, std::chrono::seconds(1));
  EXPECT_EQ(refused.exit_code, 4);
  EXPECT_NE(refused.errors.find("10000 connections need 100"), std::string::npos) << refused.errors;
  EXPECT_NE(refused.errors.find("the limit is 256"), std::string::npos) << refused.errors;
  EXPECT_FALSE(std::filesystem::exists(folder / "run"));
  // Only the soft limit is low: it is raised without being asked for.
  const auto raised = shell("-Sn 256");
  EXPECT_EQ(raised.exit_code, 0) << raised.errors;
}

}  // namespace
}  // namespace tidemark::test
