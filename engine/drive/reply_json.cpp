#include "engine/drive/reply_json.h"

#include <hiredis/hiredis.h>

#include <array>
#include <cstdint>

#include "engine/core/base64.h"
#include "engine/schedule/sql_text.h"

namespace tidemark::drive {
namespace {

constexpr std::string_view kHex = "0123456789abcdef";

// Length of the UTF-8 character that begins `bytes`; 0: none does.
std::size_t utf8_length(std::string_view bytes) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); };
  const auto follows = [&](std::size_t i, std::uint8_t low = 0x80, std::uint8_t high = 0xbf) {
    return i < bytes.size() && byte(i) >= low && byte(i) <= high;
  };
  const std::uint8_t lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return follows(1) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) {
    const bool second = follows(1, lead == 0xe0 ? 0xa0 : 0x80, lead == 0xed ? 0x9f : 0xbf);
    return second && follows(2) ? 3 : 0;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    const bool second = follows(1, lead == 0xf0 ? 0x90 : 0x80, lead == 0xf4 ? 0x8f : 0xbf);
    return second && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

std::string_view text_of(const redisReply& reply) {
  return reply.str == nullptr ? std::string_view() : std::string_view(reply.str, reply.len);
}

}  // namespace

bool is_utf8(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t length = utf8_length(bytes);
    if (length == 0) return false;
    bytes.remove_prefix(length);
  }
  return true;
}

void append_json_text(std::string_view bytes, std::string& out) {
  if (!is_utf8(bytes)) {
    out.append(R"({"base64":")").append(base64_encode(bytes)).append("\"}");
    return;
  }
  out.push_back('"');
  for (const char c : bytes) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (byte < 0x20) {
      out.append("\\u00").append(1, kHex[byte >> 4U]).append(1, kHex[byte & 15U]);
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

void append_json_number(std::string_view text, std::string& out) {
  if (schedule::is_number(text)) {
    out.append(text);
  } else {
    append_json_text(text, out);
  }
}

// Recursion: hiredis itself refuses replies nested deeper than its reader's fixed stack.
void append_redis_reply(const redisReply& reply, std::string& out) {
  switch (reply.type) {
    case REDIS_REPLY_STATUS:
    case REDIS_REPLY_STRING:
      append_json_text(text_of(reply), out);
      return;
    case REDIS_REPLY_INTEGER:
      out.append(std::to_string(reply.integer));
      return;
    case REDIS_REPLY_ARRAY:
      out.push_back('[');
      for (std::size_t i = 0; i < reply.elements; ++i) {
        if (i > 0) out.push_back(',');
        append_redis_reply(*reply.element[i], out);
      }
      out.push_back(']');
      return;
    case REDIS_REPLY_ERROR:
      out.append(R"({"error":)");
      append_json_text(text_of(reply), out);
      out.push_back('}');
      return;
    default:
      out.append("null");
  }
}

}  // namespace tidemark::drive
