// What holds for every kind of arrivals alike: the same nanoseconds for the same seed, forever, and agents that share
// one schedule without losing or doubling an arrival.
#include "engine/schedule/arrival_kinds.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <numbers>
#include <vector>

#include "engine/schedule/offset_file.h"

namespace tidemark::schedule {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Files for the kinds that read one.
class KindFiles {
 public:
  KindFiles() : dir_(std::filesystem::path(testing::TempDir()) / ("kinds-" + std::to_string(getpid()))) {
    std::filesystem::create_directories(dir_);
    std::ofstream(dir_ / "shape.csv") << "time,count\n0,10\n60,40\n120,5\n180,0\n240,25\n";
    std::ofstream offsets(dir_ / "offsets.txt");
    for (int i = 0; i < 500; ++i) offsets << (i * 7919 % 5000) / 1000.0 << (i % 3 == 0 ? ",f1" : "") << "\n";
    std::ofstream log(dir_ / "access.log");
    for (int i = 0; i < 300; ++i) {
      log << "10.0.0.1 - - [17/May/2015:10:05:" << 10 + i / 12 << " +0000] \"GET /p" << i % 5
          << " HTTP/1.1\" 200 12 \"-\" \"-\"\n";
    }
  }
  ~KindFiles() { std::filesystem::remove_all(dir_); }
  KindFiles(const KindFiles&) = delete;
  KindFiles& operator=(const KindFiles&) = delete;
  std::string operator/(const std::string& name) const { return (dir_ / name).string(); }

