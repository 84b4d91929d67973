#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "models/capacity/fit.h"
#include "models/capacity/planner.h"
#include "models/capacity/stage_data.h"
#include "models/capacity/student_t.h"

namespace tidemark::capacity {
namespace {

struct Span {
  double from_s = 0, to_s = 0;
  double seconds() const { return to_s - from_s; }
};

// The steady part of the run: its load stages, or all of it, without the first seconds.
Span steady_span(const record::RunRecord& run, const Summary& summary) {
  Span span{1e300, 0};
  for (const auto& event : run.events) {
    if (event.kind != "stage" || !event.fields.is_object()) continue;
    const auto start = event.fields.find("start_s"), end = event.fields.find("end_s");
    if (start == event.fields.end() || end == event.fields.end() || !start->is_number() || !end->is_number()) continue;
    span.from_s = std::min(span.from_s, start->get<double>());
    span.to_s = std::max(span.to_s, end->get<double>());
  }
  if (span.to_s <= span.from_s) span = {0, summary.duration_s};
  span.from_s += settle_s(span.seconds());
  return span;
}

std::vector<const record::WindowRecord*> inside(const std::vector<record::WindowRecord>& windows,
                                                const std::string& step, const Span& span) {
  std::vector<const record::WindowRecord*> result, all;
  for (const auto& window : windows) {
    if (window.step != step || window.response.total() == 0) continue;
    all.push_back(&window);
    if (window.start_s >= span.from_s - 0.25 && window.start_s + window.length_s <= span.to_s + 0.25) {
      result.push_back(&window);
    }
  }
  return result.empty() ? all : result;
}

// Slow responses come in bursts, so a second's count of them varies more than a binomial: by this factor (>= 1), from
// the autocovariance of the seconds' counts with Bartlett weights (Newey, West 1987). The seconds hold all steps
// together; a rate of slow responses that swings in time shows in proportion to the number of responses, so a step with
// `responses` of them gets its share.
double burstiness(const std::vector<const record::WindowRecord*>& seconds, double limit_us, double responses) {
  constexpr std::size_t kLags = 4;  // seconds; a queue at 90 % of its capacity forgets within two
  if (seconds.size() < 3 * kLags) return 1;
  std::vector<double> counts, slow;
  double all = 0, all_slow = 0;
  for (const auto* second : seconds) {
    const auto total = static_cast<double>(second->response.total());
    counts.push_back(total);
    slow.push_back(total - static_cast<double>(second->response.count_at_or_below(std::llround(limit_us))));
    all += total;
    all_slow += slow.back();
  }
  const double share = all_slow / all;
  if (share <= 0 || share >= 1) return 1;
  double variance = 0;
  for (std::size_t lag = 0; lag <= kLags; ++lag) {
    double sum = 0;
    for (std::size_t i = 0; i + lag < counts.size(); ++i) {
      sum += (slow[i] - share * counts[i]) * (slow[i + lag] - share * counts[i + lag]);
    }
    variance += (lag == 0 ? 1.0 : 2.0 * (1 - static_cast<double>(lag) / (kLags + 1))) * sum;
  }
  const double factor = std::max(1.0, variance / (all * share * (1 - share)));
  return 1 + (factor - 1) * std::min(1.0, responses / all);
}

// Batch means: the quantile of each window, their mean's t interval around the quantile of all.
Interval95 by_windows(const std::vector<const record::WindowRecord*>& windows, double quantile, double value) {
  if (windows.size() < 2) return {value, 0, HUGE_VAL};
  double sum = 0, squares = 0;
  for (const auto* window : windows) {
    const auto q = static_cast<double>(window->response.quantile(quantile));
    sum += q;
    squares += q * q;
  }
  const auto n = static_cast<double>(windows.size());
  const double deviation = std::sqrt(std::max(0.0, (squares - sum * sum / n) / (n - 1)));
  const double half = student_t_quantile(0.975, n - 1) * deviation / std::sqrt(n);
  return {value, std::max(0.0, value - half), value + half};
}

// The quantile's interval: the order statistics whose ranks are as far off as the count of slow responses is uncertain.
Interval95 measured_quantile(const std::vector<const record::WindowRecord*>& windows,
                             const std::vector<const record::WindowRecord*>& seconds, double quantile) {
  Histogram all;
  for (const auto* window : windows) all.add(window->response);
  const auto value = static_cast<double>(all.quantile(quantile));
  if (seconds.size() < 12) return by_windows(windows, quantile, value);
  const double factor = burstiness(seconds, value, static_cast<double>(all.total()));
  const double t = student_t_quantile(0.975, static_cast<double>(seconds.size()) / 3);
  const double off = t * std::sqrt(factor * quantile * (1 - quantile) / static_cast<double>(all.total()));
  const double high = quantile + off;
  return {value, static_cast<double>(all.quantile(std::max(0.0, quantile - off))),
          high >= 1 ? std::max(2 * value, static_cast<double>(all.max())) : static_cast<double>(all.quantile(high))};
}

std::string judge(const Interval95& measured, double limit_us) {
  if (measured.high <= limit_us) return "held";
  return measured.low > limit_us ? "missed" : "undecided";
}

std::string verdict_of(const Verification& verification) {
  const auto count = [&verification](const char* word) {
    return std::count_if(verification.steps.begin(), verification.steps.end(),
                         [word](const StepVerification& step) { return step.slo == word; });
  };
  const auto held = count("held"), missed = count("missed");
  const bool all_held = held == static_cast<std::ptrdiff_t>(verification.steps.size());
  if (missed > 0) return verification.one_less ? "pass" : "fail";
  if (all_held) return verification.one_less ? "fail" : "pass";
  return "undecided";
}

Result<void> check_run(const record::RunRecord& run, const Summary& summary) {
  const std::string place = run.run_id().empty() ? run.dir.string() : run.run_id();
  if (run.partial || summary.partial) {
    return fail(ExitCode::partial_record, place, "the run is partial", "verify again");
  }
  if (summary.validity != "valid") {
    return fail(ExitCode::invalid_measurement, place,
                "the run is " + summary.validity +
                    (summary.validity_reasons.empty() ? "" : ": " + summary.validity_reasons.front()),
                "verify again on a quieter machine");
  }
  return {};
}

std::map<std::string, std::uint32_t> nodes_seen(const record::RunRecord& run) {
  std::map<std::string, std::set<std::string>> names;
  for (const auto& sample : run.watermarks) names[sample.service].insert(sample.node);
  std::map<std::string, std::uint32_t> nodes;
  for (const auto& [service, seen] : names) nodes[service] = static_cast<std::uint32_t>(seen.size());
  return nodes;
}

// What all runs together say: their windows of one step, their seconds, their books.
struct Pooled {
  std::vector<const record::WindowRecord*> seconds;
  std::vector<Summary> summaries;
  std::vector<Span> spans;
  double achieved_rate = 0;
};

Result<Pooled> pool(std::span<const record::RunRecord> runs) {
  Pooled pooled;
  double completed = 0, observed = 0;
  for (const auto& run : runs) {
    pooled.summaries.push_back(run.summary());
    if (auto checked = check_run(run, pooled.summaries.back()); !checked) return tl::make_unexpected(checked.error());
    const Span span = pooled.spans.emplace_back(steady_span(run, pooled.summaries.back()));
    const auto seconds = inside(run.seconds, "", span);
    pooled.seconds.insert(pooled.seconds.end(), seconds.begin(), seconds.end());
    for (const auto& point : run.series) {
      if (!point.step.empty() || point.t_s < span.from_s || point.t_s >= span.to_s) continue;
      completed += static_cast<double>(point.flows.completed);
      observed += 1;
    }
  }
  if (observed > 0) pooled.achieved_rate = completed / observed;
  return pooled;
}

// Requests of a step that got no good answer, where they are more than the SLO's quantile allows; else 0.
double lost_too_many(const std::string& step, const Pooled& pooled, double quantile) {
  double lost = 0, started = 0;
  for (const auto& summary : pooled.summaries) {
    const auto book = summary.by_step.find(step);
    if (book == summary.by_step.end()) continue;
    started += static_cast<double>(book->second.requests.started);
    lost += static_cast<double>(book->second.requests.failed + book->second.requests.timed_out);
  }
  return started > 0 && lost / started > 1 - quantile ? lost : 0;
}

}  // namespace

Interval95 recorded_quantile(const record::RunRecord& run, const std::string& step, double quantile) {
  std::vector<const record::WindowRecord*> windows, seconds;
  for (const auto& window : run.windows) {
    if (window.step == step && window.response.total() > 0) windows.push_back(&window);
  }
  for (const auto& second : run.seconds) {
    if (second.response.total() > 0) seconds.push_back(&second);
  }
  if (windows.empty()) return {};
  return measured_quantile(windows, seconds, quantile);
}

Result<Verification> verify(const Plan& plan, const std::vector<PredictedStep>& predicted,
                            std::span<const record::RunRecord> runs, bool one_less) {
  if (runs.empty()) return fail(ExitCode::usage, "verify", "there is no run to verify the plan with");
  const auto pooled = pool(runs);
  if (!pooled) return tl::make_unexpected(pooled.error());
  Verification result{.run_id = runs.back().run_id(),
                      .nodes = nodes_seen(runs.back()),
                      .rate = plan.request.rate,
                      .achieved_rate = pooled->achieved_rate,
                      .one_less = one_less};
  for (const auto& run : runs.first(runs.size() - 1)) result.earlier_run_ids.push_back(run.run_id());
  const auto& slo = plan.request.slo;
  for (const auto& expected : predicted) {
    std::vector<const record::WindowRecord*> windows;
    for (std::size_t i = 0; i < runs.size(); ++i) {
      const auto of_run = inside(runs[i].windows, expected.step, pooled->spans[i]);
      windows.insert(windows.end(), of_run.begin(), of_run.end());
    }
    if (windows.empty()) {
      return fail(ExitCode::undecided, result.run_id, "the run has no response of step \"" + expected.step + "\"",
                  "verify with the scenario that the model was calibrated with");
    }
    StepVerification step{.step = expected.step, .predicted_us = expected.quantile_us.value};
    step.measured_us = measured_quantile(windows, pooled->seconds, slo.quantile);
    step.error =
        std::isfinite(step.predicted_us) && step.predicted_us > 0 ? step.measured_us.value / step.predicted_us - 1 : 0;
    step.slo = judge(step.measured_us, slo.limit_us);
    if (const double lost = lost_too_many(expected.step, *pooled, slo.quantile); lost > 0) {
      step.slo = "missed";
      result.notes.push_back(fmt::format("{}: {:.0f} requests failed or timed out, more than the SLO's quantile allows",
                                         expected.step, lost));
    }
    if (!std::isfinite(step.predicted_us)) {
      result.notes.push_back(expected.step +
                             ": the plan says that its queue grows without end, so its time has no value");
    }
    result.steps.push_back(std::move(step));
  }
  if (result.steps.empty()) return fail(ExitCode::usage, "verify", "the plan predicts no step for this size");
  result.verdict = verdict_of(result);
  return result;
}

}  // namespace tidemark::capacity
