#include "scenarios/shop/degrade_watch.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "engine/core/settings.h"
#include "scenarios/shop/answers.h"

namespace tidemark::shop {
namespace {

using nlohmann::json;
using Hold = guard::DegradePlan::Hold;
constexpr std::chrono::milliseconds kLook{250};

json text_of(const guard::DegradeSettings& settings) {
  SettingsWriter out;
  guard::DegradeSettings::fields(out, settings);
  return out.take();
}

double share(double part, double whole) {
  return whole > 0 ? part / whole : 0;
}

}  // namespace

DegradeWatch::DegradeWatch(NodeRuntime& node) : node_(node) {
  node.background([this] { return watch(); });
  node.control_route("POST", "/control/degrade",
                     [this](net::Request request) -> net::Task<net::Response> { co_return hold(request); });
}

void DegradeWatch::configure(const std::optional<guard::DegradeSettings>& settings) {
  const json text = settings ? text_of(*settings) : json();
  if (text == text_) return;
  text_ = text;
  const auto earlier = std::exchange(plan_, std::nullopt);
  if (!settings) {
    for (std::size_t i = 0; earlier && i < earlier->size(); ++i) {
      *node_.counter("degrade_" + earlier->step(i).name + "_now") = 0;
    }
    return;
  }
  plan_.emplace(*settings);
  // The next looks undo what is no longer called for.
  for (std::size_t i = 0; earlier && i < plan_->size(); ++i) {
    const std::string& name = plan_->step(i).name;
    if (earlier->taken(name)) plan_->hold(name, Hold::on);
  }
  look(Clock::now());
  for (std::size_t i = 0; earlier && i < plan_->size(); ++i) plan_->hold(plan_->step(i).name, Hold::automatic);
}

// {"step": "browse-off", "hold": "on" | "off" | "auto"}
net::Response DegradeWatch::hold(const net::Request& request) {
  const json order = json::parse(request.body, nullptr, false);
  const std::string step = order.is_object() ? order.value("step", "") : "";
  const std::string word = order.is_object() ? order.value("hold", "") : "";
  const std::map<std::string, Hold> holds{{"on", Hold::on}, {"off", Hold::off}, {"auto", Hold::automatic}};
  const auto found = holds.find(word);
  if (found == holds.end()) return refuse(400, "bad-order", "hold must be on, off or auto");
  if (!plan_ || !plan_->hold(step, found->second)) {
    return refuse(400, "bad-order", "'" + step + "' is no step of this node's degrade plan");
  }
  look(Clock::now());
  json states = json::object();
  for (std::size_t i = 0; i < plan_->size(); ++i) states[plan_->step(i).name] = plan_->taken(i);
  return net::Response::json(200, json{{"node", node_.config().name()}, {"taken", std::move(states)}}.dump());
}

std::map<std::string, double> DegradeWatch::signals(Instant now) {
  WatermarkSample sample = node_.watermark();
  std::map<std::string, double> signals = sample.extra;
  double open = 0;
  for (const auto& [name, value] : sample.extra) {
    if (name.starts_with("breaker_") && (name.ends_with("_open_now"))) open += value;
  }
  signals["breakers_open"] = open;
  signals["queued"] = sample.queued;
  if (before_) {
    const double seconds = to_seconds(now - before_at_);
    const auto gone = [](std::uint64_t later, std::uint64_t sooner) { return static_cast<double>(later - sooner); };
    const double ended = gone(sample.completed, before_->completed) + gone(sample.failed, before_->failed);
    signals["busy"] = share(sample.busy_seconds - before_->busy_seconds, seconds * sample.workers);
    signals["wait_ms"] = 1000 * share(sample.wait_seconds - before_->wait_seconds, ended);
    signals["refused_share"] = share(gone(sample.refused, before_->refused), gone(sample.arrived, before_->arrived));
    signals["failed_share"] = share(gone(sample.failed, before_->failed), ended);
  }
  before_ = std::move(sample);
  before_at_ = now;
  return signals;
}

void DegradeWatch::look(Instant now) {
  for (const auto& change : plan_->update(now, signals(now))) {
    const std::string& name = plan_->step(change.step).name;
    node_.log("warning", "", change.taken ? "degrade step taken" : "degrade step undone", {{"step", name}});
    ++*node_.counter(change.taken ? "degrade_taken" : "degrade_undone");
  }
  for (std::size_t i = 0; i < plan_->size(); ++i) {
    *node_.counter("degrade_" + plan_->step(i).name + "_now") = plan_->taken(i) ? 1 : 0;
  }
}

net::Task<void> DegradeWatch::watch() {
  net::Timer timer(node_.io().get_executor());
  while (true) {
    timer.expires_after(kLook);
    co_await timer.async_wait(net::as_values);
    if (plan_) look(Clock::now());
  }
}

}  // namespace tidemark::shop
