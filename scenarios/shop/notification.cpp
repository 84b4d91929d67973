// The notification service: consumes order.created and tells the customer. Mail is a third party: a stub that counts,
// apart for shadow orders.
#include <utility>

#include "scenarios/shop/events_client.h"
#include "scenarios/shop/node_runtime.h"

namespace tidemark::shop {

ExitCode run_notification(NodeConfig config, int ready_fd) {
  NodeRuntime node(std::move(config));
  double* live_mails = node.counter("mails");
  double* stub_mails = node.counter("mails_stub");
  Consumer::Options options;
  options.group = "notification";
  options.topics = {"order.created"};
  options.operation = "send";
  const Consumer consumer(node, std::move(options),
                          [live_mails, stub_mails](CallContext& context, const Event&) -> net::Task<bool> {
                            ++*(context.tag.live() ? live_mails : stub_mails);
                            co_return true;
                          });
  return node.run(ready_fd);
}

}  // namespace tidemark::shop
