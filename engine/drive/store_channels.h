// The channels of Redis, MySQL and Kafka: how a step's words become a call, and which connections carry it.
#pragma once

#include <memory>

#include "engine/drive/channel_factory.h"

namespace tidemark::drive {

// For an origin whose protocol is one of the three.
std::unique_ptr<Channel> make_store_channel(const ChannelContext& context);

}  // namespace tidemark::drive
