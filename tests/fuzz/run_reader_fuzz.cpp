// read_run on a good directory in which one file is replaced: the input's first byte picks the file, the rest is its
// content. An even multiple of the number of files adds the checksum lines that vouch for the content, so that the
// parsers behind the checksums are reached too.
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "engine/record/checksum_line.h"
#include "engine/record/crc32c.h"
#include "engine/record/run_files.h"
#include "engine/record/run_reader.h"
#include "engine/record/run_writer.h"

namespace {

using namespace tidemark;
using namespace tidemark::record;

constexpr std::array<std::string_view, 9> kFiles = {kChecksumsFile, kManifestFile, kSummaryFile,
                                                    kIntervalsFile, kSeriesFile,   kWatermarksFile,
                                                    kSpansFile,     kEventsFile,   kFailuresFile};

void require(bool holds) {
  if (!holds) std::abort();
}

void write_file(const std::filesystem::path& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

struct GoodRun {
  std::filesystem::path dir;
  std::map<std::string, std::string, std::less<>> files;

  GoodRun() {
    const std::filesystem::path memory = "/dev/shm";
    const auto parent = ::access(memory.c_str(), W_OK) == 0 ? memory : std::filesystem::temp_directory_path();
    std::string name = (parent / "tidemark-fuzz-XXXXXX").string();
    require(::mkdtemp(name.data()) != nullptr);
    dir = name;
    const nlohmann::json manifest = {{"schema", kManifestSchema},
                                     {"run_id", "1"},
                                     {"kind", "run"},
                                     {"seed", 1},
                                     {"tidemark_version", "0.1.0"},
                                     {"started_at", "2026-01-02T03:04:05Z"},
                                     {"clock", {{"monotonic_ns", 1}, {"wall_ns", 1}}},
                                     {"host", {{"name", "h"}, {"cores", 1}, {"kernel", "k"}}},
                                     {"scenario", nlohmann::json::object()},
                                     {"steps", {"a"}}};
    auto writer = RunWriter::create(dir, manifest);
    require(writer.has_value());
    StepInterval step;
    step.step = "a";
    step.response.record(100);
    (*writer)->second({}, {step});
    (*writer)->window(0, 1, {step});
    WatermarkSample sample;
    sample.node = "a-1";
    (*writer)->watermark(sample);
    (*writer)->event(0, "stage", nlohmann::json::object());
    require((*writer)->finish(Summary{}).has_value());
    for (const std::string_view file : kFiles) {
      std::ifstream stream(dir / file, std::ios::binary);
      files[std::string(file)] = {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
    }
  }
  ~GoodRun() {
    std::error_code ignored;
    std::filesystem::remove_all(dir, ignored);
  }

  // Checksums of all files as they are now, each as one batch.
  std::string checksums_with(std::string_view replaced, std::string_view content) const {
    std::string lines;
    for (const auto& [name, bytes] : files) {
      if (name == kChecksumsFile) continue;
      const std::string_view now = name == replaced ? content : std::string_view(bytes);
      lines += format_checksum_line({name, 0, now.size(), crc32c(now)});
    }
    return lines;
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const GoodRun run;
  if (size == 0) return 0;
  const std::string_view file = kFiles[data[0] % kFiles.size()];
  const bool vouched = data[0] / kFiles.size() % 2 == 0;
  const std::string_view content(reinterpret_cast<const char*>(data) + 1, size - 1);
  write_file(run.dir / file, content);
  if (vouched && file != kChecksumsFile) write_file(run.dir / kChecksumsFile, run.checksums_with(file, content));

  const auto record = read_run(run.dir);
  if (record) {
    const bool damaged = !record->damage.empty();
    require(record->partial || !damaged);
    // Lines of checksums.ndjson may stand in another order without saying anything else.
    const bool changed = file != kChecksumsFile && content != run.files.find(file)->second;
    if (!vouched && changed) require(record->partial && damaged);
    const Summary summary = record->summary();
    require(summary.partial == record->partial);
  }
  (void)read_spans(run.dir, [](const Span&) {});

  write_file(run.dir / file, run.files.find(file)->second);
  write_file(run.dir / kChecksumsFile, run.files.find(kChecksumsFile)->second);
  return 0;
}
