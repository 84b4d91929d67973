#include "engine/schedule/time_series.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <optional>

#include "engine/schedule/scenario_parts.h"

namespace tidemark::schedule {
namespace {

constexpr std::size_t kMostRows = 20'000'000;
constexpr std::size_t kMostErrors = 20;
constexpr std::size_t kMostBytes = std::size_t{1} << 30;

std::string_view field_text(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
  return text;
}

// Takes `digits` decimal digits off the front.
bool take_digits(std::string_view& text, std::size_t digits, int& value) {
  if (text.size() < digits) return false;
  value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return false;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return true;
}

bool take(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

// "Z", "+02:00", "+0200", "-05" or nothing; seconds east of UTC.
std::optional<int> zone_offset(std::string_view text) {
  if (text.empty() || text == "Z" || text == "z") return 0;
  const int sign = text.front() == '-' ? -1 : 1;
  int hours = 0, minutes = 0;
  if (!take(text, "+-") || !take_digits(text, 2, hours)) return std::nullopt;
  take(text, ":");
  if (!text.empty() && !take_digits(text, 2, minutes)) return std::nullopt;
  if (!text.empty() || hours > 23 || minutes > 59) return std::nullopt;
  return sign * (hours * 3600 + minutes * 60);
}

// Date, or date and time with optional seconds, fraction and zone. Seconds since the epoch.
std::optional<double> parse_iso8601(std::string_view text) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  if (!take_digits(text, 4, year) || !take(text, "-") || !take_digits(text, 2, month) || !take(text, "-") ||
      !take_digits(text, 2, day)) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  double fraction = 0;
  int zone = 0;
  if (!text.empty()) {
    if (!take(text, "T t") || !take_digits(text, 2, hour) || !take(text, ":") || !take_digits(text, 2, minute)) {
      return std::nullopt;
    }
    if (take(text, ":") && !take_digits(text, 2, second)) return std::nullopt;
    if (take(text, ".,")) {
      int digit = 0;
      if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
      for (double unit = 0.1; take_digits(text, 1, digit); unit /= 10) fraction += unit * digit;
    }
    const auto offset = zone_offset(text);
    if (!offset || hour > 24 || minute > 59 || second > 60) return std::nullopt;
    zone = *offset;
  }
  const auto days = std::chrono::sys_days(date).time_since_epoch().count();
  return static_cast<double>(std::int64_t{days} * 86400 + hour * 3600 + minute * 60 + second - zone) + fraction;
}

struct Row {
  double time, count;
};

class RowReader {
 public:
  explicit RowReader(const std::string& name) : name_(name) {}

  void line(std::string_view text, std::size_t number) {
    text = text.substr(0, text.find('\r') == text.size() - 1 ? text.size() - 1 : text.size());
    if (field_text(text).empty()) return;
    const std::size_t comma = text.find(',');
    const std::string_view left = field_text(text.substr(0, comma));
    const std::string_view right = comma == std::string_view::npos ? "" : field_text(text.substr(comma + 1));
    if (comma == std::string_view::npos || right.find(',') != std::string_view::npos) {
      return refuse(number,
                    fmt::format("expected two columns (time, count), found {}", 1 + std::ranges::count(text, ',')));
    }
    const auto epoch = parse_number(left);
    const auto time = epoch ? epoch : parse_iso8601(left);
    const auto count = parse_number(right);
    const bool first = !std::exchange(any_, true);
    if (first && !time && !count) return;
    if (!time) return refuse(number, fmt::format("'{}' is neither a number nor an ISO 8601 time", left.substr(0, 40)));
    if (!count || *count < 0)
      return refuse(number, fmt::format("'{}' is not a count (a number >= 0)", right.substr(0, 40)));
    if (std::abs(*time) > 1e19 || *count > 1e15) return refuse(number, "a number out of range");
    if (!rows.empty() && epoch.has_value() != numeric_) return refuse(number, "numbers and ISO 8601 times are mixed");
    numeric_ = epoch.has_value();
    rows.push_back({*time, *count});
  }

  std::vector<Row> rows;
  std::size_t refused = 0;
  std::string errors;

 private:
  void refuse(std::size_t number, const std::string& what) {
    any_ = true;
    if (++refused <= kMostErrors) errors += fmt::format("{}{}:{}: {}", errors.empty() ? "" : "\n", name_, number, what);
  }

