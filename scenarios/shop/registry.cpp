// The registry node: membership of the stack, in the requests of etcd's v3 JSON gateway. They come without a shadow
// tag, since membership is neither live nor shadow traffic; the pool and the watermark see them as live.
#include <memory>
#include <utility>

#include "scenarios/shop/node_runtime.h"
#include "scenarios/shop/registry_table.h"

namespace tidemark::shop {
namespace {

struct RegistryNode {
  NodeRuntime node;
  RegistryTable table;

  net::Task<net::Response> answer(std::string operation, net::Request request) {
    const std::string* caller = request.headers.find(traffic::kCallerHeader);
    RegistryTable::Answer answer;
    answer.status = 503;
    answer.body = {{"error", "etcdserver: too many requests"}, {"code", 14}};
    std::function<net::Task<void>(CallContext&)> work = [&](CallContext&) -> net::Task<void> {
      answer = table.handle(std::string(request.path()), request.body, Clock::now());
      co_return;
    };
    co_await node.perform(std::move(operation), "live", "", caller ? *caller : "", work);
    co_return net::Response::json(answer.status, answer.body.dump());
  }

  void serve(const std::string& path, const std::string& operation) {
    node.admin_route("POST", path,
                     [this, operation](net::Request request) { return answer(operation, std::move(request)); });
  }
};

}  // namespace

ExitCode run_registry(NodeConfig config, int ready_fd) {
  const std::uint64_t seed = config.seed;
  RegistryNode registry{NodeRuntime(std::move(config)), RegistryTable(seed)};
  registry.serve("/v3/lease/grant", "lease");
  registry.serve("/v3/lease/keepalive", "lease");
  registry.serve("/v3/lease/revoke", "lease");
  registry.serve("/v3/kv/put", "put");
  registry.serve("/v3/kv/range", "range");
  return registry.node.run(ready_fd);
}

}  // namespace tidemark::shop
