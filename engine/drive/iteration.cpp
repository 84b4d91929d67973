#include "engine/drive/iteration.h"

#include <fmt/format.h>

#include <set>
#include <thread>

#include "engine/drive/worker.h"

namespace tidemark::drive {
namespace {

constexpr std::uint32_t kConnections = 16;
constexpr int kDigits = 2;

// One flow at the run's start, and no more.
class OneArrival final : public schedule::ArrivalStream {
 public:
  std::optional<schedule::Arrival> next() override {
    if (given_) return std::nullopt;
    given_ = true;
    return schedule::Arrival{};
  }
  double expected_count() const override { return 1; }
  double expected_before(Nanos) const override { return 1; }
  std::vector<StageMark> stages() const override {
    return {{.start = Nanos{}, .end = std::chrono::milliseconds(1), .rate = Rate::per_second(1)}};
  }

 private:
  bool given_ = false;
};

std::string problem_of(const Iteration& iteration, int stopped_by, Nanos limit) {
  if (stopped_by != 0) return "stopped";
  for (const auto& exchange : iteration.exchanges) {
    if (exchange.outcome != Outcome::ok) return "step " + exchange.step + ": " + exchange.kind;
  }
  return fmt::format("did not end within {:g} s", to_seconds(limit));
}

// Everything of an answer is of interest here.
void watch_all(RequestPlan& plan) {
  for (auto& flow : plan.flows) {
    for (auto& step : flow.steps) {
      step.keep_headers = step.keep_body = true;
      step.decodes = step.step->protocol == schedule::Protocol::http;
      step.follows_up = true;
    }
  }
}

}  // namespace

Result<Iteration> run_iteration(const IterationInputs& inputs) {
  schedule::Scenario scenario = inputs.scenario;
  scenario.flows = {inputs.flow};
  auto plan = RequestPlan::compile({.scenario = scenario,
                                    .signer = inputs.signer,
                                    .run_id = inputs.run_id,
                                    .targets = inputs.targets,
                                    .secrets = &inputs.secrets,
                                    .feeders = &inputs.feeders,
                                    .given = &inputs.given});
  if (!plan) return tl::make_unexpected(std::move(plan.error()));
  auto loop = EventLoop::create();
  if (!loop) return tl::make_unexpected(std::move(loop.error()));
  watch_all(*plan);

  Iteration iteration;
  auto arrivals = std::make_unique<OneArrival>();
  const auto stages = arrivals->stages();
  WorkerOptions options{
      .scenario = &scenario,
      .arrivals = std::move(arrivals),
      .stages = stages,
      .duration = stages.back().end,
      .grace = inputs.limit,
      .connections = kConnections,
      .most_waiting = 1,
      .most_per_second =
          inputs.targets.approval ? static_cast<std::uint32_t>(inputs.targets.approval->max_rate.per_second()) : 0,
      .seed = inputs.seed,
      .run_id = inputs.run_id,
      .start = Clock::now(),
      .stop_signal = inputs.stop_signal,
      .tagged = inputs.signer != nullptr,
      .script = inputs.script};
  options.on_exchange = [&iteration](Exchange&& exchange) { iteration.exchanges.push_back(std::move(exchange)); };
  options.on_flow_end = [&](const std::vector<std::string>& values, bool completed) {
    iteration.completed = completed;
    for (const auto& step : plan->flows.front().steps) {
      for (std::size_t i = 0; i < step.capture_slots.size(); ++i) {
        const std::string& value = values.at(step.capture_slots[i]);
        if (!value.empty()) iteration.captured[step.step->captures[i].variable] = value;
      }
    }
  };
  Mailbox mailbox(plan->series.size(), kDigits, false);
  Worker worker(std::move(options), *plan, std::move(*loop), mailbox);
  // A thread of its own: the worker asks for real-time priority, which must not stay with the caller.
  std::thread([&worker] { worker.run(); }).join();
  if (!iteration.completed) iteration.problem = problem_of(iteration, worker.stopped_by(), inputs.limit);
  return iteration;
}

}  // namespace tidemark::drive
