#include "scenarios/shop/event_log.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "tests/unit/shop_stores/temporary_dir.h"

namespace tidemark::shop {
namespace {

namespace fs = std::filesystem;

EventRecord record(const std::string& key, const std::string& payload) {
  return {
      0,      1'700'000'000'000'000, key, "live", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "order-1",
      payload};
}

std::string bytes_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void write_bytes(const fs::path& file, std::string_view bytes) {
  std::ofstream(file, std::ios::binary | std::ios::trunc)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

// A log with three events of one key, and the file they are in.
fs::path three_events(const fs::path& dir) {
  auto log = EventLog::open(dir);
  EXPECT_TRUE(log) << log.error().message();
  for (const char* payload : {"first", "", "third one"}) EXPECT_TRUE(log->append("live.t", record("k", payload)));
  return dir / "topics" / "live.t" / (std::to_string(EventLog::partition_of("k")) + ".log");
}

TEST(EventRecord, RoundTripsEveryField) {
  EventRecord event{42, -1, "key", "tag;x;y", "trace", "node", std::string("\0\xff\r\n", 4)};
  const auto decoded = decode_record(encode_record(event) + "rest");
  ASSERT_EQ(decoded.kind, DecodedRecord::Kind::record);
  EXPECT_EQ(decoded.event, event);
  EXPECT_EQ(decoded.size, encode_record(event).size());
}

TEST(EventRecord, EveryFlippedBitIsNoticed) {
  const std::string bytes = encode_record(record("k", "payload"));
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string flipped = bytes;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_NE(decode_record(flipped).kind, DecodedRecord::Kind::record) << "bit " << bit;
  }
}

TEST(EventRecord, AnAbsurdLengthIsDamageNotAnAllocation) {
  EXPECT_EQ(decode_record(std::string("\xff\xff\xff\xff\0\0\0\0", 8)).kind, DecodedRecord::Kind::damaged);
}

TEST(EventLog, KeepsEventsCommitsAndLagOverARestart) {
  const TemporaryDir dir;
  {
    auto log = EventLog::open(dir.path());
    ASSERT_TRUE(log);
    log->subscribe("mail", "live.t");
    for (int i = 0; i < 100; ++i)
      ASSERT_TRUE(log->append("live.t", record("k" + std::to_string(i), std::to_string(i))));
    EXPECT_EQ(log->lag(), 100U);
    ASSERT_TRUE(log->commit("mail", "live.t", 0, log->end("live.t", 0)));
    EXPECT_EQ(log->lag(), 100U - log->end("live.t", 0));
  }
  auto log = EventLog::open(dir.path());
  ASSERT_TRUE(log) << log.error().message();
  EXPECT_EQ(log->dropped_bytes(), 0U);
  EXPECT_EQ(log->topics(), std::vector<std::string>{"live.t"});
  EXPECT_EQ(log->committed("mail", "live.t", 0), log->end("live.t", 0));
  EXPECT_EQ(log->lag(), 100U - log->end("live.t", 0));
  std::size_t total = 0;
  for (std::uint32_t p = 0; p < EventLog::kPartitions; ++p) {
    const auto events = log->read("live.t", p, 0, 1000);
    ASSERT_TRUE(events);
    for (std::size_t i = 0; i < events->size(); ++i) EXPECT_EQ((*events)[i].offset, i);
    total += events->size();
  }
  EXPECT_EQ(total, 100U);
}

TEST(EventLog, CutAtEveryByteKeepsExactlyTheWholeEvents) {
  const TemporaryDir whole;
  const std::string bytes = bytes_of(three_events(whole.path()));
  std::vector<std::size_t> ends;
  for (std::size_t at = 0; at < bytes.size();) {
    at += decode_record(std::string_view(bytes).substr(at)).size;
    ends.push_back(at);
  }
  ASSERT_EQ(ends.size(), 3U);
  const TemporaryDir dir;
  const fs::path file = three_events(dir.path());
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    write_bytes(file, std::string_view(bytes).substr(0, cut));
    auto log = PartitionLog::open(file);
    ASSERT_TRUE(log) << log.error().message();
    std::size_t kept = 0;
    while (kept < 3 && ends[kept] <= cut) ++kept;
    ASSERT_EQ(log->end(), kept) << "cut at " << cut;
    EXPECT_EQ(log->dropped_bytes(), cut - (kept == 0 ? 0 : ends[kept - 1]));
    EXPECT_EQ(*log->append(record("k", "after")), kept) << "the log goes on where the prefix ended";
    EXPECT_EQ(log->read(kept, 1)->at(0).payload, "after");
  }
}

TEST(EventLog, DamageInTheMiddleKeepsThePrefixOnly) {
  const TemporaryDir dir;
  const fs::path file = three_events(dir.path());
  const std::string bytes = bytes_of(file);
  const std::size_t first = decode_record(bytes).size;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x55);
    write_bytes(file, damaged);
    const auto log = PartitionLog::open(file);
    ASSERT_TRUE(log);
    EXPECT_LE(log->end(), at < first ? 0U : 2U) << "byte " << at;
  }
}

