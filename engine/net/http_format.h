// Messages to bytes: the sending half of the framing. Fields that would break it (CR, LF, a name that is no token) are
// refused rather than escaped, so that no value from outside can add a header or a message. Thread-safe: pure
// functions.
#pragma once

#include <string>

#include "engine/net/message.h"

namespace tidemark::net {

// Appends status line and header section. Content-Length is always that of the body (not for 1xx and 204, which have
// none); the handler's own framing fields are dropped. False, with nothing appended, when a field or the status is not
// sendable.
bool append_response_head(std::string& out, const Response& response, bool keep_alive, bool http10);
// Appends request line and header section; Host is `authority` unless the request brings one. False as above.
bool append_request_head(std::string& out, const Request& request, const std::string& authority);
// The message says "Connection: close".
bool asks_to_close(const Headers& headers);
// RFC 9110's phrase, or "Status".
const char* reason_phrase(int status);

}  // namespace tidemark::net
