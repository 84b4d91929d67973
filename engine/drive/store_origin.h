// From a store step to where its calls go, decided before any socket opens: the target guard, and what a tagged run
// must not touch. Called when a plan is compiled.
#pragma once

#include <string>

#include "engine/drive/request_plan.h"
#include "engine/traffic/target_guard.h"

namespace tidemark::drive {

struct StoreAccess {
  bool tagged = false;
  const traffic::TargetPolicy& targets;
};

// Exit 2 for a target that is none, or a step that a tagged run must not send (engine/drive/store_names.h); exit 3 from
// the target guard. In a tagged run MySQL's database is the shadow one.
Result<Origin> store_origin(const schedule::Step& step, const StoreAccess& access, const std::string& place);

}  // namespace tidemark::drive
