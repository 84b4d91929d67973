#include "scenarios/shop/event_record.h"

#include <array>
#include <bit>
#include <cstring>

#include "engine/record/crc32c.h"

namespace tidemark::shop {

static_assert(std::endian::native == std::endian::little);

namespace {

template <class T>
void put(std::string* out, T value) {
  std::array<char, sizeof(T)> bytes{};
  std::memcpy(bytes.data(), &value, sizeof(T));
  out->append(bytes.data(), bytes.size());
}

template <class T>
bool take(std::string_view* bytes, T* value) {
  if (bytes->size() < sizeof(T)) return false;
  std::memcpy(value, bytes->data(), sizeof(T));
  bytes->remove_prefix(sizeof(T));
  return true;
}

bool take_field(std::string_view* bytes, std::string* field) {
  std::uint32_t size = 0;
  if (!take(bytes, &size) || bytes->size() < size) return false;
  field->assign(bytes->substr(0, size));
  bytes->remove_prefix(size);
  return true;
}

}  // namespace

std::string encode_record(const EventRecord& record) {
  std::string body;
  put(&body, record.offset);
  put(&body, record.time_us);
  for (const std::string* field : {&record.key, &record.tag, &record.traceparent, &record.producer, &record.payload}) {
    put(&body, static_cast<std::uint32_t>(field->size()));
    body += *field;
  }
  std::string out;
  out.reserve(kRecordHeader + body.size());
  put(&out, static_cast<std::uint32_t>(body.size()));
  put(&out, record::crc32c(body));
  return out + body;
}

DecodedRecord decode_record(std::string_view bytes) {
  DecodedRecord decoded;
  std::uint32_t size = 0, crc = 0;
  if (!take(&bytes, &size) || !take(&bytes, &crc)) return decoded;
  decoded.kind = DecodedRecord::Kind::damaged;
  if (size > kMaxRecordBody) return decoded;
  if (bytes.size() < size) {
    decoded.kind = DecodedRecord::Kind::torn;
    return decoded;
  }
  std::string_view body = bytes.substr(0, size);
  if (record::crc32c(body) != crc) return decoded;
  EventRecord& event = decoded.event;
  if (!take(&body, &event.offset) || !take(&body, &event.time_us)) return decoded;
  for (std::string* field : {&event.key, &event.tag, &event.traceparent, &event.producer, &event.payload}) {
    if (!take_field(&body, field)) return decoded;
  }
  if (!body.empty()) return decoded;
  decoded.kind = DecodedRecord::Kind::record;
  decoded.size = kRecordHeader + size;
  return decoded;
}

}  // namespace tidemark::shop
