// Stands in for kafka_channel.cpp in the thread sanitizer's build, which librdkafka does not survive.
#include "engine/drive/kafka_channel.h"

namespace tidemark::drive {

bool has_kafka() {
  return false;
}

std::unique_ptr<Channel> make_kafka_channel(const ChannelContext& /*context*/) {
  return nullptr;
}

Result<void> check_brokers(const Origin& /*origin*/, Nanos /*limit*/) {
  return fail(ExitCode::environment, "kafka", "this build has no Kafka", "take a build without the thread sanitizer");
}

}  // namespace tidemark::drive
