// Histograms of twenty distributions as payloads, beside what is in them: one JSON object a line, for
// histogram.test.mjs, which decodes them with hdr-histogram-js.
#include <cmath>
#include <cstdio>
#include <functional>
#include <nlohmann/json.hpp>
#include <vector>

#include "engine/core/histogram.h"
#include "engine/core/random.h"

int main() {
  using tidemark::Histogram;
  using tidemark::Random;
  std::vector<std::function<double(Random&)>> draws;
  for (const double mean : {3.0, 250.0, 40'000.0, 2e6}) {
    draws.emplace_back([mean](Random& r) { return 2 * mean * r.uniform(); });
    draws.emplace_back([mean](Random& r) { return r.exponential(mean); });
    draws.emplace_back([mean](Random& r) { return r.lognormal(mean, 1.5); });
    draws.emplace_back([mean](Random& r) { return r.uniform() < 0.9 ? mean : 100 * mean; });
    draws.emplace_back([mean](Random& r) { return mean / std::pow(1 - r.uniform(), 0.7); });
  }
  for (std::size_t i = 0; i < draws.size(); ++i) {
    for (const int digits : {1, 2, 3, 4}) {
      Random random(i, "payload");
      Histogram histogram(digits);
      for (int n = 0; n < 5000; ++n)
        histogram.record(static_cast<std::int64_t>(std::fmin(draws[i](random), 3.6e9)), n % 97 == 0 ? 100'000 : 1);
      nlohmann::json line = {{"distribution", i},
                             {"digits", digits},
                             {"total", histogram.total()},
                             {"payload", histogram.encode()},
                             {"buckets", nlohmann::json::array()},
                             {"quantiles", nlohmann::json::array()}};
      for (const auto& bucket : histogram.buckets()) line["buckets"].push_back({bucket.low, bucket.high, bucket.count});
      for (const double q : {0.5, 0.9, 0.99, 0.999, 1.0}) line["quantiles"].push_back({q, histogram.quantile(q)});
      std::printf("%s\n", line.dump().c_str());
    }
  }
  return 0;
}
