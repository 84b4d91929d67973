// Our own breaker: it opens on evidence, not on a ratio of a window. Two CUSUM tests (sequential_test.h) run over the
// failures, one towards `partial` and one towards `outage`, and two more over calls longer than `slow`, apart, so that
// a few failures and a few slow calls never add up. Each opens it at h = ln(tests x false_trip_requests): while the
// true share is at most `tolerated`, the mean number of requests to a false trip is at least false_trip_requests,
// whatever the rate (Wald, Lorden). A total outage is 19 failures away. Evidence is counted in requests, since a
// request is what can fail; it must also have lasted `confirm`, since at a high rate one lost connection is many
// failures and no time.
//
// Open, it waits briefly, `open_first` doubling to `open_most`, and then lets probes through: one, and one more at a
// time with each that succeeds doubling their number. A sequential probability ratio test closes or reopens it after
// two or three of them. Closed again, the tests start at `relapse` of h, so that a relapse is found in half the
// requests.
//
// Calls that hang are evidence while they last (overdue_calls.h), and so are probes. Outcomes of earlier states are
// dropped (Permit). Chance, from the seed, only spreads the waits of many callers.
#pragma once

#include <array>

#include "engine/core/random.h"
#include "engine/guard/breaker.h"
#include "engine/guard/overdue_calls.h"
#include "engine/guard/sequential_test.h"

namespace tidemark::guard {

struct SequentialSettings {
  double tolerated = 0.3;            // share of failures (or of slow calls) that must not open it
  double partial = 0.5;              // shares that should: half of the calls, ...
  double outage = 0.95;              // ... nearly all of them. tolerated < partial < outage
  double false_trip_requests = 1e9;  // 115 days at 100 requests/s
  Nanos slow{};  // a call longer than this is slow; 0: no call is. Twice the SLO's p99 is a good one
  Nanos confirm = std::chrono::milliseconds(100);
  Nanos open_first = std::chrono::milliseconds(100);
  Nanos open_most = std::chrono::milliseconds(800);
  Nanos steady = std::chrono::seconds(10);  // closed for so long, the next wait is open_first again
  // A probe that lasts longer has failed, unless calls usually take long: three times their mean is allowed.
  Nanos patience = std::chrono::milliseconds(500);
  double relapse = 0.5;  // 0 to 0.9

  template <class Fields, class Self>
  static void fields(Fields& fields, Self& self) {
    using namespace std::chrono;
    fields.number("tolerated", self.tolerated, 0.001, 0.9);
    fields.number("partial", self.partial, 0.002, 0.98);
    fields.number("outage", self.outage, 0.003, 0.999);
    fields.number("false_trip_requests", self.false_trip_requests, 100, 1e15);
    fields.duration("slow", self.slow, Nanos{}, hours(1));
    fields.duration("confirm", self.confirm, Nanos{}, minutes(10));
    fields.duration("open_first", self.open_first, milliseconds(1), hours(1));
    fields.duration("open_most", self.open_most, milliseconds(1), hours(1));
    fields.duration("steady", self.steady, Nanos{}, hours(1));
    fields.duration("patience", self.patience, milliseconds(1), hours(1));
    fields.number("relapse", self.relapse, 0, 0.9);
  }
};

class SequentialBreaker final : public Breaker {
 public:
  SequentialBreaker(const SequentialSettings& settings, std::uint64_t seed);
  std::optional<Permit> allow(Instant now) override;
  void finished(Instant now, Permit permit, const Outcome& outcome) override;
  void abandoned(Instant now, Permit permit) override;
  State state(Instant now) const override;
  std::uint64_t trips() const override { return trips_; }
  double threshold() const { return threshold_; }  // h

 private:
  using Pair = std::array<Cusum, 2>;

  bool slow_matters() const { return settings_.slow > Nanos{}; }
  void learn(Instant now, Pair& tests, bool bad);
  bool alarmed(Instant now) const;
  void enter(State state, Instant now);
  void open(Instant now);
  void close(Instant now);
  void judge(Instant now, bool bad);
  // A permit is the last 12 bits of the epoch and 20 of a mark: the stretch that a call started in, or a probe's
  // number.
  static constexpr int kMarkBits = OverdueCalls::kNameBits;
  Permit permit(std::uint32_t mark) const { return {.epoch = epoch_ << kMarkBits | mark}; }
  bool is_current(Permit permit) const { return ((permit.epoch >> kMarkBits ^ epoch_) & 0xfffU) == 0; }
  static std::uint32_t mark_of(Permit permit) { return permit.epoch & ((1U << kMarkBits) - 1); }

  Nanos patience() const;
  void give_up_probes(Instant now);

  SequentialSettings settings_;
  double threshold_;
  Random random_;
  State state_ = State::closed;
  std::uint32_t epoch_ = 0;
  std::uint64_t trips_ = 0;
  // Closed.
  Pair failures_, slowness_;
  double usual_s_ = 0;  // mean latency of successes, weighed over the last 64 or so
  bool quiet_ = true;   // all four are at 0
  Instant since_{};     // they are not since then
  Instant closed_{};
  OverdueCalls overdue_;
  // Open.
  std::uint32_t waits_ = 0;  // in a row, short of a steady stretch
  Instant until_{};
  // Half-open.
  Sprt sprt_;
  std::uint32_t places_ = 1, out_ = 0;
  std::uint32_t next_probe_ = 0, lost_before_ = 0;
  Instant heard_{};  // when a probe was last let through or answered
};

}  // namespace tidemark::guard
