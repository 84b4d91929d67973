#include "scenarios/shop/event_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

#include "engine/record/crc32c.h"

namespace tidemark::shop {

namespace fs = std::filesystem;

namespace {
constexpr std::size_t kReadPiece = 1024 * 1024;

// Calls `each(record, position)` for every valid record from the front and returns where the valid prefix ends.
template <class Each>
Result<std::uint64_t> scan(const AppendFile& file, Each each) {
  std::uint64_t at = 0;
  std::size_t piece = kReadPiece;
  while (at < file.size()) {
    auto bytes = file.read(at, piece);
    if (!bytes) return tl::make_unexpected(bytes.error());
    std::string_view rest = *bytes;
    const std::uint64_t before = at;
    DecodedRecord decoded = decode_record(rest);
    for (; decoded.kind == DecodedRecord::Kind::record; decoded = decode_record(rest)) {
      if (!each(decoded.event, at)) return at;
      at += decoded.size;
      rest.remove_prefix(decoded.size);
    }
    if (decoded.kind == DecodedRecord::Kind::damaged) return at;
    // Torn within the piece, not yet within the file: go on from here, with a larger piece if a single record did not
    // fit.
    if (before + bytes->size() >= file.size()) return at;
    if (at == before) piece = kRecordHeader + kMaxRecordBody;
  }
  return at;
}

}  // namespace

Error AppendFile::problem(const char* doing) const {
  return Error{ExitCode::environment, path_.string(), std::string(doing) + ": " + std::strerror(errno), {}};
}

Result<AppendFile> AppendFile::open(const fs::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_APPEND, 0600);
  if (descriptor < 0) return fail(ExitCode::environment, path.string(), std::string("open: ") + std::strerror(errno));
  const off_t size = ::lseek(descriptor, 0, SEEK_END);
  return AppendFile(descriptor, static_cast<std::uint64_t>(size), path);
}

AppendFile::AppendFile(AppendFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), size_(other.size_), path_(std::move(other.path_)) {}

AppendFile::~AppendFile() {
  if (descriptor_ < 0) return;
  ::fdatasync(descriptor_);
  ::close(descriptor_);
}

Result<void> AppendFile::append(std::string_view bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t wrote = ::write(descriptor_, bytes.data() + done, bytes.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) {
      const Error error = problem("append");
      if (done > 0) static_cast<void>(::ftruncate(descriptor_, static_cast<off_t>(size_)));
      return tl::make_unexpected(error);
    }
    done += static_cast<std::size_t>(wrote);
  }
  size_ += bytes.size();
  return {};
}

