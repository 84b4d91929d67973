// How one event lies on disk (docs/stores.md, "event log"): little-endian
//   u32 length of body | u32 CRC32C of body | body
//   body: u64 offset | i64 time_us | five fields (key, tag, traceparent, producer, payload), each u32 length | bytes
// Pure; thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tidemark::shop {

struct EventRecord {
  std::uint64_t offset = 0;  // position in its partition, from 0
  std::int64_t time_us = 0;  // wall clock of the append, since the epoch
  std::string key, tag, traceparent, producer, payload;

  bool operator==(const EventRecord&) const = default;
};

inline constexpr std::size_t kRecordHeader = 8;
inline constexpr std::uint32_t kMaxRecordBody = 4 * 1024 * 1024;

std::string encode_record(const EventRecord& record);

struct DecodedRecord {
  enum class Kind {
    record,
    torn,     // the bytes end before the record does: what a crash leaves
    damaged,  // CRC, length or fields are wrong
  } kind = Kind::torn;
  std::size_t size = 0;  // bytes of the whole record, header included
  EventRecord event;
};
// The record at the front of `bytes`.
DecodedRecord decode_record(std::string_view bytes);

}  // namespace tidemark::shop