  const std::string& name_;
  bool any_ = false;
  bool numeric_ = false;
};

void sort_and_merge(std::vector<Row>& rows, std::vector<std::string>& notes) {
  std::size_t backwards = 0;
  for (std::size_t i = 1; i < rows.size(); ++i) backwards += rows[i].time < rows[i - 1].time;
  if (backwards > 0) {
    std::ranges::stable_sort(rows, {}, &Row::time);
    notes.push_back(fmt::format("{} rows stood before an earlier one: sorted by time", backwards));
  }
  std::size_t kept = 0;
  for (std::size_t i = 1; i < rows.size(); ++i) {
    if (rows[i].time == rows[kept].time) {
      rows[kept].count += rows[i].count;
    } else {
      rows[++kept] = rows[i];
    }
  }
  if (const std::size_t equal = rows.size() - kept - 1; equal > 0) {
    notes.push_back(fmt::format("{} rows repeat a time: their counts were added up", equal));
    rows.resize(kept + 1);
  }
}

double median_gap(const std::vector<Row>& rows) {
  if (rows.size() < 2) return 1;
  std::vector<double> gaps(rows.size() - 1);
  for (std::size_t i = 0; i < gaps.size(); ++i) gaps[i] = rows[i + 1].time - rows[i].time;
  const auto middle = gaps.begin() + static_cast<std::ptrdiff_t>(gaps.size() / 2);
  std::ranges::nth_element(gaps, middle);
  return *middle;
}

}  // namespace

Result<TimeSeries> parse_time_series(std::string_view csv, const std::string& name) {
  if (csv.starts_with("\xef\xbb\xbf")) csv.remove_prefix(3);
  RowReader reader(name);
  std::size_t number = 0;
  while (!csv.empty()) {
    const std::size_t end = csv.find('\n');
    reader.line(csv.substr(0, end), ++number);
    csv.remove_prefix(end == std::string_view::npos ? csv.size() : end + 1);
    if (reader.rows.size() > kMostRows) return fail(ExitCode::usage, name, fmt::format("more than {} rows", kMostRows));
  }
  if (reader.refused > 0) {
    if (reader.refused > kMostErrors) {
      reader.errors += fmt::format("\n{}: and {} more malformed rows", name, reader.refused - kMostErrors);
    }
    return fail(ExitCode::usage, "", reader.errors);
  }
  if (reader.rows.empty()) return fail(ExitCode::usage, name, "holds no rows of (time, count)");

  TimeSeries series;
  std::vector<Row>& rows = reader.rows;
  sort_and_merge(rows, series.notes);
  const double width = median_gap(rows);
  const double origin = rows.front().time;
  series.points.reserve(rows.size());
  std::size_t holes = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const double start = rows[i].time - origin;
    const double next = i + 1 < rows.size() ? rows[i + 1].time - origin : start + width;
    const bool hole = next - start > 1.5 * width;
    series.points.push_back({start, hole ? start + width : next, rows[i].count});
    if (hole) series.points.push_back({start + width, next, 0});
    holes += hole;
  }
  if (holes > 0) series.notes.push_back(fmt::format("{} gaps in the record: taken as times without traffic", holes));
  return series;
}

Result<TimeSeries> load_time_series(const std::filesystem::path& file) {
  std::error_code error;
  const auto size = std::filesystem::file_size(file, error);
  std::ifstream input(file, std::ios::binary);
  if (error || !input) {
    return fail(ExitCode::usage, file.string(), "cannot be read", "a shape names its file relative to the scenario");
  }
  if (size > kMostBytes) return fail(ExitCode::usage, file.string(), "larger than 1 GiB");
  std::string text(size, '\0');
  input.read(text.data(), static_cast<std::streamsize>(size));
  text.resize(static_cast<std::size_t>(input.gcount()));
  return parse_time_series(text, file.string());
}

Result<std::vector<ShapeBin>> fit_shape(const TimeSeries& series, const Shape& shape) {
  const std::string place = shape.file.string();
  const auto& points = series.points;
  if (points.empty()) return fail(ExitCode::usage, place, "holds no points");
  const double compression = to_seconds(shape.duration) / points.back().end;  // run seconds per unit of the file's time
  double sum = 0, densest = 0;
  for (const auto& point : points) {
    sum += point.count;
    densest = std::max(densest, point.count / (point.end - point.start));
  }
  if (!(sum > 0)) return fail(ExitCode::usage, place, "every count is zero");
  const double scale = shape.mean ? shape.mean->per_second() * to_seconds(shape.duration) / sum
                                  : shape.peak.value_or(Rate{}).per_second() * compression / densest;
  if (!(sum * scale <= kMostArrivals)) {
    return fail(ExitCode::usage, place,
                fmt::format("plans {:.3g} arrivals, at most {:.0g} are allowed", sum * scale, kMostArrivals));
  }
  const auto at = [&](double time) {
    const double share = time / points.back().end;
    return std::min(shape.duration, Nanos(std::llround(share * static_cast<double>(shape.duration.count()))));
  };
  std::vector<ShapeBin> bins;
  bins.reserve(points.size());
  for (const auto& point : points) bins.push_back({at(point.start), at(point.end), point.count * scale});
  return bins;
}

}  // namespace tidemark::schedule
