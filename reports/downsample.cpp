#include "reports/downsample.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tidemark::report {

Groups group_points(std::size_t size, std::size_t limit) {
  Groups groups{.size = size};
  groups.width = std::max<std::size_t>(1, (size + limit - 1) / std::max<std::size_t>(1, limit));
  for (std::size_t at = 0; at < size; at += groups.width) groups.starts.push_back(at);
  return groups;
}

std::size_t points_for(std::size_t series) {
  return std::clamp<std::size_t>(60'000 / std::max<std::size_t>(1, series), 200, kChartPoints);
}

std::vector<double> reduce(const std::vector<double>& values, const Groups& groups, Reduce how) {
  std::vector<double> out;
  out.reserve(groups.starts.size());
  for (std::size_t group = 0; group < groups.starts.size(); ++group) {
    double sum = 0, most = -std::numeric_limits<double>::infinity();
    std::size_t seen = 0;
    for (std::size_t i = groups.starts[group]; i < groups.end_of(group) && i < values.size(); ++i) {
      if (std::isnan(values[i])) continue;
      ++seen;
      sum += values[i];
      most = std::max(most, values[i]);
    }
    if (seen == 0)
      out.push_back(std::numeric_limits<double>::quiet_NaN());
    else
      out.push_back(how == Reduce::max ? most : sum / static_cast<double>(seen));
  }
  return out;
}

std::vector<double> group_starts(const std::vector<double>& x, const Groups& groups) {
  std::vector<double> out;
  out.reserve(groups.starts.size());
  for (const std::size_t start : groups.starts) out.push_back(x[start]);
  return out;
}

}  // namespace tidemark::report
