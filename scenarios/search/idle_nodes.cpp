#include "scenarios/search/idle_nodes.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "engine/core/watermark.h"
#include "engine/net/http_client.h"

namespace tidemark::search {
namespace {

constexpr auto kAnswer = std::chrono::seconds(2);
constexpr auto kBetweenRounds = std::chrono::milliseconds(50);

Result<WatermarkSample> watermark_of(const observe::ScrapeTarget& node) {
  const auto call = net::call_blocking(node.endpoint, {.target = "/watermark"}, kAnswer);
  if (call.status != net::CallResult::Status::ok) {
    return fail(ExitCode::environment, node.node, "does not answer: " + call.error, "is the stack still up?");
  }
  const auto json = nlohmann::json::parse(call.response.body, nullptr, false);
  if (json.is_discarded()) return fail(ExitCode::environment, node.node, "its /watermark is not JSON");
  return parse_watermark(json, node.node);
}

}  // namespace

Result<void> wait_until_idle(const std::vector<observe::ScrapeTarget>& nodes, Nanos at_most,
                             const std::atomic<int>* stop_signal) {
  const Instant deadline = Clock::now() + at_most;
  while (stop_signal == nullptr || stop_signal->load() == 0) {
    std::string busy;
    for (const auto& node : nodes) {
      const auto sample = watermark_of(node);
      if (!sample) return tl::make_unexpected(sample.error());
      if (sample->queued == 0 && sample->in_use <= 1) continue;
      busy = fmt::format("{} waiting and {} being served at {}", sample->queued, sample->in_use, node.node);
      break;
    }
    if (busy.empty()) return {};
    if (Clock::now() >= deadline) {
      return fail(ExitCode::environment, "cool-down", busy + " long after the load ended", "look at that node's log");
    }
    std::this_thread::sleep_for(kBetweenRounds);
  }
  return {};
}

}  // namespace tidemark::search
