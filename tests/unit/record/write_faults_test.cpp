// Promise 4: the n-th write fails, for every n.
#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "engine/record/create_run_writer.h"
#include "tests/unit/record/sample_run.h"

namespace tidemark::record {
namespace {

struct Outcome {
  std::optional<Error> error;  // the first that the writer's caller saw
  int writes = 0;
};

// Writes a short run; `fault` says what the n-th write (from 0) returns instead, if anything.
Outcome write_run(const std::filesystem::path& dir,
                  const std::function<std::optional<ssize_t>(int n, int descriptor, const char*, std::size_t)>& fault) {
  Outcome outcome;
  auto writer = create_run_writer(dir, sample_manifest(), [&](int descriptor, const char* bytes, std::size_t length) {
    if (const auto answer = fault(outcome.writes++, descriptor, bytes, length)) return *answer;
    return ::write(descriptor, bytes, length);
  });
  if (!writer) {
    outcome.error = writer.error();
    return outcome;
  }
  const Summary summary = write_seconds(**writer, 3, 5);
  const auto sealed = (*writer)->seal();
  const auto finished = (*writer)->finish(summary);
  if (!finished) outcome.error = finished.error();
  if (!sealed) {
    EXPECT_FALSE(finished);
    EXPECT_EQ(sealed.error().message(), finished.error().message()) << "the first error comes back from both";
  }
  return outcome;
}

TEST(WriteFaults, EveryFailedWriteIsReportedAndLeavesThePrefixReadable) {
  const TempDir dir;
  const auto no_fault = [](int, int, const char*, std::size_t) { return std::optional<ssize_t>(); };
  const int writes = write_run(dir.path() / "whole", no_fault).writes;
  ASSERT_GT(writes, 15);
  const auto truth = read_run(dir.path() / "whole");
  ASSERT_TRUE(truth);
  for (const int number : {ENOSPC, EIO}) {
    for (int n = 0; n < writes; ++n) {
      const auto path = dir.path() / (std::to_string(number) + "-" + std::to_string(n));
      const Outcome outcome = write_run(path, [&](int i, int, const char*, std::size_t) -> std::optional<ssize_t> {
        if (i != n) return std::nullopt;
        errno = number;
        return -1;
      });
      ASSERT_TRUE(outcome.error) << n;
      EXPECT_EQ(outcome.writes, n + 1) << "nothing is written after a failure";
      EXPECT_EQ(outcome.error->code, ExitCode::partial_record);
      const std::string message = outcome.error->message();
      EXPECT_NE(message.find(path.string() + "/"), std::string::npos) << message;
      EXPECT_NE(message.find(" bytes at offset "), std::string::npos) << message;
      EXPECT_NE(message.find(number == ENOSPC ? "No space left on device" : "Input/output error"), std::string::npos)
          << message;
      const auto record = read_run(path);
      if (!record) {
        EXPECT_LT(n, 4) << "the manifest was sealed by then";
        continue;
      }
      EXPECT_TRUE(record->partial);
      EXPECT_EQ(what_is_no_prefix(*record, *truth), "");
      EXPECT_TRUE(record->summary().requests.balances());
    }
  }
}

TEST(WriteFaults, TornWritesLeaveThePrefixReadable) {
  const TempDir dir;
  const auto no_fault = [](int, int, const char*, std::size_t) { return std::optional<ssize_t>(); };
  const int writes = write_run(dir.path() / "whole", no_fault).writes;
  const auto truth = read_run(dir.path() / "whole");
  for (int n = 0; n < writes; ++n) {
    const auto path = dir.path() / std::to_string(n);
    // Half of the bytes reach the disk, then it is full.
    const Outcome outcome =
        write_run(path, [&](int i, int descriptor, const char* bytes, std::size_t length) -> std::optional<ssize_t> {
          if (i < n) return std::nullopt;
          if (i == n) return ::write(descriptor, bytes, length / 2);
          errno = ENOSPC;
          return -1;
        });
    ASSERT_TRUE(outcome.error) << n;
    const auto record = read_run(path);
    if (!record) continue;
    EXPECT_TRUE(record->partial);
    EXPECT_EQ(what_is_no_prefix(*record, *truth), "") << n;
  }
}

TEST(WriteFaults, ShortAndInterruptedWritesAreCompleted) {
  const TempDir dir;
  const Outcome outcome = write_run(
      dir.path() / "run", [](int i, int descriptor, const char* bytes, std::size_t length) -> std::optional<ssize_t> {
        if (i % 3 == 0) {
          errno = EINTR;
          return -1;
        }
        return ::write(descriptor, bytes, std::min<std::size_t>(length, 100));
      });
  EXPECT_FALSE(outcome.error);
  const auto record = read_run(dir.path() / "run");
  ASSERT_TRUE(record);
  EXPECT_FALSE(record->partial);
  EXPECT_EQ(record->seconds.size(), 3u);
}

}  // namespace
}  // namespace tidemark::record
