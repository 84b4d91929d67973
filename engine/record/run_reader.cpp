#include "engine/record/run_reader.h"

#include <array>

#include "engine/record/manifest.h"
#include "engine/record/record_lines.h"
#include "engine/record/sealed_files.h"

namespace tidemark::record {
namespace {

// Puts the three lines of a step's interval together: they stand in the order of kClocks, nothing between them.
class IntervalAssembler {
 public:
  explicit IntervalAssembler(RunRecord& record) : record_(record) {}

  Result<void> take(std::string_view line, const std::string& place) {
    const bool is_legend = line.starts_with('#') || line.starts_with('"');
    if (is_legend) return {};
    auto parsed = parse_interval(line, place);
    if (!parsed) return tl::make_unexpected(parsed.error());
    if (parsed->tag.clock != kClocks[held_]) {
      return fail(ExitCode::partial_record, place, "clocks are not in the order response, service, lag");
    }
    if (held_ == 0) {
      window_.start_s = parsed->start_s;
      window_.length_s = parsed->length_s;
      window_.step = std::move(parsed->tag.step);
      window_.response = std::move(parsed->histogram);
    } else if (parsed->tag.step != window_.step || parsed->start_s != window_.start_s ||
               parsed->length_s != window_.length_s) {
      return fail(ExitCode::partial_record, place, "does not belong to the line before it");
    } else {
      (held_ == 1 ? window_.service : window_.lag) = std::move(parsed->histogram);
    }
    if (++held_ < kClocks.size()) return {};
    held_ = 0;
    (window_.step.empty() ? record_.seconds : record_.windows).push_back(std::move(window_));
    return {};
  }

 private:
  RunRecord& record_;
  WindowRecord window_;
  std::size_t held_ = 0;  // lines of window_ seen so far
};

// A sink that parses each line as JSON, then as T, and keeps it.
template <class T>
auto keep_parsed(std::vector<T>& out, Result<T> (*parse)(const nlohmann::json&, std::string_view)) {
  return [&out, parse](std::string_view line, const std::string& place) -> Result<void> {
    auto parsed = parse(nlohmann::json::parse(line, nullptr, false), place);
    if (!parsed) return tl::make_unexpected(parsed.error());
    out.push_back(std::move(*parsed));
    return {};
  };
}

std::optional<Summary> read_summary(const std::filesystem::path& dir, SealedFiles& files) {
  std::error_code error;
  const bool was_killed = !files.knows(kSummaryFile) && !std::filesystem::exists(dir / kSummaryFile, error);
  if (was_killed) return std::nullopt;  // no damage: it was never written
  const std::string text = files.read_document(kSummaryFile);
  if (text.empty()) return std::nullopt;
  auto summary = parse_summary(nlohmann::json::parse(text, nullptr, false), kSummaryFile);
  if (!summary) {
    files.report(summary.error().message());
    return std::nullopt;
  }
  return std::move(*summary);
}

}  // namespace

Result<RunRecord> read_run(const std::filesystem::path& dir) {
  auto files = SealedFiles::open(dir);
  if (!files) return tl::make_unexpected(files.error());
  RunRecord record;
  record.dir = dir;
  const std::string manifest = files->read_document(kManifestFile);
  if (manifest.empty()) {
    const std::string reason = files->damage().empty() ? "not vouched for" : files->damage().back();
    return fail(ExitCode::partial_record, dir.string(), "the manifest cannot be trusted: " + reason);
  }
  record.manifest = nlohmann::json::parse(manifest, nullptr, false);
  if (auto checked = check_manifest(record.manifest, (dir / kManifestFile).string()); !checked) {
    Error error = checked.error();
    error.code = ExitCode::partial_record;
    return tl::make_unexpected(error);
  }
  IntervalAssembler intervals(record);
  files->read_lines(kIntervalsFile,
                    [&](std::string_view line, const std::string& place) { return intervals.take(line, place); });
  files->read_lines(kSeriesFile, keep_parsed(record.series, parse_series));
  files->read_lines(kWatermarksFile, keep_parsed(record.watermarks, parse_watermark));
  files->read_lines(kEventsFile, keep_parsed(record.events, parse_event));
  // Records of before this file have none.
  if (std::error_code error; files->knows(kFailuresFile) || std::filesystem::exists(dir / kFailuresFile, error)) {
    files->read_lines(kFailuresFile, [&](std::string_view line, const std::string& place) -> Result<void> {
      auto json = nlohmann::json::parse(line, nullptr, false);
      if (!json.is_object()) return fail(ExitCode::partial_record, place, "is no object");
      record.failures.push_back(std::move(json));
      return {};
    });
  }
  files->read(kSpansFile,
              [](std::string_view, std::uint64_t) { return true; });  // only its checksums: read_spans has the rest
  record.stored_summary = read_summary(dir, *files);
  record.damage = files->damage();
  record.partial = !record.stored_summary || record.stored_summary->partial || !record.damage.empty();
  return record;
}

Result<void> read_spans(const std::filesystem::path& dir, const std::function<void(const Span&)>& sink) {
  auto files = SealedFiles::open(dir);
  if (!files) return tl::make_unexpected(files.error());
  files->read_lines(kSpansFile, [&](std::string_view line, const std::string& place) -> Result<void> {
    const auto span = parse_span(nlohmann::json::parse(line, nullptr, false), place);
    if (!span) return tl::make_unexpected(span.error());
    sink(*span);
    return {};
  });
  return {};
}

}  // namespace tidemark::record
