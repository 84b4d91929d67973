#include "cli/run_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace tidemark::cli {
namespace {

using Out = std::back_insert_iterator<std::string>;

void clock_line(Out out, const char* name, const Quantiles& us) {
  const auto ms = [](double value) { return value / 1000; };
  fmt::format_to(out, "  {:<10}{:>10.3f}{:>10.3f}{:>10.3f}{:>10.3f}{:>10.3f}{:>10.3f}{:>10.3f}\n", name, ms(us.p50),
                 ms(us.p90), ms(us.p95), ms(us.p99), ms(us.p999), ms(us.max), ms(us.mean));
}

void books(Out out, const Summary& summary) {
  const FlowBook& flows = summary.flows;
  const RequestBook& requests = summary.requests;
  fmt::format_to(out, "\nflows     {} planned = {} completed + {} aborted + {} dropped + {} in flight\n", flows.planned,
                 flows.completed, flows.aborted, flows.dropped, flows.in_flight);
  fmt::format_to(out, "requests  {} started = {} ok + {} failed + {} timed out + {} in flight\n", requests.started,
                 requests.ok, requests.failed, requests.timed_out, requests.in_flight);
  fmt::format_to(out, "rate      {:.1f}/s offered, {:.1f}/s answered\n", summary.offered_rate, summary.achieved_rate);
}

void steps(Out out, const Summary& summary) {
  if (summary.by_step.size() < 2) return;
  constexpr std::size_t kShown = 20;
  fmt::format_to(out, "\n  {:<24}{:>10}{:>9}{:>12}{:>12}{:>12}\n", "step", "ended", "failed", "p50 ms", "p99 ms",
                 "service p99");
  std::size_t shown = 0;
  for (const auto& [name, step] : summary.by_step) {
    if (shown++ == kShown) {
      fmt::format_to(out, "  ... and {} more in summary.json\n", summary.by_step.size() - kShown);
      break;
    }
    fmt::format_to(out, "  {:<24}{:>10}{:>9}{:>12.3f}{:>12.3f}{:>12.3f}\n", name, step.clocks.response_us.count,
                   step.requests.failed + step.requests.timed_out, step.clocks.response_us.p50 / 1000,
                   step.clocks.response_us.p99 / 1000, step.clocks.service_us.p99 / 1000);
  }
}

void groups(Out out, const Summary& summary) {
  if (summary.by_group.empty()) return;
  fmt::format_to(out, "\n  {:<24}{:>10}{:>12}{:>12}{:>12}\n", "group", "passes", "p50 ms", "p99 ms", "max ms");
  for (const auto& [name, us] : summary.by_group) {
    fmt::format_to(out, "  {:<24}{:>10}{:>12.3f}{:>12.3f}{:>12.3f}\n", name, us.count, us.p50 / 1000, us.p99 / 1000,
                   us.max / 1000);
  }
}

void nodes(Out out, const Summary& summary) {
  if (summary.nodes.empty()) return;
  fmt::format_to(out, "\n  {:<18}{:>9}{:>9}{:>9}{:>9}  {}\n", "node", "cpu max", "busy max", "queue", "refused",
                 "saturated");
  for (const auto& [name, node] : summary.nodes) {
    const std::string saturated =
        node.saturated_at_s < 0 ? "-" : fmt::format("from {:.0f} s, by {}", node.saturated_at_s, node.saturated_by);
    fmt::format_to(out, "  {:<18}{:>8.0f}%{:>8.0f}%{:>9}{:>9}  {}\n", name, node.cpu_share_max * 100,
                   node.busy_share_max * 100, node.queued_max, node.refused, saturated);
  }
  if (!summary.first_saturated.empty()) fmt::format_to(out, "  first to saturate: {}\n", summary.first_saturated);
}

std::string measured(const ThresholdResult& result) {
  std::string text = fmt::format("measured {:.6g}", result.value);
  if (result.value_low != result.value_high) {
    text += fmt::format(", 95 % interval {:.6g} to {:.6g}", result.value_low, result.value_high);
  }
  if (!result.where.empty()) text += " at " + result.where;
  if (result.at_s >= 0) text += fmt::format(", at its worst in the window that ends at {:.1f} s", result.at_s);
  return text;
}

void judgement(Out out, const Summary& summary) {
  for (const auto& [kind, count] : summary.errors) fmt::format_to(out, "error     {} x {}\n", count, kind);
  for (const auto& result : summary.thresholds) {
    fmt::format_to(out, "gate      {}: {} ({})\n", result.expression, result.verdict, measured(result));
  }
  for (const auto& leak : summary.leaks) fmt::format_to(out, "leak      {}: {}\n", leak.where, leak.what);
  if (summary.audited && summary.leaks.empty()) fmt::format_to(out, "audit     no leaks\n");
  fmt::format_to(out, "validity  {}\n", summary.validity);
  for (const auto& reason : summary.validity_reasons) fmt::format_to(out, "          {}\n", reason);
  for (const auto& note : summary.notes) fmt::format_to(out, "note      {}\n", note);
  if (summary.retried > 0) fmt::format_to(out, "retried   {} requests that the server had refused\n", summary.retried);
  if (!summary.stop_reason.empty()) {
    fmt::format_to(out, "stopped   {}{}\n", summary.stopped_by.empty() ? "" : "by ", summary.stop_reason);
  }
  fmt::format_to(out, "verdict   {}\n", summary.verdict);
}

}  // namespace

std::string run_table(const Summary& summary, const std::filesystem::path& dir) {
  std::string text;
  const Out out(text);
  fmt::format_to(out, "run {}, {:.1f} s\n\n", summary.run_id, summary.duration_s);
  fmt::format_to(out, "  {:<10}{:>10}{:>10}{:>10}{:>10}{:>10}{:>10}{:>10}\n", "ms", "p50", "p90", "p95", "p99", "p99.9",
                 "max", "mean");
  clock_line(out, "response", summary.clocks.response_us);
  clock_line(out, "service", summary.clocks.service_us);
  clock_line(out, "lag", summary.clocks.lag_us);
  if (summary.timer_floor_us.count > 0) clock_line(out, "floor", summary.timer_floor_us);
  books(out, summary);
  if (summary.overflowed > 0)
    fmt::format_to(out, "overflow  {} requests found every connection in use and waited for one\n", summary.overflowed);
  steps(out, summary);
  groups(out, summary);
  nodes(out, summary);
  fmt::format_to(out, "\n");
  judgement(out, summary);
  if (!summary.errors.empty()) {
    fmt::format_to(out, "failures  {} (the first of each kind, whole)\n", (dir / "failures.ndjson").string());
  }
  fmt::format_to(out, "record    {}\n", dir.string());
  return text;
}

}  // namespace tidemark::cli
