#include "engine/record/sealed_files.h"

#include <fmt/format.h>

#include <fstream>
#include <limits>
#include <set>

#include "engine/record/crc32c.h"
#include "engine/record/run_files.h"

namespace tidemark::record {
namespace {

// A regular file with its size; a directory, a pipe or nothing at all is "missing".
struct OpenFile {
  std::ifstream stream;
  std::uint64_t size = 0;
  bool found = false;

  explicit OpenFile(const std::filesystem::path& path) {
    std::error_code error;
    if (!std::filesystem::is_regular_file(path, error)) return;
    stream.open(path, std::ios::binary);
    const std::uint64_t bytes = std::filesystem::file_size(path, error);
    found = stream.is_open() && !error;
    if (found) size = bytes;
  }

  bool read(std::uint64_t offset, std::uint64_t length, std::string& out) {
    out.resize(length);
    stream.seekg(static_cast<std::streamoff>(offset));
    stream.read(out.data(), static_cast<std::streamsize>(length));
    return stream.good() || (stream.eof() && static_cast<std::uint64_t>(stream.gcount()) == length);
  }
};

}  // namespace

Result<SealedFiles> SealedFiles::open(const std::filesystem::path& dir) {
  OpenFile file(dir / kChecksumsFile);
  std::string text;
  if (!file.found) {
    return fail(ExitCode::partial_record, (dir / kChecksumsFile).string(), "cannot be read",
                "is this a run directory?");
  }
  if (!file.read(0, file.size, text)) {
    return fail(ExitCode::partial_record, (dir / kChecksumsFile).string(), "cannot be read");
  }
  SealedFiles files(dir);
  files.index(text);
  return files;
}

void SealedFiles::index(std::string_view text) {
  std::set<std::string, std::less<>> closed;  // files with a gap: what follows it is no prefix
  std::size_t offset = 0;
  while (offset < text.size()) {
    const std::size_t end = text.find('\n', offset);
    if (end == std::string_view::npos) {
      return report(
          fmt::format("{}: {} bytes from offset {} are no whole line", kChecksumsFile, text.size() - offset, offset));
    }
    const auto line = parse_checksum_line(text.substr(offset, end - offset));
    if (!line) {
      report(fmt::format("{}: {} bytes from offset {} fail their checksum", kChecksumsFile, end + 1 - offset, offset));
    } else if (!closed.contains(line->file)) {
      std::vector<ChecksumLine>& known = batches_[line->file];
      const std::uint64_t expected = known.empty() ? 0 : known.back().offset + known.back().length;
      if (line->offset != expected || line->length > std::numeric_limits<std::uint64_t>::max() - line->offset) {
        report(fmt::format("{}: the checksum of what starts at offset {} is missing", line->file, expected));
        closed.insert(line->file);
      } else {
        known.push_back(*line);
      }
    }
    offset = end + 1;
  }
}

void SealedFiles::read(std::string_view name,
                       const std::function<bool(std::string_view bytes, std::uint64_t offset)>& sink) {
  OpenFile file(dir_ / name);
  if (!file.found) return report(fmt::format("{}: missing", name));
  const auto found = batches_.find(name);
  std::uint64_t end = 0;
  std::string bytes;
  if (found != batches_.end()) {
    for (const ChecksumLine& batch : found->second) {
      if (batch.offset + batch.length > file.size) {
        return report(fmt::format("{}: ends at {}, {} bytes before the end of what was sealed", name, file.size,
                                  batch.offset + batch.length - file.size));
      }
      if (!file.read(batch.offset, batch.length, bytes) || crc32c(bytes) != batch.crc32c) {
        return report(fmt::format("{}: {} bytes from offset {} fail their checksum", name, batch.length, batch.offset));
      }
      end = batch.offset + batch.length;
      if (!sink(bytes, batch.offset)) return;
    }
  }
  if (end < file.size) report(fmt::format("{}: {} bytes from offset {} were never sealed", name, file.size - end, end));
}

std::string SealedFiles::read_document(std::string_view name) {
  const std::size_t problems = damage_.size();
  std::string text;
  read(name, [&](std::string_view bytes, std::uint64_t) {
    text += bytes;
    return true;
  });
  return damage_.size() == problems ? text : std::string();
}

void SealedFiles::read_lines(std::string_view name,
                             const std::function<Result<void>(std::string_view line, const std::string& place)>& sink) {
  std::size_t number = 0;
  read(name, [&](std::string_view bytes, std::uint64_t) {
    while (!bytes.empty()) {
      const std::string place = fmt::format("{}:{}", name, ++number);
      const std::size_t end = bytes.find('\n');
      const auto taken = end == std::string_view::npos ? fail(ExitCode::partial_record, place, "is no whole line")
                                                       : sink(bytes.substr(0, end), place);
      if (!taken) {
        report(taken.error().message());
        return false;
      }
      bytes.remove_prefix(end + 1);
    }
    return true;
  });
}

}  // namespace tidemark::record
