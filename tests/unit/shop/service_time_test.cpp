#include "scenarios/shop/service_time.h"

#include <gtest/gtest.h>

#include <cmath>
#include <ctime>

namespace tidemark::shop {
namespace {

// 200,000 draws: the standard error of the mean is cv / sqrt(n) = 0.2 %, so 1 % is five of them; a lognormal's tail
// makes the sample cv converge slower, hence 3 %.
TEST(ServiceTime, HasTheDeclaredMomentsAndSplit) {
  for (const double cv : {0.5, 0.8}) {
    ServiceTimes times(7, "product-1", {{"get", {std::chrono::milliseconds(20), cv, 0.25}}});
    const OperationTime* get = times.find("get");
    double sum = 0, squares = 0, compute = 0;
    constexpr int kDraws = 200'000;
    for (int i = 0; i < kDraws; ++i) {
      const auto drawn = times.draw(*get);
      const double total = to_seconds(drawn.compute + drawn.wait);
      sum += total;
      squares += total * total;
      compute += to_seconds(drawn.compute);
    }
    const double mean = sum / kDraws, deviation = std::sqrt(squares / kDraws - mean * mean);
    EXPECT_NEAR(mean, 0.020, 0.020 * 0.01);
    EXPECT_NEAR(deviation / mean, cv, cv * 0.03);
    EXPECT_NEAR(compute / sum, 0.25, 1e-6);
  }
}

TEST(ServiceTime, NodesHaveStreamsOfTheirOwnAndSeedsRepeat) {
  const std::map<std::string, OperationTime> operations{{"get", {std::chrono::milliseconds(20), 0.5, 0}}};
  ServiceTimes one(1, "product-1", operations), same(1, "product-1", operations), other(1, "product-2", operations);
  const auto drawn = one.draw(*one.find("get")).wait;
  EXPECT_EQ(drawn, same.draw(*same.find("get")).wait);
  EXPECT_NE(drawn, other.draw(*other.find("get")).wait);
}

TEST(ServiceTime, FallsBackToTheStarThenToNothing) {
  ServiceTimes starred(1, "store-1", {{"*", {std::chrono::microseconds(300), 0, 0}}});
  EXPECT_EQ(starred.draw(*starred.find("scan")).wait, std::chrono::microseconds(300));
  ServiceTimes none(1, "cache-1", {});
  EXPECT_EQ(none.draw(*none.find("get")).wait, Nanos{0});
}

TEST(ServiceTime, ComputingTakesThatMuchCpu) {
  auto cpu = [] {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return std::chrono::seconds(now.tv_sec) + Nanos(now.tv_nsec);
  };
  const auto before = cpu();
  compute_for(std::chrono::milliseconds(5));
  EXPECT_GE(cpu() - before, std::chrono::milliseconds(5));
}

}  // namespace
}  // namespace tidemark::shop
