// Promise 8: what a target can make endless (distinct URLs, distinct errors) stays bounded in memory and in the record,
// and the totals stay exact.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/e2e/command.h"

namespace tidemark::test {
namespace {

constexpr int kRequests = 1'000'000;
constexpr int kSecondsOfLog = 1000;

// A combined log of a million GETs over 1000 seconds; `url` gives the n-th path.
template <class Url>
void write_log(const std::string& file, Url url) {
  std::ofstream log(file);
  for (int i = 0; i < kRequests; ++i) {
    const int second = i / (kRequests / kSecondsOfLog);
    char stamp[16];
    std::snprintf(stamp, sizeof(stamp), "10:%02d:%02d", second / 60, second % 60);
    log << "127.0.0.1 - - [17/May/2015:" << stamp << " +0000] \"GET " << url(i) << " HTTP/1.1\" 200 1\n";
  }
}

long peak_kib_of_children() {
  rusage usage{};
  getrusage(RUSAGE_CHILDREN, &usage);
  return usage.ru_maxrss;
}

nlohmann::json replay(const std::string& port, const std::string& log, const std::string& dir) {
  const auto result = run_tidemark({"run", "--target", "http://127.0.0.1:" + port, "--replay", log, "--speed", "33",
                                    "--connections", "64", "--out", dir, "--json"},
                                   120);
  return nlohmann::json::parse(result.output, nullptr, false);
}

TEST(Bounded, AMillionDistinctUrlsAreAThousandSeriesAndLittleMemory) {
  TemporaryFolder folder;
  const std::string log = folder / "access.log";
  BackgroundCommand server({TIDEMARK_STUB_SERVER});
  const std::string port = server.read_line();

  write_log(log, [](int) { return std::string("/products/0123456/details"); });
  const auto same = replay(port, log, folder / "same");
  ASSERT_FALSE(same.is_discarded());
  const long same_kib = peak_kib_of_children();

  write_log(log, [](int i) {
    std::string digits = std::to_string(i);
    digits.insert(0, 7 - digits.size(), '0');
    return "/products/" + digits + "/details";
  });
  const auto distinct = replay(port, log, folder / "distinct");
  ASSERT_FALSE(distinct.is_discarded());
  const long distinct_kib = peak_kib_of_children();
  RecordProperty("same_kib", static_cast<int>(same_kib));
  RecordProperty("distinct_kib", static_cast<int>(distinct_kib));
  std::printf("peak RSS: %ld KiB for one URL, %ld KiB for a million\n", same_kib, distinct_kib);
  EXPECT_LE(distinct_kib - same_kib, 64 * 1024);

  for (const auto& summary : {same, distinct}) {
    const auto& flows = summary["flows"];
    EXPECT_EQ(flows["planned"], kRequests);
    EXPECT_EQ(flows["planned"].get<int>(), flows["completed"].get<int>() + flows["aborted"].get<int>() +
                                               flows["dropped"].get<int>() + flows["in_flight"].get<int>());
    EXPECT_EQ(summary["requests"]["started"].get<int>() + flows["dropped"].get<int>(), kRequests);
    std::uint64_t started = 0;
    for (const auto& [name, step] : summary["by_step"].items())
      started += step["requests"]["started"].get<std::uint64_t>();
    EXPECT_EQ(started, summary["requests"]["started"].get<std::uint64_t>()) << "the series sum up to the total";
  }
  EXPECT_EQ(same["by_step"].size(), 1U);
  EXPECT_LE(distinct["by_step"].size(), 1000U);
  EXPECT_TRUE(distinct["by_step"].contains("other"));
}

}  // namespace
}  // namespace tidemark::test
