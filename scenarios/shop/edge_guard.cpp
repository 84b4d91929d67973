#include "scenarios/shop/edge_guard.h"

#include <algorithm>
#include <cmath>

#include "scenarios/shop/answers.h"
#include "scenarios/shop/call_guards.h"

namespace tidemark::shop {

using Verdict = guard::AddressList::Verdict;

std::optional<guard::Address> client_of(std::string_view peer, std::string_view hops,
                                        const guard::AddressList* forwarders) {
  auto address = guard::parse_address(peer);
  while (address && forwarders != nullptr && !hops.empty() && forwarders->look_up(*address) == Verdict::allowed) {
    const std::size_t comma = hops.rfind(',');
    std::string_view hop = comma == std::string_view::npos ? hops : hops.substr(comma + 1);
    hops = comma == std::string_view::npos ? std::string_view() : hops.substr(0, comma);
    while (hop.starts_with(' ')) hop.remove_prefix(1);
    while (hop.ends_with(' ')) hop.remove_suffix(1);
    address = guard::parse_address(hop);
  }
  return address;
}

// parse_guard has checked every prefix.
void EdgeGuard::configure(const GuardConfig& config) {
  const EdgeSettings& edge = config.edge;
  lists_.reset();
  forwarders_.reset();
  bucket_.reset();
  if (config.shared.lists) {
    if (auto lists = guard::AddressList::make(*config.shared.lists, "lists")) lists_ = std::move(*lists);
  }
  if (!edge.forwarded_by.empty()) {
    auto forwarders = guard::AddressList::make({.allow = edge.forwarded_by, .deny = {}}, "edge.forwarded_by");
    if (forwarders) forwarders_ = std::move(*forwarders);
  }
  if (edge.rate > 0) bucket_.emplace(Rate::per_second(edge.rate), edge.burst);
}

std::optional<net::Response> EdgeGuard::decide(const net::Request& request, Instant now) {
  if (lists_) {
    const std::string* hops = request.headers.find("x-forwarded-for");
    const auto client =
        client_of(request.peer, hops == nullptr ? std::string_view() : *hops, forwarders_ ? &*forwarders_ : nullptr);
    if (!client || lists_->look_up(*client) == Verdict::denied) {
      ++*node_.counter("edge_denied");
      return refuse(403, "denied", "this address may not come in");
    }
  }
  if (!bucket_ || bucket_->allow(now)) return std::nullopt;
  ++*node_.counter("edge_rate_limited");
  net::Response response = refuse(429, "rate-limited", "more than the edge allows");
  response.headers.set(kRefusedHeader, "edge-rate");
  const double wait_s = to_seconds(bucket_->next_allowed(now) - now);
  response.headers.set("retry-after", std::to_string(std::lround(std::clamp(std::ceil(wait_s), 1.0, 3600.0))));
  return response;
}

}  // namespace tidemark::shop
