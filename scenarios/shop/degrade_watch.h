// A node's degrade plan at work (engine/guard/degrade_plan.h): reads the node's own signals four times a second, takes
// and undoes steps, and says which features are off. The signals: busy (share of the workers held), queued, wait_ms (of
// a request for a worker), refused_share, failed_share, breakers_open (not closed), each over the last quarter of a
// second, and every counter of the watermark's `extra` under its own name. The node's own thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "engine/core/watermark.h"
#include "engine/guard/degrade_plan.h"
#include "scenarios/shop/node_runtime.h"

namespace tidemark::shop {

class DegradeWatch {
 public:
  explicit DegradeWatch(NodeRuntime& node);  // must outlive the node's run
  // Steps that are taken stay so under a plan that has them too.
  void configure(const std::optional<guard::DegradeSettings>& settings);
  bool declared() const { return plan_.has_value(); }
  bool off(std::string_view feature) const { return plan_ && plan_->taken(feature); }

 private:
  net::Task<void> watch();
  net::Response hold(const net::Request& request);
  void look(Instant now);
  std::map<std::string, double> signals(Instant now);

  NodeRuntime& node_;
  std::optional<guard::DegradePlan> plan_;
  nlohmann::json text_;  // of the plan in force
  std::optional<WatermarkSample> before_;
  Instant before_at_{};
};

}  // namespace tidemark::shop
