#include "engine/record/append_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "engine/record/crc32c.h"

namespace tidemark::record {

AppendFile::AppendFile(std::filesystem::path path, int descriptor, WriteFunction write)
    : path_(std::move(path)), descriptor_(descriptor), write_(std::move(write)) {}

AppendFile::AppendFile(AppendFile&& other) noexcept
    : path_(std::move(other.path_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      write_(std::move(other.write_)),
      pending_(std::move(other.pending_)),
      written_(other.written_) {}

AppendFile::~AppendFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Error AppendFile::io_error(const std::string& action, int number) const {
  return Error{ExitCode::partial_record, path_.string(), action + ": " + std::generic_category().message(number),
               number == ENOSPC ? "free some space; what was sealed before can still be read"
                                : "what was sealed before can still be read"};
}

Result<AppendFile> AppendFile::create(const std::filesystem::path& dir, std::string_view name, WriteFunction write) {
  AppendFile file(dir / name, -1, std::move(write));
  file.descriptor_ = ::open(file.path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (file.descriptor_ < 0) return tl::make_unexpected(file.io_error("cannot be created", errno));
  return file;
}

Result<ChecksumLine> AppendFile::flush() {
  std::string_view rest = pending_;
  while (!rest.empty()) {
    const ssize_t count = write_(descriptor_, rest.data(), rest.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      const std::uint64_t at = written_ + (pending_.size() - rest.size());
      return tl::make_unexpected(
          io_error(fmt::format("cannot write {} bytes at offset {}", rest.size(), at), count < 0 ? errno : EIO));
    }
    rest.remove_prefix(static_cast<std::size_t>(count));
  }
  const ChecksumLine line{path_.filename().string(), written_, pending_.size(), crc32c(pending_)};
  written_ += pending_.size();
  pending_.clear();
  return line;
}

Result<void> AppendFile::sync() {
  if (::fsync(descriptor_) != 0) return tl::make_unexpected(io_error("cannot be synced", errno));
  return {};
}

}  // namespace tidemark::record
