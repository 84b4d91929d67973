#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "engine/schedule/scenario_parts.h"
#include "engine/schedule/threshold_metrics.h"

namespace tidemark::schedule {
namespace {

constexpr std::size_t kMostBytes = 1024;
constexpr Nanos kShortestWindow = std::chrono::seconds(1);
constexpr Nanos kLongestWindow = std::chrono::hours(24);
constexpr std::uint32_t kMostIntervals = 3600;

using Unit = ThresholdMetric::Unit;

template <class Named>
std::vector<std::string> names_of(std::span<const Named> all) {
  std::vector<std::string> names;
  for (const auto& one : all) names.emplace_back(one.name);
  return names;
}

std::vector<std::string> metric_names() {
  auto names = names_of(threshold_metrics());
  names.emplace_back("node");
  return names;
}

std::optional<double> parse_ratio(std::string_view text) {
  const bool percent = text.ends_with('%');
  if (percent) text.remove_suffix(1);
  const auto value = parse_number(text);
  if (!value) return std::nullopt;
  const double ratio = percent ? *value / 100 : *value;
  return ratio >= 0 && ratio <= 1 ? std::optional(ratio) : std::nullopt;
}

// The limit in the metric's own unit, or what it should look like.
tl::expected<double, std::string> parse_limit(Unit unit, std::string_view text) {
  const auto number = parse_number(text);
  switch (unit) {
    case Unit::ratio:
      if (const auto ratio = parse_ratio(text)) return *ratio;
      return tl::make_unexpected(fmt::format("'{}' must be a ratio from 0 to 1, as in 0.001 or 0.1%", text));
    case Unit::rate:
      if (number && *number >= 0) return *number;
      return tl::make_unexpected(fmt::format("'{}' must be a number of requests a second", text));
    case Unit::count:
      if (number && *number >= 0) return *number;
      return tl::make_unexpected(fmt::format("'{}' must be a number", text));
    case Unit::duration:
      break;
  }
  const auto duration = parse_duration(text);
  if (duration && *duration >= Nanos{}) return to_micros(*duration);
  return tl::make_unexpected(fmt::format("'{}' must be a duration with its unit, as in 86ms", text));
}

// A cursor over one expression. Every parse_* returns false after having noted what is wrong, and where.
class ThresholdParser {
 public:
  explicit ThresholdParser(const std::string& text) : text_(text) {}

  bool parse() {
    if (text_.size() > kMostBytes) return wrong(kMostBytes, "longer than 1024 bytes");
    if (!parse_metric() || !parse_braces() || !parse_statistic() || !parse_comparison() || !parse_limit_text()) {
      return false;
    }
    threshold_.expression = text_;
    while (true) {
      skip_blanks();
      const std::size_t at = at_;
      if (at == text_.size()) return true;
      const std::string_view clause = word();
      if (clause == "over") {
        if (!parse_window("over")) return false;
      } else if (clause == "in") {
        if (!expect_words({"every", "window", "of"}) || !parse_window("in every window of")) return false;
      } else if (clause == "after") {
        if (!parse_span("after", threshold_.after, Nanos{})) return false;
      } else if (clause == "abort") {
        threshold_.expression = text_.substr(0, text_.find_last_not_of(" \t", at - 1) + 1);
        return parse_abort();
      } else {
        return wrong(at, fmt::format("'{}' is none of over, in every window of, after, abort{}", clause,
                                     did_you_mean(clause, kClauses)));
      }
    }
  }

  Threshold take() { return std::move(threshold_); }
  std::size_t column() const { return column_; }  // from 1
  const std::string& problem() const { return problem_; }

 private:
  inline static const std::vector<std::string> kClauses = {"over", "after", "abort"};

  bool wrong(std::size_t at, std::string what) {
    column_ = at + 1;
    problem_ = std::move(what);
    return false;
  }

  void skip_blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
  }

  // Up to a blank.
  std::string_view word() {
    skip_blanks();
    const std::size_t from = at_;
    at_ = std::min(text_.find_first_of(" \t", from), text_.size());
    return std::string_view(text_).substr(from, at_ - from);
  }

  std::string_view up_to(const char* stops) {
    const std::size_t from = at_;
    at_ = std::min(text_.find_first_of(stops, from), text_.size());
    return std::string_view(text_).substr(from, at_ - from);
  }

  bool parse_metric() {
    skip_blanks();
    const std::size_t at = at_;
    std::string name(up_to("{.<> \t"));
    if (name.empty() && at == text_.size()) return wrong(at, "needs '<' or '>', as in response.p99 < 86ms");
    threshold_.metric = name == "rate" ? "achieved_rate" : name;
    metric_ = find_threshold_metric(threshold_.metric);
    if (metric_ != nullptr || name == "node") return true;
    const auto names = metric_names();
    return wrong(at, fmt::format("'{}' is none of {}{}", name, fmt::join(names, ", "), did_you_mean(name, names)));
  }

