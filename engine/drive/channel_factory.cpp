#include "engine/drive/channel_factory.h"

#include <cassert>

#include "engine/drive/grpc_channel.h"
#include "engine/drive/http_channel.h"
#include "engine/drive/store_channels.h"

namespace tidemark::drive {

std::unique_ptr<Channel> make_channel(const ChannelContext& context) {
  switch (context.origin.protocol) {
    case schedule::Protocol::http:
      return std::make_unique<HttpChannel>(context, false);
    case schedule::Protocol::grpc:
      return std::make_unique<GrpcChannel>(context);
    case schedule::Protocol::redis:
    case schedule::Protocol::mysql:
    case schedule::Protocol::kafka:
      return make_store_channel(context);
  }
  assert(false && "a plan is only compiled for protocols that have a channel");
  return nullptr;
}

}  // namespace tidemark::drive