TEST(EventLog, OffsetsFileCutAtEveryByteNeverRunsAhead) {
  const TemporaryDir dir;
  three_events(dir.path());
  const std::uint32_t partition = EventLog::partition_of("k");
  {
    auto log = EventLog::open(dir.path());
    for (const std::uint64_t next : {1U, 2U, 3U}) ASSERT_TRUE(log->commit("mail", "live.t", partition, next));
  }
  const std::string bytes = bytes_of(dir.path() / "offsets.log");
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    write_bytes(dir.path() / "offsets.log", std::string_view(bytes).substr(0, cut));
    const auto log = EventLog::open(dir.path());
    ASSERT_TRUE(log) << log.error().message();
    EXPECT_EQ(log->committed("mail", "live.t", partition), cut * 3 / bytes.size()) << "cut at " << cut;
  }
}

TEST(EventLog, ACommitNeverGoesBackNorBeyondTheEnd) {
  const TemporaryDir dir;
  three_events(dir.path());
  auto log = EventLog::open(dir.path());
  const std::uint32_t partition = EventLog::partition_of("k");
  ASSERT_TRUE(log->commit("mail", "live.t", partition, 2));
  ASSERT_TRUE(log->commit("mail", "live.t", partition, 1));
  EXPECT_EQ(log->committed("mail", "live.t", partition), 2U);
  ASSERT_TRUE(log->commit("mail", "live.t", partition, 99));
  EXPECT_EQ(log->committed("mail", "live.t", partition), 3U);
  EXPECT_FALSE(log->commit("mail", "live.t", EventLog::kPartitions, 1));
}

TEST(EventLog, ReadsInPiecesOfAtMostAMebibyte) {
  const TemporaryDir dir;
  auto log = EventLog::open(dir.path());
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(log->append("live.t", record("k", std::string(200'000, 'x'))));
  const std::uint32_t partition = EventLog::partition_of("k");
  std::uint64_t at = 0;
  while (at < 20) {
    const auto events = log->read("live.t", partition, at, 1000);
    ASSERT_TRUE(events);
    ASSERT_GE(events->size(), 1U);
    ASSERT_LE(events->size(), 6U);
    EXPECT_EQ(events->front().offset, at);
    at += events->size();
  }
  EXPECT_TRUE(log->read("live.t", partition, 20, 10)->empty());
  EXPECT_TRUE(log->read("live.unknown", partition, 0, 10)->empty());
  EXPECT_TRUE(EventLog::open(dir.path())) << "recovery reads pieces too";
  EXPECT_EQ(EventLog::open(dir.path())->end("live.t", partition), 20U);
}

TEST(EventLog, TopicNamesAreSafeAsFolderNames) {
  for (const char* good : {"live.order.created", "shadow.a-b.1", "x"}) EXPECT_TRUE(EventLog::valid_topic(good)) << good;
  for (const char* bad : {"", ".", "..", "../x", "a/b", "A", "1a", "a b", "a\n"})
    EXPECT_FALSE(EventLog::valid_topic(bad)) << bad;
  EXPECT_TRUE(EventLog::valid_topic(std::string(64, 'a')));
  EXPECT_FALSE(EventLog::valid_topic(std::string(65, 'a')));
}

}  // namespace
}  // namespace tidemark::shop
