// The answer to "will it hold?" and the notes beside it, in plain words.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "reports/numbers.h"
#include "reports/page/page.h"

namespace tidemark::report {
namespace {

using capacity::StepVerification;
using capacity::Verification;

const StepVerification* slowest_step(const Verification& verification) {
  const auto worst =
      std::max_element(verification.steps.begin(), verification.steps.end(),
                       [](const auto& a, const auto& b) { return a.measured_us.value < b.measured_us.value; });
  return worst == verification.steps.end() ? nullptr : &*worst;
}

std::string measured_words(const StepVerification& step, const capacity::Slo& slo) {
  const std::string interval = millis_interval(step.measured_us);
  return fmt::format("{} of {} was {} ms{} against a limit of {}", quantile_name(slo.quantile), step.step,
                     millis(step.measured_us.value), interval.empty() ? "" : " (" + interval + ")",
                     limit_us(slo.limit_us));
}

Answer verified_answer(const Facts& facts, const Verification& run) {
  const std::string target = rate(run.rate) + " flows/s";
  Answer answer{.verdict = run.verdict};
  if (run.verdict == "pass")
    answer.headline = "Yes: the plan holds " + target;
  else if (run.verdict == "fail")
    answer.headline = "No: the plan does not hold " + target;
  else
    answer.headline = "Undecided at " + target;
  const StepVerification* step = slowest_step(run);
  if (!step || !facts.input.plan) return answer;
  answer.because = fmt::format("Run at the planned size, {}; {} ms were predicted. ",
                               measured_words(*step, facts.input.plan->request.slo), millis(step->predicted_us));
  if (facts.one_less) {
    const StepVerification* less = slowest_step(*facts.one_less);
    const bool missed = missed_limit(*facts.one_less);
    if (less && missed) {
      answer.because += fmt::format("With one {} node less it was missed: {} ms.", facts.input.plan->bottleneck,
                                    millis(less->measured_us.value));
    } else if (less) {
      answer.because += fmt::format("With one {} node less it was {} ms.", facts.input.plan->bottleneck,
                                    millis(less->measured_us.value));
    }
  }
  return answer;
}

Answer threshold_answer(const Facts& facts) {
  const Summary& s = facts.summary;
  const auto with = [&s](const char* verdict) {
    return std::count_if(s.thresholds.begin(), s.thresholds.end(),
                         [verdict](const auto& t) { return t.verdict == verdict; });
  };
  const auto broken = static_cast<std::uint64_t>(with("fail"));
  const std::string measured =
      fmt::format("At {} requests/s, response time was {} at p99 and {} at most; {} of {} requests were answered well.",
                  rate(s.achieved_rate), duration_us(s.clocks.response_us.p99), duration_us(s.clocks.response_us.max),
                  count(s.requests.ok), count(s.requests.started));
  if (s.thresholds.empty()) {
    if (s.verdict == "fail")
      return {"fail", "No: the run failed", s.stop_reason.empty() ? measured : "It stopped: " + s.stop_reason + "."};
    return {"", "Measured; there was no limit to judge by", measured};
  }
  if (broken > 0)
    return {"fail",
            fmt::format("No: {} of {} broken", broken, counted(s.thresholds.size(), "limit was", "limits were")),
            measured};
  if (s.verdict == "undecided") return {"undecided", "Undecided: an interval straddles its limit", measured};
  if (s.verdict == "fail")
    return {"fail", "No: the run failed", s.stop_reason.empty() ? measured : "It stopped: " + s.stop_reason + "."};
  return {"pass",
          s.thresholds.size() == 1 ? "Yes: the limit was kept"
                                   : fmt::format("Yes: all {} limits were kept", s.thresholds.size()),
          measured};
}

void verification_notes(const Facts& facts, std::vector<Note>& notes) {
  if (!facts.input.plan) return;
  const auto& slo = facts.input.plan->request.slo;
  if (facts.planned) {
    for (const StepVerification& step : facts.planned->steps) {
      const double margin = 1 - step.measured_us.value / slo.limit_us;
      if (step.slo == "held" && margin < 0.1) {
        notes.push_back(
            {Note::Kind::warning, fmt::format("{} has {} of margin to the limit.", step.step, percent(margin))});
      }
      if (std::abs(step.error) > 0.25) {
        notes.push_back(
            {Note::Kind::warning,
             fmt::format("The prediction for {} was off by {}: treat numbers far from the measured rates with care.",
                         step.step, signed_percent(step.error))});
      }
    }
    for (const auto& words : facts.planned->notes) notes.push_back({Note::Kind::plain, words});
  }
  if (facts.one_less && held_limit(*facts.one_less)) {
    notes.push_back({Note::Kind::warning, fmt::format("One {} node less held as well: the plan is generous.",
                                                      facts.input.plan->bottleneck)});
  }
  if (!facts.planned)
    notes.push_back({Note::Kind::warning, "The plan has not been run at its planned size: tidemark verify does that."});
}

void model_notes(const Facts& facts, std::vector<Note>& notes) {
  std::set<std::string> said;
  const auto say = [&](const std::string& words) {
    if (said.insert(words).second) notes.push_back({Note::Kind::plain, words});
  };
  if (facts.input.plan) {
    for (const auto& [service, planned] : facts.input.plan->services) {
      const auto* model = facts.input.model && facts.input.model->services.contains(service)
                              ? &facts.input.model->services.at(service)
                              : nullptr;
      if (model && !model->scales_out && planned.busy_share > 0.6) {
        notes.push_back(
            {Note::Kind::warning, fmt::format("{} is shared, more nodes are not an option, and it will be {} busy.",
                                              service, percent(planned.busy_share))});
      }
    }
    for (const auto& words : facts.input.plan->notes) say(words);
  }
  if (facts.input.model) {
    for (const auto& words : facts.input.model->notes) say(words);
  }
}

void run_notes(const Facts& facts, std::vector<Note>& notes) {
  const Summary& s = facts.summary;
  const auto warn = [&notes](std::string words) { notes.push_back({Note::Kind::warning, std::move(words)}); };
  if (!s.leaks.empty())
    warn(counted(s.leaks.size(), "leak of test data", "leaks of test data") + " found: see the shadow audit.");
  if (s.validity != "valid") warn("The measurement is " + s.validity + ": it yields no capacity number.");
  if (facts.partial()) warn("The record is partial: everything here covers only what was recorded.");
  if (!s.first_saturated.empty())
    notes.push_back({Note::Kind::plain, "The first resource to saturate was " + s.first_saturated + "."});
  const std::uint64_t bad = s.requests.failed + s.requests.timed_out;
  if (bad > 0) {
    warn(fmt::format(
        "{} of {} requests ({}) failed or timed out.", count(bad), count(s.requests.started),
        percent(static_cast<double>(bad) / static_cast<double>(std::max<std::uint64_t>(1, s.requests.started)))));
  }
  if (s.flows.dropped > 0)
    warn(counted(s.flows.dropped, "planned flow was", "planned flows were") + " dropped by the generator.");
  if (!s.stop_reason.empty()) warn("The run stopped early: " + s.stop_reason + ".");
}

}  // namespace

bool missed_limit(const Verification& verification) {
  return std::any_of(verification.steps.begin(), verification.steps.end(),
                     [](const auto& s) { return s.slo == "missed"; });
}

bool held_limit(const Verification& verification) {
  return !verification.steps.empty() && std::all_of(verification.steps.begin(), verification.steps.end(),
                                                    [](const auto& s) { return s.slo == "held"; });
}

Answer answer_of(const Facts& facts) {
  const Summary& s = facts.summary;
  if (!s.leaks.empty())
    return {"fail", "No: test data leaked",
            counted(s.leaks.size(), "leak") + " into live data, found by the shadow audit. " + s.leaks.front().where +
                ": " + s.leaks.front().what};
  if (s.validity != "valid") {
    std::string reasons;
    for (const auto& reason : s.validity_reasons) reasons += (reasons.empty() ? "" : "; ") + reason;
    return {"undecided", "No verdict: the measurement is " + s.validity,
            reasons.empty() ? "Its numbers say nothing of the system's capacity." : reasons + "."};
  }
  if (facts.partial()) {
    return {"undecided", "No verdict: the record is partial",
            fmt::format("The first {} were recorded; the run did not end by itself, or its record is damaged.",
                        seconds(s.duration_s))};
  }
  if (facts.planned) {
    Answer answer = verified_answer(facts, *facts.planned);
    const bool this_run = facts.planned->run_id == s.run_id;
    if (answer.verdict == "pass" && this_run && s.verdict == "fail") {
      Answer broken = threshold_answer(facts);
      if (broken.verdict == "fail") return broken;
    }
    return answer;
  }
  if (facts.input.plan) {
    return {"", fmt::format("Planned for {} flows/s, not yet verified", rate(facts.input.plan->request.rate)),
            "The numbers below are predictions from the calibration runs; no run at the planned size is part of this "
            "report."};
  }
  return threshold_answer(facts);
}

std::vector<Note> notes_of(const Facts& facts) {
  std::vector<Note> notes;
  run_notes(facts, notes);
  verification_notes(facts, notes);
  model_notes(facts, notes);
  if (facts.summary.audited && facts.summary.leaks.empty())
    notes.push_back({Note::Kind::good, "The shadow audit found no leak."});
  std::stable_partition(notes.begin(), notes.end(), [](const Note& note) { return note.kind == Note::Kind::warning; });
  return notes;
}

}  // namespace tidemark::report
