// Promise 1: SIGKILL at 200 random instants; every second that was sealed before the kill is there.
#include <gtest/gtest.h>

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/record/sample_run.h"

namespace tidemark::record {
namespace {

constexpr int kKills = 200;
constexpr int kMostSeconds = 5000;  // far past every kill; the writer then waits for it

// A process that writes second after second as fast as it can, and says so through a pipe: a byte once the directory
// exists, and one after each seal().
class WritingProcess {
 public:
  WritingProcess(const std::filesystem::path& dir, std::uint64_t seed) {
    int ends[2];
    if (::pipe(ends) != 0) throw std::runtime_error("no pipe");
    pid_ = ::fork();
    if (pid_ == 0) {
      ::close(ends[0]);
      write_until_killed(dir, seed, ends[1]);
      ::_exit(1);
    }
    ::close(ends[1]);
    pipe_ = ends[0];
  }

  ~WritingProcess() {
    kill();
    ::close(pipe_);
  }

  // Waits for that many bytes more; false when the process is gone.
  bool await_acknowledgements(int count) {
    for (; count > 0; --count) {
      char byte = 0;
      if (::read(pipe_, &byte, 1) != 1) return false;
      ++acknowledged_;
    }
    return true;
  }

  // Kills it and counts what it had still said. Returns the seconds known to be sealed.
  int kill() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
      pid_ = 0;
      await_acknowledgements(kMostSeconds + 2);
    }
    return acknowledged_ - 1;
  }

 private:
  static void write_until_killed(const std::filesystem::path& dir, std::uint64_t seed, int pipe) {
    auto writer = RunWriter::create(dir, sample_manifest());
    if (!writer || ::write(pipe, "c", 1) != 1) return;
    SampleLoad load(seed);
    for (int t = 0; t < kMostSeconds; ++t) {
      const Second second = load.next();
      (*writer)->second(second.interval, second.steps);
      (*writer)->event(t, "stage", {{"index", t}});
      if (!(*writer)->seal() || ::write(pipe, "s", 1) != 1) return;
    }
    ::pause();
  }

  pid_t pid_ = 0;
  int pipe_ = -1;
  int acknowledged_ = 0;
};

TEST(KilledRun, EverySealedSecondOfTwoHundredKilledRunsIsThere) {
  const TempDir dir;
  Random random(31, "kills");
  int mid_batch = 0;
  for (int kill = 0; kill < kKills; ++kill) {
    const auto path = dir.path() / std::to_string(kill);
    const std::uint64_t seed = random.next();
    int sealed = 0;
    {
      WritingProcess process(path, seed);
      ASSERT_TRUE(process.await_acknowledgements(1));
      // Right after a random number of seals, or at any instant between two.
      ASSERT_TRUE(process.await_acknowledgements(static_cast<int>(random.below(15))));
      if (random.below(4) != 0) {
        for (std::uint64_t spin = random.below(3000); spin > 0; --spin) ::getppid();
      }
      sealed = process.kill();
    }
    const auto record = read_run(path);
    ASSERT_TRUE(record) << record.error().message();
    ASSERT_TRUE(record->partial);
    const int seen = static_cast<int>(record->seconds.size());
    ASSERT_GE(seen, sealed);
    ASSERT_GE(record->series.size(), 3 * static_cast<std::size_t>(sealed));
    ASSERT_GE(record->events.size(), static_cast<std::size_t>(sealed));
    mid_batch += record->damage.empty() ? 0 : 1;

    SampleLoad load(seed);
    std::uint64_t started = 0;
    for (int t = 0; t < seen; ++t) {
      const Second second = load.next();
      ASSERT_EQ(record->seconds[static_cast<std::size_t>(t)].response, second.interval.total.response);
      started += second.interval.total.requests.started;
    }
    const Summary summary = record->summary();
    ASSERT_EQ(summary.requests.started, started);
    ASSERT_TRUE(summary.requests.balances());
    ASSERT_TRUE(summary.flows.balances());
    std::filesystem::remove_all(path);
  }
  RecordProperty("killed_inside_a_batch", mid_batch);
}

}  // namespace
}  // namespace tidemark::record