 private:
  std::filesystem::path dir_;
};

struct Kind {
  std::string name, load;
  std::uint64_t golden = 0;  // of the schedule with seed 7
};

std::vector<Kind> kinds(const KindFiles& files) {
  return {
      {"constant", "load: {rate: 211, arrivals: even, duration: 5s}", 3721872223052955896U},
      {"poisson", "load: {rate: 211, duration: 5s}", 12268171384442157641U},
      {"ramp", "load: {arrivals: even, stages: [{from: 10, to: 300, duration: 3s}, {from: 300, to: 0, duration: 2s}]}",
       17256388322774978242U},
      {"poisson ramp", "load: {stages: [{from: 0, to: 300, duration: 3s}]}", 67610917737185564U},
      {"steps", "load: {steps: {from: 50, to: 200, by: 50, every: 1s}}", 11825504722117263394U},
      {"spike", "load: {spike: {base: 50, factor: 6, before: 1s, rise: 500ms, hold: 1s, fall: 500ms, after: 1s}}",
       13305429596337963383U},
      {"sine", "load: {arrivals: even, sine: {mean: 200, amplitude: 180, period: 2s, phase: 500ms, duration: 5s}}",
       2744852702823095858U},
      {"poisson sine", "load: {sine: {mean: 200, amplitude: 200, period: 1500ms, duration: 5s}}", 1114137482029224840U},
      {"bursts", "load: {bursts: {size: 37, every: 300ms, duration: 5s}}", 1343100273853061635U},
      {"shape", "load: {shape: {file: '" + (files / "shape.csv") + "', duration: 5s, mean: 200}}",
       13598977863748697521U},
      {"offsets", "load: {offsets: {file: '" + (files / "offsets.txt") + "', speed: 2}}", 3996711853270210454U},
      {"replay", "load: {replay: '" + (files / "access.log") + "'}", 18390798944772561693U},
      {"several",
       "loads: [{rate: 100, duration: 5s, flows: [f0]}, {bursts: {size: 11, every: 450ms, duration: 4s}, flows: [f2]}, "
       "{model: closed, users: 3, duration: 9s}, {sine: {mean: 50, amplitude: 50, period: 1s, duration: 3s}}]",
       1834038241523114153U},
  };
}

Scenario scenario_of(const Kind& kind) {
  const bool replay = kind.load.find("replay") != std::string::npos;
  const std::string flows =
      "\nflows: [{name: f0, weight: 3, steps: [{get: /}]}, {name: f1, steps: [{get: /}]}, {name: f2, weight: 0.5, "
      "steps: [{get: /}]}]";
  auto scenario = parse_scenario(kind.load + (replay ? "" : flows), kind.name, {});
  EXPECT_TRUE(scenario) << scenario.error().message();
  return scenario ? *scenario : Scenario{};
}

std::vector<Arrival> drained(const Scenario& scenario, std::uint64_t seed, Partition partition = {}) {
  auto stream = make_arrivals(scenario, seed, partition);
  EXPECT_TRUE(stream) << stream.error().message();
  std::vector<Arrival> all;
  while (auto arrival = (*stream)->next()) all.push_back(*arrival);
  EXPECT_FALSE((*stream)->next()) << "an ended stream stays ended";
  return all;
}

std::uint64_t hash_of(const std::vector<Arrival>& arrivals) {
  std::uint64_t hash = 0xcbf29ce484222325U;  // FNV-1a over 64-bit words
  const auto mix = [&](std::uint64_t word) { hash = (hash ^ word) * 0x100000001b3U; };
  for (const Arrival& arrival : arrivals) {
    mix(static_cast<std::uint64_t>(arrival.offset.count()));
    mix(arrival.flow);
    mix(arrival.number);
  }
  return hash;
}

TEST(EveryKindOfArrivals, IsTheSameEventForEventForever) {
  const KindFiles files;
  for (const Kind& kind : kinds(files)) {
    const Scenario scenario = scenario_of(kind);
    const auto once = drained(scenario, 7);
    ASSERT_GT(once.size(), 100U) << kind.name;
    EXPECT_EQ(hash_of(once), hash_of(drained(scenario, 7))) << kind.name;
    EXPECT_EQ(hash_of(once), kind.golden) << kind.name << ": a schedule of an older version would not be repeated";
    for (std::size_t i = 0; i < once.size(); ++i) {
      ASSERT_EQ(once[i].number, i) << kind.name;
      if (i > 0) ASSERT_GE(once[i].offset, once[i - 1].offset) << kind.name;
    }
  }
}

TEST(EveryKindOfArrivals, KnowsHowManyComeBefore) {
  const KindFiles files;
  for (const Kind& kind : kinds(files)) {
    const Scenario scenario = scenario_of(kind);
    const auto stream = make_arrivals(scenario, 7);
    const auto all = drained(scenario, 7);
    const auto marks = (*stream)->stages();
    ASSERT_EQ(marks.front().start, Nanos{}) << kind.name;
    EXPECT_NEAR((*stream)->expected_before(marks.back().end + Nanos{1}), (*stream)->expected_count(), 1) << kind.name;
    double planned = 0;
    for (const auto& mark : marks) planned += mark.rate.per_second() * to_seconds(mark.end - mark.start);
    EXPECT_NEAR(planned, (*stream)->expected_count(), 1) << kind.name;
    for (const Nanos at : {milliseconds(700), milliseconds(2500), milliseconds(4100)}) {
      const double expected = (*stream)->expected_before(at);
      EXPECT_NEAR(static_cast<double>(arrivals_before(all, at)), expected, 5 * std::sqrt(expected) + 2) << kind.name;
    }
  }
}

TEST(EveryKindOfArrivals, IsSharedByAgentsWithoutLossOrDouble) {
  const KindFiles files;
  for (const Kind& kind : kinds(files)) {
    const Scenario scenario = scenario_of(kind);
    for (std::uint32_t agents = 1; agents <= 64; ++agents) {
      const std::uint64_t seed = agents * 1'000'003ULL;
      const auto whole = drained(scenario, seed);
      std::vector<std::optional<Arrival>> shared(whole.size());
      for (std::uint32_t agent = 0; agent < agents; ++agent) {
        for (const Arrival& arrival : drained(scenario, seed, {agent, agents})) {
          ASSERT_LT(arrival.number, whole.size()) << kind.name << " " << agents;
          ASSERT_FALSE(shared[arrival.number]) << kind.name << " " << agents << ": sent by two agents";
          shared[arrival.number] = arrival;
        }
      }
      for (std::size_t i = 0; i < whole.size(); ++i) {
        ASSERT_TRUE(shared[i]) << kind.name << " " << agents << ": sent by none";
        ASSERT_EQ(shared[i]->offset, whole[i].offset) << kind.name << " " << agents;
        ASSERT_EQ(shared[i]->flow, whole[i].flow) << kind.name << " " << agents;
      }
    }
  }
}

TEST(EveryKindOfArrivals, ASecondLoadChangesNothingOfTheFirst) {
  const std::string flows = "\nflows: [{name: a, steps: [{get: /}]}, {name: b, steps: [{get: /}]}]";
  const auto alone = parse_scenario("load: {rate: 300, duration: 3s, flows: [a]}" + flows, "s", {});
  const auto beside = parse_scenario(
      "loads: [{rate: 300, duration: 3s, flows: [a]}, {rate: 100, duration: 3s, flows: [b]}]" + flows, "s", {});
  ASSERT_TRUE(alone && beside);
  std::vector<Nanos> first, of_two;
  for (const Arrival& arrival : drained(*alone, 3)) first.push_back(arrival.offset);
  for (const Arrival& arrival : drained(*beside, 3)) {
    if (arrival.flow == 0) of_two.push_back(arrival.offset);
  }
  EXPECT_EQ(first, of_two);
}

TEST(SineArrivals, InvertTheIntegral) {
  const auto scenario = parse_scenario(
      "load: {arrivals: even, sine: {mean: 500, amplitude: 500, period: 7s, phase: 2s, duration: 30s}}\n"
      "flows: [{name: a, steps: [{get: /}]}]",
      "s", {});
  ASSERT_TRUE(scenario) << scenario.error().message();
  const auto integral = [](double t) {
    const double w = 2 * std::numbers::pi / 7;
    return 500 * t + 500 / w * (std::cos(w * 2) - std::cos(w * (t + 2)));
  };
  const auto all = drained(*scenario, 1);
  EXPECT_EQ(all.size(), static_cast<std::size_t>(integral(30) + 0.5));
  for (const Arrival& a : all) {
    // Offsets are rounded to 1 ns, worth at most 1000 x 1e-9 of the integral.
    ASSERT_NEAR(integral(to_seconds(a.offset)), static_cast<double>(a.number) + 0.5, 2e-6);
  }
}

TEST(SineArrivals, TurnsAreTheCosine) {
  for (int i = -40000; i <= 40000; ++i) {
    const double x = i / 10000.0 + i * 1e-9;
    ASSERT_NEAR(cos_of_turns(x), std::cos(2 * std::numbers::pi * x), 1e-14) << x;
    ASSERT_NEAR(sin_of_turns(x), std::sin(2 * std::numbers::pi * x), 1e-14) << x;
  }
  EXPECT_EQ(cos_of_turns(0), 1);
  EXPECT_EQ(cos_of_turns(0.5), -1);
}

TEST(BurstArrivals, ComeAllAtOnce) {
  const auto scenario = parse_scenario(
      "load: {bursts: {size: 3, every: 2s, duration: 5s}}\nflows: [{name: a, steps: [{get: /}]}]", "s", {});
  ASSERT_TRUE(scenario);
  std::vector<std::int64_t> at;
  for (const Arrival& arrival : drained(*scenario, 1)) at.push_back(arrival.offset / seconds(1));
  EXPECT_EQ(at, (std::vector<std::int64_t>{0, 0, 0, 2, 2, 2, 4, 4, 4}));
}

TEST(Offsets, AreSecondsOrDurations) {
  const auto file =
      parse_offsets("# recorded\n0.5\n  1.000000001 , b\r\n250ms,a # first\n\n12\n.25\n", "o", {"a", "b"});
  ASSERT_TRUE(file) << file.error().message();
  std::vector<std::pair<std::int64_t, std::uint32_t>> entries;
  for (const auto& entry : file->entries) entries.emplace_back(entry.offset.count(), entry.flow);
  EXPECT_EQ(entries, (std::vector<std::pair<std::int64_t, std::uint32_t>>{{250'000'000, 0},
                                                                          {250'000'000, OffsetFile::kDrawn},
                                                                          {500'000'000, OffsetFile::kDrawn},
                                                                          {1'000'000'001, 1},
                                                                          {12'000'000'000, OffsetFile::kDrawn}}));
  EXPECT_EQ(file->reordered, 2U);
}

TEST(Offsets, MalformedLinesAreNamed) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"x", "o:1: 'x' is no offset"},
      {"1\n-2", "o:2: '-2' is no offset"},
      {"1.2.3", "'1.2.3' is no offset"},
      {".", "'.' is no offset"},
      {"1e3", "'1e3' is no offset"},
      {"5y", "'5y' is no offset"},
      {"99999999", "up to 30 days"},
      {"721h", "up to 30 days"},
      {"99999999999999999999", "is no offset"},
      {"1,brwose", "o:1: no flow of this load is called 'brwose' (did you mean 'browse'?)"},
      {"1,", "no flow of this load is called ''"},
      {",browse", "'' is no offset"},
      {"", "holds no offset"},
      {"# nothing\n\n", "holds no offset"},
  };
  for (const auto& [text, problem] : cases) {
    const auto file = parse_offsets(text, "o", {"browse"});
    ASSERT_FALSE(file) << text;
    EXPECT_NE(file.error().message().find(problem), std::string::npos) << file.error().message();
  }
  std::string many;
  for (int i = 0; i < 30; ++i) many += "x\n";
  EXPECT_NE(parse_offsets(many, "o", {}).error().message().find("and 10 more"), std::string::npos);
}

}  // namespace
}  // namespace tidemark::schedule
