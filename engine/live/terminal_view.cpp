#include "engine/live/terminal_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/live/text_line.h"

namespace tidemark::live {
namespace {

constexpr std::size_t kHistory = 256;
constexpr int kLabel = 10;
constexpr int kNarrow = 60;  // columns below which only p50, p99 and the maximum are shown
constexpr std::size_t kErrorKinds = 3;

// Four significant digits at most: 0.012, 3.21, 86.4, 1245.
std::string ms(double us) {
  const double value = us / 1000;
  if (value >= 1000) return fmt::format("{:.0f}", value);
  return value >= 100 ? fmt::format("{:.1f}", value) : fmt::format("{:.2f}", value);
}

std::string percent(double share) {
  return fmt::format("{:.0f}%", share * 100);
}

std::uint64_t ended(const RequestBook& book) {
  return book.ok + book.failed + book.timed_out;
}

TextLine progress_line(const Progress& progress, int columns) {
  TextLine line;
  const std::string title = progress.title.empty() ? "run" : progress.title;
  line.add(pad(title, std::min(columns / 3, columns_of(title) + 1)), Style::label);
  const double left_s = std::max(0.0, progress.duration_s - progress.t_s);
  const std::string time =
      fmt::format("{:.0f}/{:.0f} s", std::min(progress.t_s, progress.duration_s), progress.duration_s);
  const std::string rest = progress.sending ? fmt::format("{:.0f} s left", std::ceil(left_s)) : "waiting for answers";
  line.add(time + " ");
  const int room = std::clamp(columns - 2 * (columns_of(title) + columns_of(time) + columns_of(rest)), 0, 40);
  const double share = progress.duration_s > 0 ? std::min(1.0, progress.t_s / progress.duration_s) : 0;
  const int full = static_cast<int>(std::lround(share * room));
  std::string bar, blank;
  for (int i = 0; i < room; ++i) (i < full ? bar : blank) += i < full ? "━" : "─";
  line.add(bar, Style::good).add(blank + (room > 0 ? " " : ""), Style::label).add(rest);
  return line;
}

TextLine rate_line(const ViewState& state, int columns) {
  const Progress& progress = state.latest();
  const std::string text =
      fmt::format("offered {:.1f}/s  answered {:.1f}/s  ", progress.offered_rate, progress.achieved_rate);
  TextLine line;
  line.add(pad("rate", kLabel), Style::label).add(text);
  line.add(sparkline(state.rates(), columns - kLabel - columns_of(text)), Style::good);
  return line;
}

TextLine clock_line(const char* name, const Quantiles& clock, bool narrow) {
  TextLine line;
  line.add(pad(name, kLabel), Style::label);
  for (const double us : narrow ? std::vector{clock.p50, clock.p99, clock.max}
                                : std::vector{clock.p50, clock.p90, clock.p95, clock.p99, clock.p999, clock.max}) {
    line.add(fmt::format("{:>{}}", ms(us), narrow ? 9 : 10));
  }
  return line;
}

void clocks(std::vector<TextLine>& lines, const ThreeClocks& clocks, int columns) {
  const bool narrow = columns < kNarrow + kLabel;
  TextLine head;
  head.add(pad("ms", kLabel), Style::label);
  for (const char* name :
       narrow ? std::vector{"p50", "p99", "max"} : std::vector{"p50", "p90", "p95", "p99", "p99.9", "max"}) {
    head.add(fmt::format("{:>{}}", name, narrow ? 9 : 10), Style::label);
  }
  lines.push_back(std::move(head));
  lines.push_back(clock_line("response", clocks.response_us, narrow));
  lines.push_back(clock_line("service", clocks.service_us, narrow));
  lines.push_back(clock_line("lag", clocks.lag_us, narrow));
}

TextLine books_line(const Progress& progress) {
  const RequestBook& book = progress.total.so_far;
  const std::uint64_t bad = book.failed + book.timed_out;
  TextLine line;
  line.add(pad("requests", kLabel), Style::label).add(fmt::format("{} in flight  {} ok  ", book.in_flight, book.ok));
  line.add(fmt::format("{} failed  {} timed out", book.failed, book.timed_out), bad > 0 ? Style::bad : Style::plain);
  line.add(fmt::format("  {} connections", progress.connections));
  if (progress.waiting > 0) line.add(fmt::format("  {} waiting for one", progress.waiting), Style::warn);
  if (progress.flows.dropped > 0) line.add(fmt::format("  {} flows dropped", progress.flows.dropped), Style::bad);
  return line;
}

TextLine generator_line(const GeneratorLevel& level) {
  const double late = level.sends == 0 ? 0 : static_cast<double>(level.late_sends) / static_cast<double>(level.sends);
  TextLine line;
  line.add(pad("generator", kLabel), Style::label);
  line.add("core " + percent(level.cpu_share), level.cpu_share > 0.85 ? Style::bad : Style::plain);
  line.add(fmt::format("  late sends {:.1f}%, worst {} ms", late * 100, ms(level.worst_lateness_us)),
           late > 0.01 ? Style::bad : Style::plain);
  if (level.run_queue_share > 0.05) line.add("  waited for its core " + percent(level.run_queue_share), Style::warn);
  if (level.steal_share > 0.01) line.add("  stolen by the host " + percent(level.steal_share), Style::warn);
  if (level.no_descriptor + level.no_port > 0) {
    line.add(fmt::format("  no descriptor {}, no port {}", level.no_descriptor, level.no_port), Style::bad);
  }
  return line;
}

void errors(std::vector<TextLine>& lines, const Progress& progress) {
  std::vector<std::pair<std::string, std::uint64_t>> kinds(progress.errors.begin(), progress.errors.end());
  std::stable_sort(kinds.begin(), kinds.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  for (std::size_t i = 0; i < std::min(kinds.size(), kErrorKinds); ++i) {
    TextLine line;
    line.add(pad(i == 0 ? "errors" : "", kLabel), Style::label);
    line.add(fmt::format("{} x {}", kinds[i].second, kinds[i].first), Style::bad);
    if (i + 1 == kErrorKinds && kinds.size() > kErrorKinds) {
      line.add(fmt::format("  and {} kinds more", kinds.size() - kErrorKinds));
    }
    lines.push_back(std::move(line));
  }
}

void nodes(std::vector<TextLine>& lines, const Progress& progress, int rows, int columns) {
  if (progress.nodes.empty() || rows < 2) return;
  auto levels = progress.nodes;
  const auto busy = [](const NodeLevel& node) { return std::max(node.busy_share, node.cpu_share); };
  std::stable_sort(levels.begin(), levels.end(), [&](const auto& a, const auto& b) { return busy(a) > busy(b); });
  const int name = std::clamp(columns - 40, 12, 24);
  lines.emplace_back();
  lines.back().add(pad("node", name) + fmt::format("{:>8}{:>8}{:>8}{:>9}", "cpu", "busy", "queue", "refused"),
                   Style::label);
  for (std::size_t i = 0; i < std::min(levels.size(), static_cast<std::size_t>(rows - 1)); ++i) {
    const NodeLevel& node = levels[i];
    TextLine line;
    line.add(pad(node.node, name));
    line.add(fmt::format("{:>8}{:>8}", percent(node.cpu_share), percent(node.busy_share)),
             busy(node) >= 0.9 ? Style::bad : Style::plain);
    line.add(fmt::format("{:>8}{:>9}", node.queued, node.refused), node.refused > 0 ? Style::bad : Style::plain);
    if (node.missed) line.add("  no answer", Style::warn);
    lines.push_back(std::move(line));
  }
}

void steps(std::vector<TextLine>& lines, const Progress& progress, int rows, int columns) {
  if (progress.steps.size() < 2 || rows < 2) return;
  std::vector<const StepProgress*> busiest;
  for (const auto& step : progress.steps) busiest.push_back(&step);
  std::stable_sort(busiest.begin(), busiest.end(),
                   [](const auto* a, const auto* b) { return ended(a->so_far) > ended(b->so_far); });
  const int name = std::clamp(columns - 51, 8, 32);
  lines.emplace_back();
  lines.back().add(pad("step", name) +
                       fmt::format("{:>10}{:>9}{:>10}{:>10}{:>11}", "per s", "failed", "p50 ms", "p99 ms", "in flight"),
                   Style::label);
  for (std::size_t i = 0; i < std::min(busiest.size(), static_cast<std::size_t>(rows - 1)); ++i) {
    const StepProgress& step = *busiest[i];
    const std::uint64_t bad = step.so_far.failed + step.so_far.timed_out;
    const double rate = progress.length_s > 0 ? static_cast<double>(ended(step.second)) / progress.length_s : 0;
    TextLine line;
    line.add(pad(step.step, name) + fmt::format("{:>10.1f}", rate));
    line.add(fmt::format("{:>9}", bad), bad > 0 ? Style::bad : Style::plain);
    line.add(fmt::format("{:>10}{:>10}{:>11}", ms(step.clocks.response_us.p50), ms(step.clocks.response_us.p99),
                         step.second.in_flight));
    lines.push_back(std::move(line));
  }
}

}  // namespace

void ViewState::add(const Progress& progress) {
  if (progress.run_id != latest_.run_id) rates_.clear();
  latest_ = progress;
  if (rates_.size() >= kHistory) rates_.erase(rates_.begin());
  if (progress.sending) rates_.push_back(progress.achieved_rate);
}

std::vector<std::string> frame(const ViewState& state, ViewSize size, bool colour, const std::string& note) {
  const Progress& progress = state.latest();
  const int columns = std::max(1, size.columns - 1), rows = std::max(1, size.rows - 1);
  std::vector<TextLine> lines;
  lines.push_back(progress_line(progress, columns));
  lines.push_back(rate_line(state, columns));
  clocks(lines, progress.total.clocks, columns);
  lines.push_back(books_line(progress));
  lines.push_back(generator_line(progress.generator));
  errors(lines, progress);
  const int rest = rows - static_cast<int>(lines.size()) - (note.empty() ? 0 : 1);
  const int step_rows = progress.steps.size() < 2 ? 0 : static_cast<int>(progress.steps.size()) + 1;
  nodes(lines, progress, std::max(rest / 2, rest - step_rows), columns);
  steps(lines, progress, rows - static_cast<int>(lines.size()) - (note.empty() ? 0 : 1), columns);
  if (!note.empty()) lines.emplace_back().add(note, Style::warn);
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < std::min(lines.size(), static_cast<std::size_t>(rows)); ++i) {
    texts.push_back(lines[i].render(columns, colour));
  }
  return texts;
}

std::string plain_line(const Progress& progress) {
  const auto& clocks = progress.total.clocks;
  const auto& book = progress.total.so_far;
  return fmt::format(
      "{:4.0f}/{:.0f} s  offered {:.0f}/s  answered {:.0f}/s  p50 {} ms  p99 {} ms  lag p99 {} ms  in flight {}  "
      "failed {}",
      progress.t_s, progress.duration_s, progress.offered_rate, progress.achieved_rate, ms(clocks.response_us.p50),
      ms(clocks.response_us.p99), ms(clocks.lag_us.p99), book.in_flight, book.failed + book.timed_out);
}

int rows_taken(const std::vector<int>& widths, int columns) {
  int rows = 0;
  for (const int width : widths) rows += std::max(1, (width + columns - 1) / std::max(1, columns));
  return rows;
}

}  // namespace tidemark::live
