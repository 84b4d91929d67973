// Which channel speaks which protocol: the one place that knows them all. Called by the worker's constructor.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "engine/core/units.h"
#include "engine/drive/channel.h"
#include "engine/drive/request_plan.h"

namespace tidemark::drive {

// What a channel is built from. References outlive the channel.
struct ChannelContext {
  // Set in the epoll tag of every socket of a channel; bits 32 to 47 hold the channel's number, the low half is its
  // own.
  static constexpr std::uint64_t kTagBit = std::uint64_t{1} << 63U;

  EventLoop& loop;
  std::uint64_t tag;  // ORed into the tag of each socket it adds to the loop
  Channel::Owner& owner;
  const Origin& origin;
  const schedule::Scenario& scenario;
  std::uint32_t most_connections;  // of this channel
  std::string run_id;
  bool tagged;    // the run carries the shadow tag
  Instant start;  // instant zero of the run: what next_timer() and on_timer() count from
};

// For an origin that is not plain HTTP/1.1. Never null: what can be wrong was found when the plan was compiled.
std::unique_ptr<Channel> make_channel(const ChannelContext& context);

}  // namespace tidemark::drive
