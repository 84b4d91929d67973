// What is changed in a request that was rendered from its step: a Cookie field put in, or the request of a redirect
// made of it. In the two forms a request has, the bytes of HTTP/1.1 and the parts a channel gets. Pure: thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "engine/drive/flow_state.h"
#include "engine/drive/request_plan.h"

namespace tidemark::drive {

// Behind the last header field. Nothing for an empty value.
void add_cookies(std::string& request, std::string_view cookies);
void add_cookies(Rendered& request, std::string_view cookies);

// Method, target and Host of the hop; without a body, its length, type and coding go too; on another origin,
// Authorization and a Cookie field of the step's own.
void redirect_request(std::string& request, const Hop& hop, const std::string& authority);
void redirect_request(Rendered& request, const Hop& hop, const std::string& authority);

// Where the trace id begins in a rendered HTTP/1.1 request; 0: there is no traceparent.
std::size_t find_trace(std::string_view request);

// "/path?query" of a rendered HTTP/1.1 request.
std::string_view target_of(std::string_view request);

}  // namespace tidemark::drive
