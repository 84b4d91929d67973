// Fewer points than were measured, without losing a peak. Thread-safe: pure.
#pragma once

#include <cstddef>
#include <vector>

namespace tidemark::report {

inline constexpr std::size_t kChartPoints = 1800;  // per series: two for each pixel of a wide chart
inline constexpr std::size_t kTableRows = 30;      // of a data table under a chart over time

// Neighbouring points in groups: `starts[i]` is the first index of group i, of `size` points in all. A group has the
// same number of points everywhere but at the end; at most `limit` groups.
struct Groups {
  std::vector<std::size_t> starts;
  std::size_t size = 0, width = 1;
  std::size_t end_of(std::size_t group) const { return group + 1 < starts.size() ? starts[group + 1] : size; }
};
Groups group_points(std::size_t size, std::size_t limit);

// Points for each of `series` lines that share one page of at most 60,000 numbers, between 200 and kChartPoints.
std::size_t points_for(std::size_t series);

enum class Reduce { max, mean };  // latencies and levels keep their maximum; rates keep their mean
// NaN stands for "no sample" and is skipped; a group without samples is NaN.
std::vector<double> reduce(const std::vector<double>& values, const Groups& groups, Reduce how);
// The first x of each group.
std::vector<double> group_starts(const std::vector<double>& x, const Groups& groups);

}  // namespace tidemark::report
