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

// A socket that has begun to connect, without blocking and without Nagle's delay. Negative: `error` says why.
int begin_connect(const SocketAddress& address, int& error);

// What `error` of a socket or a connect says about this machine and not about the target.
bool out_of_descriptors(int error);
bool out_of_ports(int error);

// Connects once and closes, before the clock starts: "nothing listens there" is an error with advice, not a run full of
// failures. Exit 4, naming the origin, when refused or not accepted within `limit`. Blocking.
Result<void> check_reachable(const Origin& origin, Nanos limit);

}  // namespace tidemark::drive
