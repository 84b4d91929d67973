// Promises 2 and 3: whatever is cut off or flipped in a run directory, the reader notices, and shows a prefix of the
// truth.
#include "engine/record/run_reader.h"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>

#include "engine/record/run_files.h"
#include "tests/unit/record/sample_run.h"

namespace tidemark::record {
namespace {

std::vector<std::string> all_files() {
  std::vector<std::string> names = {std::string(kManifestFile), std::string(kSummaryFile), std::string(kChecksumsFile)};
  for (const std::string_view name : kGrowingFiles) names.emplace_back(name);
  return names;
}

class DamagedRun : public testing::Test {
 protected:
  void SetUp() override {
    auto writer = RunWriter::create(dir_.path(), sample_manifest());
    ASSERT_TRUE(writer);
    ASSERT_TRUE((*writer)->finish(write_seconds(**writer, 3, 5)));
    auto record = read_run(dir_.path());
    ASSERT_TRUE(record);
    ASSERT_FALSE(record->partial);
    truth_ = std::move(*record);
    for (const std::string& name : all_files()) whole_[name] = read_file(dir_.path() / name);
  }

  // "" when the damage is noticed and everything shown is true.
  std::string verdict() const {
    const auto record = read_run(dir_.path());
    if (!record) return record.error().code == ExitCode::partial_record ? "" : "wrong exit code";
    if (!record->partial || record->damage.empty()) return "not noticed";
    if (!record->summary().partial) return "summary not marked";
    return what_is_no_prefix(*record, truth_);
  }

  TempDir dir_;
  RunRecord truth_;
  std::map<std::string, std::string> whole_;
};

TEST_F(DamagedRun, TruncatedAtEveryOffsetYieldsItsValidPrefix) {
  for (const auto& [name, bytes] : whole_) {
    ASSERT_GT(bytes.size(), 0u) << name;
    for (std::size_t size = bytes.size(); size-- > 0;) {
      std::filesystem::resize_file(dir_.path() / name, size);
      ASSERT_EQ(verdict(), "") << name << " cut to " << size;
    }
    write_file(dir_.path() / name, bytes);
  }
}

// All seconds whose batch lies whole before the cut, and no other.
TEST_F(DamagedRun, TruncationLosesOnlyTheBatchesThatItTouches) {
  const std::string name(kSeriesFile);
  std::size_t ends = 0;
  for (std::size_t size = 0; size < whole_[name].size(); ++size) {
    write_file(dir_.path() / name, whole_[name].substr(0, size));
    if (size > 0 && whole_[name][size - 1] == '\n') ++ends;
    const auto record = read_run(dir_.path());
    ASSERT_TRUE(record);
    ASSERT_EQ(record->series.size(), ends / 3 * 3) << "cut to " << size;  // three lines a second, sealed together
    ASSERT_EQ(record->seconds.size(), 3u);
  }
}

TEST_F(DamagedRun, MissingFilesAreNamed) {
  for (const auto& [name, bytes] : whole_) {
    std::filesystem::remove(dir_.path() / name);
    const auto record = read_run(dir_.path());
    if (name == kChecksumsFile || name == kManifestFile) {
      ASSERT_FALSE(record);
      EXPECT_EQ(record.error().code, ExitCode::partial_record);
    } else {
      ASSERT_TRUE(record);
      EXPECT_TRUE(record->partial);
      EXPECT_EQ(what_is_no_prefix(*record, truth_), "");
      ASSERT_EQ(record->damage, std::vector<std::string>{name + ": missing"});
    }
    write_file(dir_.path() / name, bytes);
  }
}

TEST_F(DamagedRun, AppendedBytesAreNoticed) {
  for (const auto& [name, bytes] : whole_) {
    write_file(dir_.path() / name, bytes + "\n");
    EXPECT_EQ(verdict(), "") << name;
    write_file(dir_.path() / name, bytes);
  }
}

TEST_F(DamagedRun, DamageNamesFileAndPlace) {
  const std::string name(kSeriesFile);
  std::string bytes = whole_[name];
  bytes[bytes.size() - 2] ^= 1;
  write_file(dir_.path() / name, bytes);
  const auto record = read_run(dir_.path());
  ASSERT_TRUE(record);
  ASSERT_EQ(record->damage.size(), 1u);
  EXPECT_TRUE(record->damage[0].starts_with("series.ndjson: ")) << record->damage[0];
  EXPECT_TRUE(record->damage[0].ends_with(" fail their checksum")) << record->damage[0];
  EXPECT_EQ(record->series.size(), 6u);
}

TEST_F(DamagedRun, SwappedChecksumLinesAreAGap) {
  std::string text = whole_[std::string(kChecksumsFile)];
  const std::size_t first = text.find("{\"file\":\"series.ndjson\"");
  const std::size_t end = text.find('\n', first) + 1;
  text.erase(first, end - first);
  write_file(dir_.path() / kChecksumsFile, text);
  const auto record = read_run(dir_.path());
  ASSERT_TRUE(record);
  EXPECT_TRUE(record->series.empty());
  EXPECT_EQ(record->damage[0], "series.ndjson: the checksum of what starts at offset 0 is missing");
}

class FlippedRun : public DamagedRun {
 protected:
  // Flips the bits of `mask` from bit `at` of the directory's bytes on, reads, and puts them back.
  std::string verdict_with(std::size_t at, std::uint64_t mask) {
    auto file = whole_.begin();
    while (at >= 8 * file->second.size()) at -= 8 * (file++)->second.size();
    std::string bytes = file->second.substr(at / 8, 5);
    const std::string before = bytes;
    mask <<= at % 8;
    for (std::size_t i = 0; i < bytes.size(); ++i)
      bytes[i] = static_cast<char>(bytes[i] ^ static_cast<char>(mask >> (8 * i)));
    if (bytes == before) return "";  // all of the burst lay past the file's end
    put(file->first, at / 8, bytes);
    const std::string found = verdict();
    put(file->first, at / 8, before);
    return found.empty() ? "" : found + " in " + file->first + " at bit " + std::to_string(at);
  }

