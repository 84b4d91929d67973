// The channel that produces to Kafka. librdkafka keeps the connections, batches and retries on threads of its own; its
// delivery reports are the answers, taken on the worker's thread. A message is one exchange; a cancelled one may still
// be delivered, since what is on its way cannot be called back.
#pragma once

#include <memory>

#include "engine/core/error.h"
#include "engine/drive/channel_factory.h"

namespace tidemark::drive {

// False in the thread sanitizer's build, which librdkafka does not survive: there the other two fail.
bool has_kafka();

std::unique_ptr<Channel> make_kafka_channel(const ChannelContext& context);

// Before the clock starts: asks for the cluster's brokers and has the guard decide each, so that one that is advertised
// elsewhere is refused (exit 3) with no message sent. Exit 4 when no broker answers within `limit`. Blocking.
Result<void> check_brokers(const Origin& origin, Nanos limit);

}  // namespace tidemark::drive