Result<std::string> AppendFile::read(std::uint64_t at, std::size_t size) const {
  std::string bytes(std::min<std::uint64_t>(size, size_ - std::min(at, size_)), '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got = ::pread(descriptor_, bytes.data() + done, bytes.size() - done, static_cast<off_t>(at + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return tl::make_unexpected(problem("read"));
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  bytes.resize(done);
  return bytes;
}

Result<void> AppendFile::truncate(std::uint64_t size) {
  if (::ftruncate(descriptor_, static_cast<off_t>(size)) != 0) return tl::make_unexpected(problem("truncate"));
  size_ = size;
  return {};
}

Result<PartitionLog> PartitionLog::open(const fs::path& path) {
  auto file = AppendFile::open(path);
  if (!file) return tl::make_unexpected(file.error());
  PartitionLog log(std::move(*file));
  const auto valid = scan(log.file_, [&](const EventRecord& record, std::uint64_t at) {
    if (record.offset != log.starts_.size()) return false;
    log.starts_.push_back(at);
    return true;
  });
  if (!valid) return tl::make_unexpected(valid.error());
  log.dropped_ = log.file_.size() - *valid;
  if (log.dropped_ > 0) {
    if (const auto cut = log.file_.truncate(*valid); !cut) return tl::make_unexpected(cut.error());
  }
  return log;
}

Result<std::uint64_t> PartitionLog::append(EventRecord record) {
  record.offset = starts_.size();
  const std::uint64_t at = file_.size();
  if (const auto done = file_.append(encode_record(record)); !done) return tl::make_unexpected(done.error());
  starts_.push_back(at);
  return record.offset;
}

Result<std::vector<EventRecord>> PartitionLog::read(std::uint64_t offset, std::size_t max) const {
  std::vector<EventRecord> records;
  if (offset >= starts_.size() || max == 0) return records;
  const std::uint64_t first = starts_[offset];
  std::uint64_t last = offset;  // one past the last record to read
  std::uint64_t stop = first;
  while (last < starts_.size() && last - offset < max && (last == offset || stop - first < kReadPiece)) {
    ++last;
    stop = last < starts_.size() ? starts_[last] : file_.size();
  }
  const auto bytes = file_.read(first, stop - first);
  if (!bytes) return tl::make_unexpected(bytes.error());
  std::string_view rest = *bytes;
  for (; offset < last; ++offset) {
    DecodedRecord decoded = decode_record(rest);
    if (decoded.kind != DecodedRecord::Kind::record) {
      return fail(ExitCode::environment, "event log",
                  "record " + std::to_string(offset) + " was damaged after it was written");
    }
    rest.remove_prefix(decoded.size);
    records.push_back(std::move(decoded.event));
  }
  return records;
}

bool EventLog::valid_topic(std::string_view topic) {
  if (topic.empty() || topic.size() > 64 || topic[0] < 'a' || topic[0] > 'z') return false;
  return std::all_of(topic.begin(), topic.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-'; });
}

std::uint32_t EventLog::partition_of(std::string_view key) {
  return record::crc32c(key) % kPartitions;
}

Result<EventLog> EventLog::open(const fs::path& dir) {
  std::error_code error;
  fs::create_directories(dir / "topics", error);
  if (error) return fail(ExitCode::environment, dir.string(), "create: " + error.message());
  const auto old = AppendFile::open(dir / "offsets.log");
  if (!old) return tl::make_unexpected(old.error());
  auto fresh = AppendFile::open(dir / "offsets.new");
  if (!fresh) return tl::make_unexpected(fresh.error());
  EventLog log(dir, std::move(*fresh));
  for (const auto& entry : fs::directory_iterator(dir / "topics", error)) {
    const std::string topic = entry.path().filename().string();
    if (!entry.is_directory() || !valid_topic(topic)) continue;
    if (const auto loaded = log.load_topic(topic); !loaded) return tl::make_unexpected(loaded.error());
  }
  if (const auto loaded = log.load_offsets(*old); !loaded) return tl::make_unexpected(loaded.error());
  return log;
}

Result<void> EventLog::load_topic(const std::string& topic) {
  const fs::path folder = dir_ / "topics" / topic;
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return fail(ExitCode::environment, folder.string(), "create: " + error.message());
  std::vector<PartitionLog> partitions;
  for (std::uint32_t p = 0; p < kPartitions; ++p) {
    auto opened = PartitionLog::open(folder / (std::to_string(p) + ".log"));
    if (!opened) return tl::make_unexpected(opened.error());
    dropped_ += opened->dropped_bytes();
    partitions.push_back(std::move(*opened));
  }
  topics_.emplace(topic, std::move(partitions));
  return {};
}

// A commit is a record too: key = group, tag = topic, payload = partition, offset = the committed one.
Result<void> EventLog::load_offsets(const AppendFile& old) {
  const auto valid = scan(old, [&](const EventRecord& record, std::uint64_t) {
    std::uint32_t partition = kPartitions;
    const char* last = record.payload.data() + record.payload.size();
    std::from_chars(record.payload.data(), last, partition);
    if (partition >= kPartitions) return false;
    subscribe(record.key, record.tag);
    // A topic whose tail was cut off may end before what had been committed in it.
    committed_[record.key][record.tag][partition] = std::min(record.offset, end(record.tag, partition));
    return true;
  });
  if (!valid) return tl::make_unexpected(valid.error());
  dropped_ += old.size() - *valid;
  // Compacted into the new file: one record for each group, topic and partition.
  std::string kept;
  for (const auto& [group, topics] : committed_) {
    for (const auto& [topic, partitions] : topics) {
      for (std::uint32_t p = 0; p < kPartitions; ++p) {
        if (partitions[p] > 0) kept += encode_record({partitions[p], 0, group, topic, {}, {}, std::to_string(p)});
      }
    }
  }
  if (const auto cut = offsets_.truncate(0); !cut) return cut;
  if (const auto written = offsets_.append(kept); !written) return written;
  std::error_code error;
  fs::rename(dir_ / "offsets.new", dir_ / "offsets.log", error);
  if (error) return fail(ExitCode::environment, dir_.string(), "rename offsets.new: " + error.message());
  return {};
}

Result<EventLog::Position> EventLog::append(const std::string& topic, EventRecord record) {
  if (!topics_.contains(topic)) {
    if (const auto created = load_topic(topic); !created) return tl::make_unexpected(created.error());
  }
  const std::uint32_t partition = partition_of(record.key);
  const auto offset = topics_.at(topic)[partition].append(std::move(record));
  if (!offset) return tl::make_unexpected(offset.error());
  return Position{partition, *offset};
}

Result<std::vector<EventRecord>> EventLog::read(const std::string& topic, std::uint32_t partition, std::uint64_t offset,
                                                std::size_t max) const {
  const auto found = topics_.find(topic);
  if (found == topics_.end() || partition >= kPartitions) return std::vector<EventRecord>{};
  return found->second[partition].read(offset, max);
}

std::vector<std::string> EventLog::topics() const {
  std::vector<std::string> names;
  for (const auto& [topic, partitions] : topics_) names.push_back(topic);
  return names;
}

std::uint64_t EventLog::end(const std::string& topic, std::uint32_t partition) const {
  const auto found = topics_.find(topic);
  return found == topics_.end() || partition >= kPartitions ? 0 : found->second[partition].end();
}

void EventLog::subscribe(const std::string& group, const std::string& topic) {
  committed_[group].try_emplace(topic, kPartitions, 0);
}

Result<void> EventLog::commit(const std::string& group, const std::string& topic, std::uint32_t partition,
                              std::uint64_t next) {
  if (partition >= kPartitions) return fail(ExitCode::usage, topic, "no partition " + std::to_string(partition));
  next = std::min(next, end(topic, partition));
  if (next <= committed(group, topic, partition)) return {};
  if (auto kept = offsets_.append(encode_record({next, 0, group, topic, {}, {}, std::to_string(partition)})); !kept)
    return kept;
  subscribe(group, topic);
  committed_[group][topic][partition] = next;
  return {};
}

std::uint64_t EventLog::committed(const std::string& group, const std::string& topic, std::uint32_t partition) const {
  const auto by_topic = committed_.find(group);
  if (by_topic == committed_.end() || partition >= kPartitions) return 0;
  const auto found = by_topic->second.find(topic);
  return found == by_topic->second.end() ? 0 : found->second[partition];
}

std::uint64_t EventLog::lag() const {
  std::uint64_t behind = 0;
  for (const auto& [group, topics] : committed_) {
    for (const auto& [topic, partitions] : topics) {
      for (std::uint32_t p = 0; p < kPartitions; ++p) behind += end(topic, p) - partitions[p];
    }
  }
  return behind;
}

}  // namespace tidemark::shop
