// Replies of a Redis server as JSON: whatever bytes come, what is written is one JSON value, and text keeps its bytes.
#include <hiredis/hiredis.h>

#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>

#include "engine/core/base64.h"
#include "engine/drive/reply_json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 64 * 1024) return 0;
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  std::string text;
  tidemark::drive::append_json_text(bytes, text);
  const auto value = nlohmann::json::parse(text, nullptr, false);
  if (value.is_discarded()) std::abort();
  const auto back = value.is_string() ? value.get<std::string>()
                                      : tidemark::base64_decode(value.at("base64").get<std::string>()).value_or("");
  if (back != bytes) std::abort();

  // An array says how many elements follow: hiredis reserves them at once, so large counts are left out here.
  if (bytes.find("*") != std::string::npos && bytes.find_first_of("0123456789", bytes.find("*")) != std::string::npos) {
    std::size_t digits = 0;
    for (const char c : bytes) {
      digits = c >= '0' && c <= '9' ? digits + 1 : 0;
      if (digits > 4) return 0;
    }
  }
  redisReader* reader = redisReaderCreate();
  redisReaderFeed(reader, bytes.data(), bytes.size());
  void* reply = nullptr;
  while (redisReaderGetReply(reader, &reply) == REDIS_OK && reply != nullptr) {
    std::string json;
    tidemark::drive::append_redis_reply(*static_cast<redisReply*>(reply), json);
    if (nlohmann::json::parse(json, nullptr, false).is_discarded()) std::abort();
    freeReplyObject(reply);
    reply = nullptr;
  }
  redisReaderFree(reader);
  return 0;
}
