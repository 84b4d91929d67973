// The events node's disk: one append-only file for each (topic, partition), and one for the offsets that consumer
// groups have committed. An append is one write(2), so an acknowledged event survives the death of the process; the
// files are synced when the log is closed. Opening reads every file whole, keeps the longest valid prefix and cuts the
// rest off. Blocking, but only on the page cache. Not thread-safe: one owner.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "scenarios/shop/event_record.h"

namespace tidemark::shop {

class AppendFile {  // a file descriptor that appends and reads at a position
 public:
  static Result<AppendFile> open(const std::filesystem::path& path);
  AppendFile(AppendFile&& other) noexcept;
  AppendFile& operator=(AppendFile&&) = delete;
  ~AppendFile();  // syncs

  Result<void> append(std::string_view bytes);
  Result<std::string> read(std::uint64_t at, std::size_t size) const;  // shorter at the end of the file
  Result<void> truncate(std::uint64_t size);
  std::uint64_t size() const { return size_; }

 private:
  AppendFile(int descriptor, std::uint64_t size, std::filesystem::path path)
      : descriptor_(descriptor), size_(size), path_(std::move(path)) {}
  Error problem(const char* doing) const;

  int descriptor_;
  std::uint64_t size_;
  std::filesystem::path path_;
};

class PartitionLog {
 public:
  static Result<PartitionLog> open(const std::filesystem::path& path);

  // Sets record.offset. Errors (exit 4) leave the log as it was.
  Result<std::uint64_t> append(EventRecord record);
  // From `offset` on, at most `max` records, and no more than 1 MiB beyond the first.
  Result<std::vector<EventRecord>> read(std::uint64_t offset, std::size_t max) const;
  std::uint64_t end() const { return starts_.size(); }      // offset of the next record
  std::uint64_t dropped_bytes() const { return dropped_; }  // cut off by open()

 private:
  explicit PartitionLog(AppendFile file) : file_(std::move(file)) {}

  AppendFile file_;
  std::vector<std::uint64_t> starts_;  // byte position of each record
  std::uint64_t dropped_ = 0;
};

class EventLog {
 public:
  static constexpr std::uint32_t kPartitions = 8;

  static Result<EventLog> open(const std::filesystem::path& dir);
  static std::uint32_t partition_of(std::string_view key);
  // [a-z0-9.-]{1,64}, beginning with a letter: it becomes a folder's name.
  static bool valid_topic(std::string_view topic);

  struct Position {
    std::uint32_t partition = 0;
    std::uint64_t offset = 0;
  };
  // `topic` with its world, valid. The partition follows from record.key.
  Result<Position> append(const std::string& topic, EventRecord record);
  // Nothing for an unknown topic or partition.
  Result<std::vector<EventRecord>> read(const std::string& topic, std::uint32_t partition, std::uint64_t offset,
                                        std::size_t max) const;
  std::vector<std::string> topics() const;
  std::uint64_t end(const std::string& topic, std::uint32_t partition) const;

  // Offset of the first event that `group` has not finished. Committing never goes back nor beyond the end.
  Result<void> commit(const std::string& group, const std::string& topic, std::uint32_t partition, std::uint64_t next);
  std::uint64_t committed(const std::string& group, const std::string& topic, std::uint32_t partition) const;
  // Makes a topic count in the lag of a group that has not committed in it yet.
  void subscribe(const std::string& group, const std::string& topic);
  // Events appended and not yet finished, summed over groups and the topics they subscribe to.
  std::uint64_t lag() const;
  std::uint64_t dropped_bytes() const { return dropped_; }

 private:
  explicit EventLog(std::filesystem::path dir, AppendFile offsets)
      : dir_(std::move(dir)), offsets_(std::move(offsets)) {}
  Result<void> load_offsets(const AppendFile& old);
  Result<void> load_topic(const std::string& topic);

  const std::filesystem::path dir_;
  AppendFile offsets_;
  std::map<std::string, std::vector<PartitionLog>> topics_;
  std::map<std::string, std::map<std::string, std::vector<std::uint64_t>>>
      committed_;  // group -> topic -> by partition
  std::uint64_t dropped_ = 0;
};

}  // namespace tidemark::shop