  std::size_t bits() const {
    std::size_t bytes = 0;
    for (const auto& [name, content] : whole_) bytes += content.size();
    return 8 * bytes;
  }

 private:
  void put(const std::string& name, std::size_t offset, const std::string& bytes) const {
    const int descriptor = ::open((dir_.path() / name).c_str(), O_WRONLY | O_CLOEXEC);
    EXPECT_EQ(::pwrite(descriptor, bytes.data(), bytes.size(), static_cast<off_t>(offset)),
              static_cast<ssize_t>(bytes.size()));
    ::close(descriptor);
  }
};

// The promise is ten thousand; the sanitizers, ten times slower, look for other mistakes and need fewer.
#if __has_feature(address_sanitizer)
constexpr int kFlips = 500;
#else
constexpr int kFlips = 10'000;
#endif

TEST_F(FlippedRun, TenThousandSingleBitsAreNoticed) {
  Random random(11, "bits");
  for (int i = 0; i < kFlips; ++i) ASSERT_EQ(verdict_with(random.below(bits()), 1), "") << i;
}

TEST_F(FlippedRun, TenThousandBurstsAreNoticed) {
  Random random(12, "bursts");
  for (int i = 0; i < kFlips; ++i) {
    const std::uint64_t length = 2 + random.below(31);  // 2..32 bits, the first and the last among them
    const std::uint64_t inner = random.next() & ((std::uint64_t{1} << length) - 1);
    ASSERT_EQ(verdict_with(random.below(bits()), inner | 1 | std::uint64_t{1} << (length - 1)), "") << i;
  }
}

TEST(RunReader, RefusesWhatIsNoRunDirectory) {
  const TempDir dir;
  const auto record = read_run(dir.path());
  ASSERT_FALSE(record);
  EXPECT_EQ(record.error().code, ExitCode::partial_record);
  EXPECT_EQ(record.error().message(),
            (dir.path() / kChecksumsFile).string() + ": cannot be read (is this a run directory?)");
  EXPECT_FALSE(read_spans(dir.path(), [](const Span&) {}));
}

TEST(RunReader, StreamsSpansInFileOrderUpToTheFirstDamage) {
  const TempDir dir;
  auto writer = RunWriter::create(dir.path(), sample_manifest());
  write_seconds(**writer, 4, 1);
  std::vector<std::int64_t> seen;
  const auto keep = [&](const Span& span) { seen.push_back(span.timestamp_us % 1000); };
  ASSERT_TRUE(read_spans(dir.path(), keep));
  EXPECT_EQ(seen, (std::vector<std::int64_t>{456, 457, 458, 459}));

  std::string bytes = read_file(dir.path() / kSpansFile);
  bytes[bytes.size() / 2 + 5] ^= 4;  // in the third
  write_file(dir.path() / kSpansFile, bytes);
  seen.clear();
  ASSERT_TRUE(read_spans(dir.path(), keep));
  EXPECT_EQ(seen, (std::vector<std::int64_t>{456, 457}));
  EXPECT_EQ(read_run(dir.path())->damage.size(), 1u);
}

TEST(RunReader, RebuildsTheTotalsOfAKilledRun) {
  const TempDir dir;
  {
    auto writer = RunWriter::create(dir.path(), sample_manifest());
    (*writer)->event(0, "validity", {{"reason", "own CPU above 85 % for 3 s"}});
    (*writer)->event(1, "stop", {{"reason", "interrupted"}});
    write_seconds(**writer, 6, 9);
  }
  const auto record = read_run(dir.path());
  ASSERT_TRUE(record);
  EXPECT_TRUE(record->partial);
  EXPECT_TRUE(record->damage.empty());
  EXPECT_FALSE(record->stored_summary);
  const Summary summary = record->summary();
  EXPECT_TRUE(summary.partial);
  EXPECT_EQ(summary.run_id, "00112233445566aa");
  EXPECT_EQ(summary.duration_s, 6);
  EXPECT_EQ(summary.verdict, "undecided");
  EXPECT_EQ(summary.validity, "generator-limited");
  EXPECT_EQ(summary.validity_reasons, std::vector<std::string>{"own CPU above 85 % for 3 s"});
  EXPECT_EQ(summary.stop_reason, "interrupted");
  EXPECT_EQ(exit_code_of(summary), ExitCode::partial_record);
  EXPECT_TRUE(summary.flows.balances());
  EXPECT_TRUE(summary.requests.balances());
  EXPECT_GT(summary.requests.started, 0u);
  EXPECT_DOUBLE_EQ(summary.offered_rate, static_cast<double>(summary.requests.started) / 6);
  ASSERT_EQ(summary.nodes.count("product-2"), 1u);

  SampleLoad load(9);
  Histogram response;
  for (int t = 0; t < 6; ++t) response.add(load.next().interval.total.response);
  EXPECT_EQ(summary.clocks.response_us.p99, quantiles_of(response).p99);
  EXPECT_EQ(summary.clocks.response_us.count, response.total());
  EXPECT_TRUE(parse_summary(nlohmann::json(summary), "rebuilt"));
}

TEST(RunReader, CountsAndClocksOfADamagedRunSpeakOfTheSameSeconds) {
  const TempDir dir;
  auto writer = RunWriter::create(dir.path(), sample_manifest());
  write_seconds(**writer, 6, 9);
  const std::string series = read_file(dir.path() / kSeriesFile);
  write_file(dir.path() / kSeriesFile, series.substr(0, series.size() - 1));
  const Summary summary = read_run(dir.path())->summary();
  EXPECT_EQ(summary.duration_s, 5);
  EXPECT_TRUE(summary.requests.balances());
  const RequestBook& book = summary.requests;
  EXPECT_EQ(summary.clocks.response_us.count, book.ok + book.failed + book.timed_out);
}

TEST(RunReader, AnEmptyRunHasAnEmptySummary) {
  const TempDir dir;
  ASSERT_TRUE(RunWriter::create(dir.path(), sample_manifest()));
  const auto record = read_run(dir.path());
  ASSERT_TRUE(record);
  EXPECT_TRUE(record->partial);
  const Summary summary = record->summary();
  EXPECT_EQ(summary.duration_s, 0);
  EXPECT_EQ(summary.offered_rate, 0);
  EXPECT_TRUE(summary.requests.balances());
}

// Promise 5: sum over steps = total = sum over intervals, exactly.
TEST(RunReader, TotalsAgreeInAThousandRandomRuns) {
  const TempDir dir;
  Random random(21, "runs");
  for (int run = 0; run < 1000; ++run) {
    const auto path = dir.path() / std::to_string(run);
    const int seconds = 1 + static_cast<int>(random.below(6));
    {
      auto writer = RunWriter::create(path, sample_manifest());
      ASSERT_TRUE(writer);
      write_seconds(**writer, seconds, random.next(), 1 + static_cast<int>(random.below(4)));
    }
    const auto record = read_run(path);
    ASSERT_TRUE(record);
    const Summary summary = record->summary();
    ASSERT_TRUE(summary.requests.balances());
    ASSERT_TRUE(summary.flows.balances());
    RequestBook steps;
    std::uint64_t clock_counts = 0;
    for (const auto& [name, step] : summary.by_step) {
      ASSERT_TRUE(step.requests.balances());
      steps.started += step.requests.started;
      steps.ok += step.requests.ok;
      steps.failed += step.requests.failed;
      steps.timed_out += step.requests.timed_out;
      steps.in_flight += step.requests.in_flight;
      clock_counts += step.clocks.response_us.count;
    }
    ASSERT_EQ(steps.started, summary.requests.started);
    ASSERT_EQ(steps.ok, summary.requests.ok);
    ASSERT_EQ(steps.failed, summary.requests.failed);
    ASSERT_EQ(steps.timed_out, summary.requests.timed_out);
    ASSERT_EQ(steps.in_flight, summary.requests.in_flight);
    ASSERT_EQ(clock_counts, summary.clocks.response_us.count);
    Histogram by_second, by_window;
    for (const WindowRecord& second : record->seconds) by_second.add(second.response);
    for (const WindowRecord& window : record->windows) by_window.add(window.response);
    ASSERT_EQ(by_second, by_window);
    std::filesystem::remove_all(path);
  }
}

}  // namespace
}  // namespace tidemark::record
