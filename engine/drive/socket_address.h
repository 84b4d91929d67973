// An origin's checked address as the kernel wants it.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include "engine/drive/request_plan.h"

namespace tidemark::drive {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

SocketAddress socket_address(const Origin& origin);

// Connects once and closes, before the clock starts: "nothing listens there" is an error with advice, not a run full of
// failures. Exit 4, naming the origin, when refused or not accepted within `limit`. Blocking.
Result<void> check_reachable(const Origin& origin, Nanos limit);

}  // namespace tidemark::drive
