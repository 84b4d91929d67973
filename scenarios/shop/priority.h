// Who a request is for those who must turn some away: its priority from the flow it belongs to, its cohort from its
// user. Decided once, at the edge, and carried down the chain in x-tidemark-priority, so that every node sheds the same
// users. Thread-safe: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "engine/core/trace_id.h"
#include "engine/guard/limiter.h"
#include "engine/net/message.h"
#include "engine/traffic/shadow_tag.h"

namespace tidemark::shop {

inline constexpr std::string_view kPriorityHeader = "x-tidemark-priority";

// "core;93", with ";again" behind it when the called service has worked for this request before.
std::string priority_header(guard::Ask ask);
// Anything else is normal, cohort 0: a header from outside is dropped at the edge, and a broken one inside must not
// win a request a better place.
guard::Ask parse_priority(std::string_view header);

// core: what earns money once begun (buy, create, charge, reserve, release); browse; normal: the rest.
guard::Priority priority_of_operation(std::string_view operation);
// At the edge. The user is the x-user header, or "user" in the body, or else the trace stands in for one.
guard::Ask ask_at_edge(const net::Request& request, std::string_view operation, const TraceContext& trace);

std::string_view name_of(guard::Priority priority);  // "core", "normal", "browse", "shadow"

}  // namespace tidemark::shop
