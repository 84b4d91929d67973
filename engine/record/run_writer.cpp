#include "engine/record/run_writer.h"

#include <fcntl.h>
#include <unistd.h>

#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>

#include "engine/record/create_run_writer.h"
#include "engine/record/manifest.h"
#include "engine/record/record_lines.h"

namespace tidemark::record {
namespace {

enum Growing : std::size_t {
  kIntervals,
  kSeries,
  kWatermarks,
  kSpans,
  kEvents,
  kFailures
};  // positions in kGrowingFiles

std::string format_document(const nlohmann::json& json) {
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

// Makes the names of new files durable, which syncing the files does not.
void sync_directory(const std::filesystem::path& dir) {
  const int descriptor = ::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  ::fsync(descriptor);
  ::close(descriptor);
}

Result<void> prepare_directory(const std::filesystem::path& dir) {
  std::error_code error;
  std::filesystem::create_directories(dir, error);
  if (error) return fail(ExitCode::partial_record, dir.string(), "cannot be created: " + error.message());
  if (std::filesystem::exists(dir / kManifestFile, error)) {
    return fail(ExitCode::usage, dir.string(), "holds a run already", "choose another directory with --out");
  }
  return {};
}

}  // namespace

struct RunWriter::Impl {
  std::filesystem::path dir;  // immutable, with `write`
  WriteFunction write;

  std::mutex mutex;  // covers all that follows
  std::vector<AppendFile> growing;
  std::optional<AppendFile> checksums;
  std::optional<Error> failed;  // the first; nothing is kept or written after it

  void append(Growing file, const std::string& lines) {
    const std::lock_guard lock(mutex);
    append_locked(file, lines);
  }

  void append_locked(Growing file, const std::string& lines) {
    if (!failed) growing[file].append(lines);
  }

  // Writes all that is pending, then in one write the lines that vouch for it: a reader sees a batch whole or not at
  // all.
  Result<void> seal() {
    if (failed) return tl::make_unexpected(*failed);
    std::string lines;
    for (AppendFile& file : growing) {
      if (!file.has_pending()) continue;
      const auto line = file.flush();
      if (!line) return keep(line.error());
      lines += format_checksum_line(*line);
    }
    return vouch(lines);
  }

  Result<void> vouch(const std::string& lines) {
    checksums->append(lines);
    const auto flushed = checksums->flush();
    if (!flushed) return keep(flushed.error());
    return {};
  }

  // A file that is written once: its bytes first, durable, and then the line that vouches for them.
  Result<void> write_document(std::string_view name, const nlohmann::json& json) {
    auto file = AppendFile::create(dir, name, write);
    if (!file) return keep(file.error());
    file->append(format_document(json));
    const auto line = file->flush();
    if (!line) return keep(line.error());
    if (const auto synced = file->sync(); !synced) return keep(synced.error());
    return vouch(format_checksum_line(*line));
  }

  Result<void> sync() {
    for (AppendFile& file : growing) {
      if (const auto synced = file.sync(); !synced) return keep(synced.error());
    }
    if (const auto synced = checksums->sync(); !synced) return keep(synced.error());
    sync_directory(dir);
    return {};
  }

  Result<void> open(const nlohmann::json& manifest) {
    auto checksum_file = AppendFile::create(dir, kChecksumsFile, write);
    if (!checksum_file) return keep(checksum_file.error());
    checksums.emplace(std::move(*checksum_file));
    growing.reserve(kGrowingFiles.size());
    for (const std::string_view name : kGrowingFiles) {
      auto file = AppendFile::create(dir, name, write);
      if (!file) return keep(file.error());
      growing.push_back(std::move(*file));
    }
    growing[kIntervals].append(format_intervals_header(manifest.at("clock").at("wall_ns").get<std::int64_t>()));
    if (const auto written = write_document(kManifestFile, manifest); !written) return written;
    if (const auto sealed = seal(); !sealed) return sealed;
    return sync();
  }

  Result<void> keep(const Error& error) {
    failed = error;
    return tl::make_unexpected(error);
  }
};

RunWriter::RunWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RunWriter::~RunWriter() = default;

Result<std::unique_ptr<RunWriter>> create_run_writer(const std::filesystem::path& dir, const nlohmann::json& manifest,
                                                     WriteFunction write) {
  if (auto checked = check_manifest(manifest, (dir / kManifestFile).string()); !checked) {
    return tl::make_unexpected(checked.error());
  }
  if (auto prepared = prepare_directory(dir); !prepared) return tl::make_unexpected(prepared.error());
  auto impl = std::make_unique<RunWriter::Impl>();
  impl->dir = dir;
  impl->write = std::move(write);
  if (auto opened = impl->open(manifest); !opened) return tl::make_unexpected(opened.error());
  return std::unique_ptr<RunWriter>(new RunWriter(std::move(impl)));
}

Result<std::unique_ptr<RunWriter>> RunWriter::create(const std::filesystem::path& dir, const nlohmann::json& manifest) {
  return create_run_writer(dir, manifest, ::write);
}

void RunWriter::second(const Interval& interval, const std::vector<StepInterval>& steps) {
  // Encoded before the lock is taken: other threads wait only for the copy.
  const std::string histograms = format_interval(interval.start_s, interval.length_s, interval.total);
  std::string lines = format_series(interval.start_s, interval.total, &interval.flows);
  for (const StepInterval& step : steps) lines += format_series(interval.start_s, step, nullptr);
  const std::lock_guard lock(impl_->mutex);  // one for both: a seal() from another thread takes the second whole
  impl_->append_locked(kIntervals, histograms);
  impl_->append_locked(kSeries, lines);
}

void RunWriter::window(double start_s, double length_s, const std::vector<StepInterval>& steps) {
  std::string lines;
  for (const StepInterval& step : steps) lines += format_interval(start_s, length_s, step);
  impl_->append(kIntervals, lines);
}

void RunWriter::watermark(const WatermarkSample& sample) {
  impl_->append(kWatermarks, format_json_line(sample));
}

void RunWriter::span(const Span& span) {
  impl_->append(kSpans, format_json_line(span));
}

void RunWriter::event(double t_s, const std::string& kind, const nlohmann::json& fields) {
  impl_->append(kEvents, format_event(t_s, kind, fields));
}

void RunWriter::failure(const nlohmann::json& exchange) {
  impl_->append(kFailures, exchange.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

Result<void> RunWriter::seal() {
  const std::lock_guard lock(impl_->mutex);
  return impl_->seal();
}

Result<void> RunWriter::finish(const Summary& summary) {
  const std::lock_guard lock(impl_->mutex);
  if (auto sealed = impl_->seal(); !sealed) return sealed;
  // What the summary sums up is on disk before the summary is.
  if (auto synced = impl_->sync(); !synced) return synced;
  if (auto written = impl_->write_document(kSummaryFile, summary); !written) return written;
  return impl_->sync();
}

const std::filesystem::path& RunWriter::dir() const {
  return impl_->dir;
}

}  // namespace tidemark::record