  bool parse_braces() {
    const std::size_t at = at_;
    if (at_ >= text_.size() || text_[at_] != '{') {
      return metric_ != nullptr || wrong(at, "needs a node or a service in braces, as in node{store}.busy");
    }
    const std::size_t close = text_.find('}', at_);
    if (close == std::string::npos || close == at_ + 1) {
      return wrong(at, "needs a step's name in braces, as in response{browse}.p99");
    }
    const std::string inside = text_.substr(at_ + 1, close - at_ - 1);
    at_ = close + 1;
    if (metric_ == nullptr) {
      threshold_.node = inside.starts_with("node=") ? inside.substr(5) : inside;
      return !threshold_.node.empty() || wrong(at, "names no node");
    }
    const std::size_t equals = inside.find('=');
    const std::string key = equals == std::string::npos ? "" : inside.substr(0, equals);
    const bool known = key == "step" || key == "flow" || key == "group" || key == "kind";
    std::string& named = !known || key == "step" ? threshold_.step
                         : key == "flow"         ? threshold_.flow
                         : key == "group"        ? threshold_.group
                                                 : threshold_.kind;
    named = known ? inside.substr(equals + 1) : inside;
    if (named.empty()) return wrong(at, fmt::format("names no {}", key));
    if (&named == &threshold_.kind ? metric_->by_kind : metric_->by_step) return true;
    if (&named == &threshold_.kind)
      return wrong(at, fmt::format("{} is not counted by kind; errors is", metric_->name));
    return wrong(at, fmt::format("{} stands alone, without '{{{}}}'", metric_->name, inside));
  }

  bool parse_statistic() {
    skip_blanks();
    const std::size_t at = at_;
    std::string given;
    const bool dot = at_ < text_.size() && text_[at_] == '.';
    if (dot) ++at_;
    if (dot) given = up_to("<> \t");
    if (metric_ == nullptr) return parse_node_statistic(at, given);
    if (!metric_->clock) {
      unit_ = metric_->unit;
      return !dot || wrong(at, fmt::format("{} stands alone, without '.{}'", metric_->name, given));
    }
    unit_ = Unit::duration;
    if (given.starts_with("p")) std::erase(given, '.');  // p99.9
    if (given == "max" || given == "mean" || quantile_of_statistic(given) > 0) {
      threshold_.statistic = given;
      return true;
    }
    static const std::vector<std::string> kUsual = {"p50", "p90", "p95", "p99", "p999", "max", "mean"};
    return wrong(
        at, fmt::format("{} needs one of .{}{}", metric_->name, fmt::join(kUsual, ", ."), did_you_mean(given, kUsual)));
  }

  bool parse_node_statistic(std::size_t at, const std::string& given) {
    for (const auto& one : node_statistics()) {
      if (one.name != given) continue;
      threshold_.statistic = given;
      unit_ = one.unit;
      return true;
    }
    const auto names = names_of(node_statistics());
    return wrong(at, fmt::format("node needs one of .{}{}", fmt::join(names, ", ."), did_you_mean(given, names)));
  }

  bool parse_comparison() {
    skip_blanks();
    const std::size_t at = at_;
    if (at == text_.size() || (text_[at] != '<' && text_[at] != '>')) {
      return wrong(at, "needs '<' or '>', as in response.p99 < 86ms");
    }
    threshold_.below = text_[at_++] == '<';
    return text_.compare(at_, 1, "=") != 0 || wrong(at, "write '<' or '>'");
  }

  bool parse_limit_text() {
    skip_blanks();
    const std::size_t at = at_;
    std::string text(word());
    // "0.1 %" is one value.
    const std::size_t after = at_;
    if (word() == "%") {
      text += '%';
    } else {
      at_ = after;
    }
    const auto limit = parse_limit(unit_, text);
    if (!limit) return wrong(at, limit.error());
    threshold_.limit = *limit;
    return true;
  }

  bool expect_words(std::initializer_list<std::string_view> words) {
    for (const auto expected : words) {
      skip_blanks();
      const std::size_t at = at_;
      if (word() != expected) return wrong(at, "write it as 'in every window of 10s'");
    }
    return true;
  }

  bool parse_span(std::string_view clause, Nanos& out, Nanos least) {
    skip_blanks();
    const std::size_t at = at_;
    if (out != Nanos{}) return wrong(at, fmt::format("'{}' stands there twice", clause));
    const auto span = parse_duration(word());
    if (!span) return wrong(at, fmt::format("needs a duration behind '{}', as in {} 10s", clause, clause));
    if (*span < least || *span > kLongestWindow) {
      return wrong(at, fmt::format("must be {} to {}", format_duration(least), format_duration(kLongestWindow)));
    }
    out = *span;
    return true;
  }

  bool parse_window(std::string_view clause) { return parse_span(clause, threshold_.over, kShortestWindow); }

  bool parse_abort() {
    threshold_.abort = true;
    skip_blanks();
    std::size_t at = at_;
    if (at == text_.size()) return true;
    if (word() != "for") return wrong(at, "write it as 'abort for 3', at the end");
    skip_blanks();
    at = at_;
    const auto intervals = parse_integer(word());
    if (!intervals || *intervals < 1 || *intervals > kMostIntervals) {
      return wrong(at, "needs a number of intervals, 1 to 3600, as in abort for 3");
    }
    threshold_.for_intervals = static_cast<std::uint32_t>(*intervals);
    skip_blanks();
    return at_ == text_.size() || wrong(at_, "nothing may follow the number of intervals");
  }

  const std::string& text_;
  std::size_t at_ = 0;
  Threshold threshold_;
  const ThresholdMetric* metric_ = nullptr;  // null: "node"
  Unit unit_ = Unit::count;
  std::size_t column_ = 1;
  std::string problem_;
};

}  // namespace

Result<Threshold> parse_threshold(const std::string& expression) {
  ThresholdParser parser(expression);
  if (parser.parse()) return parser.take();
  return fail(ExitCode::usage, fmt::format("threshold '{}'", expression),
              fmt::format("column {}: {}", parser.column(), parser.problem()));
}

}  // namespace tidemark::schedule
