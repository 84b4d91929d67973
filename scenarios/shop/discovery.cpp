#include "scenarios/shop/discovery.h"

#include <charconv>
#include <utility>

namespace tidemark::shop {
namespace {

constexpr std::chrono::seconds kLease{5};
constexpr std::chrono::milliseconds kKeepAlive{1500};
constexpr std::chrono::milliseconds kPoll{500};
constexpr std::chrono::milliseconds kFirstPolls{50};  // while a stack comes up, so that it is ready sooner
constexpr std::chrono::milliseconds kComingUp{3000};

std::optional<net::Endpoint> parse_endpoint(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return std::nullopt;
  net::Endpoint endpoint;
  endpoint.host = text.substr(0, colon);
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + colon + 1, end, endpoint.port);
  if (error != std::errc{} || stop != end || endpoint.port == 0) return std::nullopt;
  return endpoint;
}

}  // namespace

Discovery::Discovery(net::asio::io_context& io, RegistryClient registry, std::string service, std::string node,
                     std::uint64_t seed)
    : io_(io),
      registry_(std::move(registry)),
      service_(std::move(service)),
      node_(std::move(node)),
      random_(seed, "choice/" + node_) {}

void Discovery::advertise(const std::string& name, net::Endpoint endpoint) {
  advertised_["nodes/" + name + "/" + node_] = std::move(endpoint);
  announced_ = false;
}

net::Task<Result<bool>> Discovery::join() {
  if (lease_.empty()) {
    auto lease = co_await registry_.grant(kLease);
    if (!lease) co_return tl::make_unexpected(lease.error());
    lease_ = std::move(*lease);
    announced_ = false;
  }
  if (!announced_) {
    announced_ = true;  // before the calls: what is advertised meanwhile counts as new
    const auto addresses = advertised_;
    for (const auto& [key, endpoint] : addresses) {
      const auto stored = co_await registry_.put(key, endpoint.authority(), lease_);
      if (stored) continue;
      announced_ = false;
      lease_.clear();  // perhaps it expired
      co_return tl::make_unexpected(stored.error());
    }
  }
  co_return co_await poll();
}

net::Task<Result<bool>> Discovery::poll() {
  const auto found = co_await registry_.range("nodes/");
  if (!found) co_return tl::make_unexpected(found.error());  // the last picture stays
  std::map<std::string, std::vector<net::Endpoint>> now;
  for (const auto& [key, value] : *found) {
    const std::size_t begin = std::string("nodes/").size(), slash = key.find('/', begin);
    auto endpoint = parse_endpoint(value);
    if (slash != std::string::npos && endpoint) now[key.substr(begin, slash - begin)].push_back(std::move(*endpoint));
  }
  known_ = std::move(now);
  unreachable_.clear();
  co_return true;
}

net::Task<void> Discovery::run() {
  const Instant start = Clock::now();
  Instant kept = start;
  net::Timer timer(io_.get_executor());
  while (true) {
    timer.expires_after(Clock::now() - start < kComingUp ? kFirstPolls : kPoll);
    const auto [error] = co_await timer.async_wait(net::as_values);
    if (error) co_return;
    if (!lease_.empty() && Clock::now() - kept >= kKeepAlive) {
      kept = Clock::now();
      const auto alive = co_await registry_.keep_alive(lease_);
      if (alive && !*alive) lease_.clear();  // expired: join() takes a new one
    }
    co_await join();  // a registry that is away is asked again next time; calls use the last picture meanwhile
  }
}

net::Task<void> Discovery::leave() {
  if (!lease_.empty()) co_await registry_.revoke(std::exchange(lease_, {}));
}

const std::vector<net::Endpoint>& Discovery::endpoints(const std::string& service) const {
  static const std::vector<net::Endpoint> kNone;
  if (const auto gate = known_.find(service + "@" + service_); gate != known_.end()) return gate->second;
  const auto found = known_.find(service);
  return found == known_.end() ? kNone : found->second;
}

std::map<std::string, std::size_t> Discovery::counts() const {
  std::map<std::string, std::size_t> counts;
  for (const auto& [service, nodes] : known_) counts[service] = nodes.size();
  return counts;
}

std::optional<net::Endpoint> Discovery::choose(const std::string& service, const std::optional<net::Endpoint>& avoid) {
  const auto& all = endpoints(service);
  if (all.empty()) return std::nullopt;
  if (unreachable_.empty() && !avoid) return all[random_.below(all.size())];
  std::vector<const net::Endpoint*> reachable;
  for (const auto& endpoint : all) {
    if (!unreachable_.contains(endpoint.port) && !(avoid && avoid->port == endpoint.port))
      reachable.push_back(&endpoint);
  }
  if (reachable.empty()) return all[random_.below(all.size())];
  return *reachable[random_.below(reachable.size())];
}

}  // namespace tidemark::shop
