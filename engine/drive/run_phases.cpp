#include "engine/drive/run_phases.h"

#include <csignal>
#include <fstream>
#include <iterator>

#include "engine/drive/lua_sandbox.h"

namespace tidemark::drive {
namespace {

constexpr std::uintmax_t kMostScriptBytes = 1u << 20;

Result<std::string> script_of(const schedule::Script& script) {
  if (script.file.empty()) return script.source;
  std::error_code error;
  const auto size = std::filesystem::file_size(script.file, error);
  std::ifstream in(script.file, std::ios::binary);
  if (error || !in) return fail(ExitCode::usage, script.file.string(), "cannot be read");
  if (size > kMostScriptBytes) return fail(ExitCode::usage, script.file.string(), "a script of more than 1 MiB");
  return std::string(std::istreambuf_iterator<char>(in), {});
}

}  // namespace

RunPhases::RunPhases(RunPhases&& other) noexcept
    : options_(other.options_),
      secrets_(std::move(other.secrets_)),
      feeders_(std::move(other.feeders_)),
      script_(std::move(other.script_)),
      given_(std::move(other.given_)),
      begun_(std::exchange(other.begun_, false)) {}

RunPhases::~RunPhases() {
  tear_down();
}

Result<RunPhases> RunPhases::prepare(const RunOptions& options) {
  RunPhases phases(options);
  const auto& scenario = options.scenario;
  auto secrets = schedule::Secrets::read(scenario);
  if (!secrets) return tl::make_unexpected(std::move(secrets.error()));
  phases.secrets_ = std::move(*secrets);
  for (const auto& feeder : scenario.feeders) {
    auto table = schedule::FeederTable::load(feeder);
    if (!table) return tl::make_unexpected(std::move(table.error()));
    phases.feeders_.push_back(std::make_shared<const schedule::FeederTable>(std::move(*table)));
  }
  for (const auto& step : scenario.setup.steps)
    for (const auto& capture : step.captures) phases.given_[capture.variable];
  if (auto loaded = phases.load_script(); !loaded) return tl::make_unexpected(std::move(loaded.error()));
  return phases;
}

// Loads it once to find its mistakes: each worker has a state of its own.
Result<void> RunPhases::load_script() {
  const auto& scenario = options_->scenario;
  if (!scenario.lua.given()) return {};
  auto text = script_of(scenario.lua);
  if (!text) return tl::make_unexpected(std::move(text.error()));
  script_ = std::move(*text);
  const std::string name = scenario.lua.file.empty() ? "lua" : scenario.lua.file.string();
  auto sandbox = LuaSandbox::create(script_, name, {});
  if (!sandbox) return tl::make_unexpected(std::move(sandbox.error()));
  std::optional<Error> missing;
  const auto need = [&](const std::string& function, const std::string& place) {
    if (function.empty() || missing || (*sandbox)->function(function)) return;
    missing = Error{ExitCode::usage, place, "the script has no function " + function, "define it in " + name};
  };
  const auto look = [&](const schedule::Flow& flow) {
    for (const auto& step : flow.steps) {
      need(step.before, flow.name + "." + step.name + ".before");
      need(step.after, flow.name + "." + step.name + ".after");
    }
  };
  look(scenario.setup);
  look(scenario.teardown);
  for (const auto& flow : scenario.flows) look(flow);
  schedule::for_each_template(scenario, [&](const schedule::Template& text_template) {
    schedule::for_each_piece(text_template, [&](const schedule::Template::Piece& piece) {
      for (const auto& call : piece.call) {
        if (call.function == schedule::Call::Function::lua) need(call.name, "${lua:" + call.name + "}");
      }
    });
  });
  if (missing) return tl::make_unexpected(std::move(*missing));
  return {};
}

Result<RequestPlan> RunPhases::compile() const {
  for (const auto* flow : {&options_->scenario.setup, &options_->scenario.teardown}) {
    if (flow->steps.empty()) continue;
    schedule::Scenario alone = options_->scenario;
    alone.flows = {*flow};
    static const std::map<std::string, std::string> kNothing;
    auto plan = RequestPlan::compile({.scenario = alone,
                                      .run_id = options_->run_id,
                                      .targets = options_->targets,
                                      .secrets = &secrets_,
                                      .feeders = &feeders_,
                                      .given = flow == &options_->scenario.setup ? &kNothing : &given_});
    if (!plan) return tl::make_unexpected(std::move(plan.error()));
  }
  return RequestPlan::compile({.scenario = options_->scenario,
                               .replay = options_->replay.has_value(),
                               .signer = options_->signer ? &*options_->signer : nullptr,
                               .run_id = options_->run_id,
                               .targets = options_->targets,
                               .secrets = &secrets_,
                               .feeders = &feeders_,
                               .given = &given_});
}

Result<Iteration> RunPhases::pass(const schedule::Flow& flow, const std::map<std::string, std::string>& given,
                                  const std::atomic<int>* stop_signal, Nanos limit) const {
  return run_iteration({.scenario = options_->scenario,
                        .flow = flow,
                        .secrets = secrets_,
                        .feeders = feeders_,
                        .given = given,
                        .script = script_,
                        .targets = options_->targets,
                        .signer = options_->signer ? &*options_->signer : nullptr,
                        .run_id = options_->run_id,
                        .seed = options_->seed,
                        .stop_signal = stop_signal,
                        .limit = limit});
}

bool RunPhases::has_set_up() const {
  return !options_->scenario.setup.steps.empty();
}

Result<std::optional<Iteration>> RunPhases::set_up_watched() {
  begun_ = true;
  if (!has_set_up()) return std::nullopt;
  const auto& scenario = options_->scenario;
  // Each request has its time-out; beyond that only think times count.
  const Nanos limit = scenario.timeout * static_cast<int>(scenario.setup.steps.size() + 1) + std::chrono::minutes(5);
  auto done = pass(scenario.setup, {}, options_->stop_signal, limit);
  if (!done) return tl::make_unexpected(std::move(done.error()));
  for (const auto& [name, value] : done->captured) given_[name] = value;
  return std::optional(std::move(*done));
}

Result<void> RunPhases::set_up() {
  auto done = set_up_watched();
  if (!done) return tl::make_unexpected(std::move(done.error()));
  if (!*done || (*done)->completed) return {};
  const int signal = options_->stop_signal != nullptr ? options_->stop_signal->load() : 0;
  if (signal != 0) {
    return fail(signal == SIGTERM ? ExitCode::terminated : ExitCode::interrupted, "setup", "stopped by a signal");
  }
  return fail(ExitCode::environment, "setup", secrets_.redacted((*done)->problem), "see it whole with run --trace");
}

Result<std::optional<Iteration>> RunPhases::tear_down_watched() {
  if (!std::exchange(begun_, false) || options_->scenario.teardown.steps.empty()) return std::nullopt;
  auto done = pass(options_->scenario.teardown, given_, nullptr, kTearDownLimit);
  if (!done) return tl::make_unexpected(std::move(done.error()));
  return std::optional(std::move(*done));
}

std::string RunPhases::tear_down() {
  const auto done = tear_down_watched();
  if (!done) return done.error().message();
  return !*done || (*done)->completed ? "" : secrets_.redacted((*done)->problem);
}

Result<Iteration> RunPhases::once(const schedule::Flow& flow) const {
  const Nanos limit = options_->scenario.timeout * static_cast<int>(flow.steps.size() + 1) + std::chrono::minutes(5);
  return pass(flow, given_, options_->stop_signal, limit);
}

}  // namespace tidemark::drive
