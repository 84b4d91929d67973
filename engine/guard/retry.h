// When a failed call is made again, and when that would only feed the overload. Three questions, in this order: may the
// call be repeated at all (idempotent, an outcome that another attempt can mend), is there time left (deadline.h), and
// is there budget. Waits double from `first` with jitter (Ethernet's rule; AWS Architecture Blog 2015), so that callers
// that failed together do not come back together.
//
// Budgets: `share` is Finagle's (twitter/finagle: RetryBudget.scala: 20 % of the requests of the last 10 s and 10
// retries a second besides); `tokens` is gRPC's (grpc/proposal: A6-client-retries.md: a failure costs a token, a
// success gives `ratio` back, none while at most half of `most` is left). Without a budget three attempts at each of
// six hops make one request 729.
#pragma once

#include <array>
#include <cstdint>

#include "engine/core/random.h"
#include "engine/core/units.h"

namespace tidemark::guard {

struct RetryBudgetSettings {
  enum class Kind : std::uint8_t { none, share, tokens };
  static constexpr std::array<std::string_view, 3> kKinds = {"none", "share", "tokens"};

  Kind kind = Kind::share;
  double ratio = 0.2;                       // share: retries per request. gRPC's tokenRatio is 0.1
  double floor_per_second = 10;             // share: retries a second that need no requests
  Nanos window = std::chrono::seconds(10);  // share: how long a request's contribution lasts
  double most = 10;                         // tokens: maxTokens

  template <class Fields, class Self>
  static void fields(Fields& fields, Self& self) {
    fields.word("kind", self.kind, kKinds);
    fields.number("ratio", self.ratio, 0, 10);
    fields.number("floor_per_second", self.floor_per_second, 0, 1e6);
    fields.duration("window", self.window, std::chrono::milliseconds(10), std::chrono::hours(1));
    fields.number("most", self.most, 1, 1e6);
  }
};

struct RetrySettings {
  std::uint32_t attempts = 3;                   // the first one included; 1: never again
  Nanos first = std::chrono::milliseconds(50);  // before the second attempt; then 100 ms, 200 ms, ...
  double factor = 2;
  Nanos most = std::chrono::seconds(1);  // the longest wait, before jitter
  double jitter = 0.5;                   // a wait is uniform in [1 - jitter, 1 + jitter] times its mean
  bool idempotent_only = true;
  RetryBudgetSettings budget;

  template <class Fields, class Self>
  static void fields(Fields& fields, Self& self) {
    using namespace std::chrono;
    fields.count("attempts", self.attempts, 1, 10);
    fields.duration("first", self.first, Nanos{}, minutes(1));
    fields.number("factor", self.factor, 1, 10);
    fields.duration("most", self.most, Nanos{}, minutes(10));
    fields.number("jitter", self.jitter, 0, 1);
    fields.flag("idempotent_only", self.idempotent_only);
    fields.part("budget", self.budget, [](auto& in, auto& part) { RetryBudgetSettings::fields(in, part); });
  }
};

// One for all calls of a caller to one service: the budget is theirs together. One owner.
class RetryBudget {
 public:
  explicit RetryBudget(const RetryBudgetSettings& settings);
  void requested(Instant now);  // a first attempt starts
  void answered(bool failed);   // any attempt has ended
  bool take(Instant now);       // may one more attempt be made? It is then paid for
  double left(Instant now);     // whole retries that could be taken now, for charts; infinite without a budget

 private:
  void advance(Instant now);

  static constexpr std::size_t kParts = 10;
  RetryBudgetSettings settings_;
  Nanos width_;
  std::int64_t number_ = 0;
  std::array<double, kParts> parts_{};  // deposits less withdrawals of each tenth of the window
  double tokens_;
};

class Retry {
 public:
  enum class Verdict : std::uint8_t { again, not_repeatable, attempts_spent, too_late, over_budget };
  struct Decision {
    Verdict verdict;
    Nanos wait{};  // before the next attempt, if `again`
  };

  Retry(const RetrySettings& settings, std::uint64_t seed);

  void requested(Instant now) { budget_.requested(now); }
  void succeeded() { budget_.answered(false); }
  // Attempt number `attempt` (1 is the first) has failed. `left`: time to the deadline. `least`: what another attempt
  // needs to be worth while. `repeatable`: not made at all (connection refused, 503 before work), or idempotent.
  Decision failed(Instant now, std::uint32_t attempt, bool repeatable, Nanos left, Nanos least);

  RetryBudget& budget() { return budget_; }

 private:
  RetrySettings settings_;
  RetryBudget budget_;
  Random random_;
};

}  // namespace tidemark::guard
