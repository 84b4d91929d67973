#include "engine/record/run_writer.h"

#include <gtest/gtest.h>

#include <map>
#include <sstream>
#include <thread>

#include "engine/record/checksum_line.h"
#include "engine/record/crc32c.h"
#include "engine/record/run_files.h"
#include "tests/unit/record/sample_run.h"

namespace tidemark::record {
namespace {

TEST(RunWriter, WhatIsWrittenIsReadBack) {
  const TempDir dir;
  auto writer = RunWriter::create(dir.path() / "run", sample_manifest());
  ASSERT_TRUE(writer) << writer.error().message();
  EXPECT_EQ((*writer)->dir(), dir.path() / "run");
  const Summary summary = write_seconds(**writer, 5, 1);
  ASSERT_TRUE((*writer)->finish(summary));

  const auto record = read_run(dir.path() / "run");
  ASSERT_TRUE(record) << record.error().message();
  EXPECT_FALSE(record->partial);
  EXPECT_TRUE(record->damage.empty());
  EXPECT_EQ(record->manifest, sample_manifest());
  EXPECT_EQ(record->run_id(), "00112233445566aa");
  ASSERT_TRUE(record->stored_summary);
  EXPECT_EQ(nlohmann::json(*record->stored_summary), nlohmann::json(summary));
  EXPECT_EQ(nlohmann::json(record->summary()), nlohmann::json(summary));

  SampleLoad load(1);
  ASSERT_EQ(record->seconds.size(), 5u);
  ASSERT_EQ(record->series.size(), 15u);
  ASSERT_EQ(record->windows.size(), 6u);
  ASSERT_EQ(record->watermarks.size(), 5u);
  ASSERT_EQ(record->events.size(), 5u);
  EXPECT_EQ(record->events[3].kind, "stage");
  EXPECT_EQ(record->events[3].fields.at("note"), "line\nbreak");
  for (std::size_t t = 0; t < 5; ++t) {
    const Second second = load.next();
    EXPECT_EQ(record->seconds[t].start_s, static_cast<double>(t));
    EXPECT_EQ(record->seconds[t].response, second.interval.total.response);
    EXPECT_EQ(record->seconds[t].service, second.interval.total.service);
    EXPECT_EQ(record->seconds[t].lag, second.interval.total.lag);
    EXPECT_EQ(record->series[3 * t].step, "");
    EXPECT_EQ(record->series[3 * t].flows.planned, second.interval.flows.planned);
    EXPECT_EQ(record->series[3 * t + 1].step, sample_steps()[0]);
    EXPECT_EQ(record->series[3 * t + 2].step, sample_steps()[1]);
    EXPECT_EQ(record->series[3 * t + 2].requests.ok, second.steps[1].requests.ok);
    EXPECT_EQ(record->series[3 * t].clocks.response_us.p99, quantiles_of(second.interval.total.response).p99);
    EXPECT_EQ(record->series[3 * t].clocks.lag_us.mean, second.interval.total.lag.mean());
  }
}

TEST(RunWriter, RefusesADirectoryThatHoldsARun) {
  const TempDir dir;
  ASSERT_TRUE(RunWriter::create(dir.path(), sample_manifest()));
  const auto again = RunWriter::create(dir.path(), sample_manifest());
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ExitCode::usage);
  EXPECT_EQ(again.error().message(),
            dir.path().string() + ": holds a run already (choose another directory with --out)");
}

TEST(RunWriter, SaysWhereItCannotWrite) {
  const TempDir dir;
  write_file(dir.path() / "file", "x");
  const auto writer = RunWriter::create(dir.path() / "file" / "run", sample_manifest());
  ASSERT_FALSE(writer);
  EXPECT_EQ(writer.error().code, ExitCode::partial_record);
  EXPECT_NE(writer.error().message().find("cannot be created"), std::string::npos) << writer.error().message();
}

TEST(RunWriter, RefusesAManifestWithoutARequiredField) {
  const TempDir dir;
  const nlohmann::json whole = sample_manifest();
  for (const auto& [name, value] : whole.items()) {
    nlohmann::json manifest = whole;
    manifest.erase(name);
    const auto writer = RunWriter::create(dir.path() / "run", manifest);
    ASSERT_FALSE(writer) << name;
    EXPECT_NE(writer.error().message().find("manifest.json: " + name + " is missing"), std::string::npos)
        << writer.error().message();
  }
  EXPECT_FALSE(std::filesystem::exists(dir.path() / "run"));
}

TEST(RunWriter, KeepsOptionalManifestFields) {
  const TempDir dir;
  nlohmann::json manifest = sample_manifest();
  manifest["nodes"] = {{{"node", "product-1"}, {"service", "product"}}};
  ASSERT_TRUE(RunWriter::create(dir.path(), manifest));
  EXPECT_EQ(read_run(dir.path())->manifest, manifest);
}

TEST(RunWriter, ShowsNothingBeforeItIsSealed) {
  const TempDir dir;
  auto writer = RunWriter::create(dir.path(), sample_manifest());
  ASSERT_TRUE(writer);
  (*writer)->event(0, "stage", nlohmann::json::object());
  EXPECT_TRUE(read_run(dir.path())->events.empty());
  ASSERT_TRUE((*writer)->seal());
  EXPECT_EQ(read_run(dir.path())->events.size(), 1u);
  const auto checksums = read_file(dir.path() / kChecksumsFile);
  ASSERT_TRUE((*writer)->seal());
  EXPECT_EQ(read_file(dir.path() / kChecksumsFile), checksums) << "nothing new, nothing sealed";
}

TEST(RunWriter, WritesTheHistogramLogFormat) {
  const TempDir dir;
  auto writer = RunWriter::create(dir.path(), sample_manifest());
  Interval interval;
  interval.start_s = 7;
  interval.total.response.record(1500);
  (*writer)->second(interval, {});
  StepInterval step;
  step.step = "a, b";
  (*writer)->window(0.25, 9.75, {step});
  ASSERT_TRUE((*writer)->seal());
  const std::string log = read_file(dir.path() / kIntervalsFile);
  EXPECT_TRUE(log.starts_with("#[Histogram log format version 1.3]\n"));
  EXPECT_NE(log.find("#[StartTime: 1767323045.123 (seconds since epoch)]\n"), std::string::npos);
  EXPECT_NE(log.find("\nTag=response.total,7,1,1.500,HISTFAAA"), std::string::npos);
  EXPECT_NE(log.find("\nTag=lag.a%2c%20b,0.25,9.75,0.000,HISTFAAA"), std::string::npos);
}

TEST(RunWriter, WritesTextThatIsNoUtf8AsReplacementCharacters) {
  const TempDir dir;
  auto writer = RunWriter::create(dir.path(), sample_manifest());
  (*writer)->event(0, "problem", {{"text", "\xff\xfe"}});
  ASSERT_TRUE((*writer)->finish(Summary{}));
  const auto record = read_run(dir.path());
  ASSERT_TRUE(record);
  EXPECT_FALSE(record->partial);
  EXPECT_EQ(record->events.at(0).fields.at("text"), "\xef\xbf\xbd\xef\xbf\xbd");
}

TEST(RunWriter, TakesCallsFromSeveralThreads) {
  const TempDir dir;
  auto writer = RunWriter::create(dir.path(), sample_manifest());
  ASSERT_TRUE(writer);
  constexpr int kEach = 200;
  {
    std::vector<std::jthread> threads;
    for (int id = 0; id < 3; ++id) {
      threads.emplace_back([&, id] {
        for (int i = 0; i < kEach; ++i) {
          (*writer)->event(i, "problem", {{"node", std::to_string(id)}});
          if (i % 10 == 0) EXPECT_TRUE((*writer)->seal());
        }
      });
    }
  }
  ASSERT_TRUE((*writer)->finish(Summary{}));
  const auto record = read_run(dir.path());
  ASSERT_TRUE(record);
  EXPECT_FALSE(record->partial);
  EXPECT_EQ(record->events.size(), 3u * kEach);
}

TEST(RunWriter, ChecksumLinesVouchForEveryByteOfEveryFile) {
  const TempDir dir;
  auto writer = RunWriter::create(dir.path(), sample_manifest());
  ASSERT_TRUE((*writer)->finish(write_seconds(**writer, 3, 1)));
  std::map<std::string, std::uint64_t> vouched;
  std::istringstream lines(read_file(dir.path() / kChecksumsFile));
  for (std::string text; std::getline(lines, text);) {
    const auto line = parse_checksum_line(text);
    ASSERT_TRUE(line) << text;
    EXPECT_EQ(line->offset, vouched[line->file]);
    EXPECT_EQ(line->crc32c, crc32c(read_file(dir.path() / line->file).substr(line->offset, line->length)));
    vouched[line->file] += line->length;
  }
  for (const auto& entry : std::filesystem::directory_iterator(dir.path())) {
    const std::string name = entry.path().filename().string();
    if (name != kChecksumsFile) EXPECT_EQ(vouched[name], entry.file_size()) << name;
  }
  EXPECT_EQ(vouched.size(), 8u);
}

}  // namespace
}  // namespace tidemark::record
