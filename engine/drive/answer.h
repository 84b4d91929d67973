// What came back for one request, whatever the protocol: what checks and captures look at. Views into the connection
// that received it, valid until the call that hands it out returns.
#pragma once

#include <string_view>

namespace tidemark::drive {

struct Answer {
  // HTTP: the status code. gRPC: 0 to 16 (grpc-status). Redis, MySQL, Kafka: 0 for ok, else the engine's error number
  // (Redis: 1).
  int status = 0;
  std::string_view header_lines;  // "name: value\n" per field, as received; trailers included
  // HTTP: the content, decoded. gRPC: the message as JSON. Redis, MySQL, Kafka: the reply as JSON.
  std::string_view body;
};

}  // namespace tidemark::drive
