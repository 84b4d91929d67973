#include "tests/unit/guard/limited_node.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <numeric>
#include <queue>

#include "engine/core/random.h"

namespace tidemark::guard {
namespace {

struct Request {
  double arrived_s = 0, call_s = 0, wait_s = 0;
  Ask ask;
  int calls_done = 0;
};

struct Event {
  enum class What { arrival, call, served };
  double at_s;
  What what;
  std::size_t request = 0;
  bool operator>(const Event& other) const { return at_s > other.at_s; }
};

class Simulation {
 public:
  Simulation(const LimitedNode& node, Limiter& limiter, const std::function<double(double)>& service)
      : node_(node),
        limiter_(limiter),
        service_(service),
        arrivals_(node.seed, "arrivals"),
        times_(node.seed, "times"),
        who_(node.seed, "who") {
    for (const auto& stage : node.stages) end_s_ += stage.seconds;
    out_.bins.resize(static_cast<std::size_t>(std::ceil(end_s_ / node.bin_s)) + 1);
  }

  LimitedNode::Outcome run() {
    next_arrival(0);
    while (!events_.empty()) {
      const Event event = events_.top();
      events_.pop();
      now_s_ = event.at_s;
      if (event.what == Event::What::arrival) arrive();
      if (event.what == Event::What::call) call(event.request);
      if (event.what == Event::What::served) served(event.request);
      if (now_s_ < end_s_) bin().limit = limiter_.limit();
    }
    return std::move(out_);
  }

 private:
  Instant now() const { return Instant(std::chrono::hours(1)) + from_seconds(now_s_); }
  LimitedNode::Bin& bin() {
    return out_.bins[std::min(out_.bins.size() - 1, static_cast<std::size_t>(now_s_ / node_.bin_s))];
  }

  // By thinning time: what is left of a unit of chance at the end of a stage is used up at the next one's rate.
  void next_arrival(double from_s) {
    double due = arrivals_.exponential(1);
    double stage_end_s = 0;
    for (const auto& stage : node_.stages) {
      stage_end_s += stage.seconds;
      if (from_s >= stage_end_s) continue;
      const double room = (stage_end_s - from_s) * stage.rate_rps;
      if (due < room) return events_.push({from_s + due / stage.rate_rps, Event::What::arrival});
      due -= room;
      from_s = stage_end_s;
    }
  }

  void arrive() {
    Request request{.arrived_s = now_s_};
    double share = who_.uniform() * std::accumulate(node_.mix.begin(), node_.mix.end(), 0.0);
    int priority = 0;
    while (priority < kPriorities - 1 && share >= node_.mix[static_cast<std::size_t>(priority)]) {
      share -= node_.mix[static_cast<std::size_t>(priority++)];
    }
    request.ask = {.priority = static_cast<Priority>(priority), .cohort = static_cast<std::uint8_t>(who_.below(128))};
    ++out_.arrived[static_cast<std::size_t>(priority)];
    ++bin().arrived;
    next_arrival(now_s_);
    std::size_t id = requests_.size();
    if (free_.empty()) {
      requests_.push_back(request);
    } else {
      id = free_.back();
      free_.pop_back();
      requests_[id] = request;
    }
    call(id);
  }

  void call(std::size_t id) {
    Request& request = requests_[id];
    request.call_s = now_s_;
    if (limiter_.admit(now(), request.ask).verdict == Admission::Verdict::refused) {
      ++out_.refused[static_cast<std::size_t>(request.ask.priority)];
      out_.half_done += request.calls_done > 0;
      free_.push_back(id);
      return;
    }
    if (busy_ < node_.workers) {
      ++busy_;
      start(id);
    } else {
      waiting_.push_back(id);
    }
  }

  void start(std::size_t id) {
    Request& request = requests_[id];
    request.wait_s = now_s_ - request.call_s;
    out_.longest_wait_s = std::max(out_.longest_wait_s, request.wait_s);
    limiter_.started(now(), from_seconds(request.wait_s));
    const double mean_s = service_ ? service_(now_s_) : node_.service_s;
    events_.push({now_s_ + times_.lognormal(mean_s, node_.cv), Event::What::served, id});
  }

  void served(std::size_t id) {
    Request& request = requests_[id];
    limiter_.finished(now(), {.latency = from_seconds(now_s_ - request.call_s),
                              .queued = from_seconds(request.wait_s),
                              .dropped = now_s_ - request.arrived_s > node_.timeout_s});
    --busy_;
    if (!waiting_.empty()) {
      const std::size_t next = waiting_.front();
      waiting_.pop_front();
      ++busy_;
      start(next);
    }
    if (++requests_[id].calls_done < node_.calls) {
      requests_[id].ask.under_way = node_.tell_under_way;
      return events_.push({now_s_ + node_.between_s, Event::What::call, id});
    }
    const double latency_s = now_s_ - requests_[id].arrived_s;
    if (latency_s <= node_.timeout_s) {
      ++out_.good[static_cast<std::size_t>(requests_[id].ask.priority)];
      out_.latencies_s.push_back(latency_s);
      if (now_s_ < end_s_) ++bin().good;
    }
    free_.push_back(id);
  }

  const LimitedNode& node_;
  Limiter& limiter_;
  const std::function<double(double)>& service_;
  Random arrivals_, times_, who_;
  double now_s_ = 0, end_s_ = 0;
  std::uint32_t busy_ = 0;
  std::deque<std::size_t> waiting_;
  std::vector<Request> requests_;
  std::vector<std::size_t> free_;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  LimitedNode::Outcome out_;
};

}  // namespace

LimitedNode::Outcome LimitedNode::run(Limiter& limiter, const std::function<double(double)>& service) const {
  return Simulation(*this, limiter, service).run();
}

std::uint64_t LimitedNode::Outcome::refusals() const {
  return std::accumulate(refused.begin(), refused.end(), std::uint64_t{0});
}

double LimitedNode::Outcome::good_between(double from_s, double to_s, double bin) const {
  double sum = 0;
  const auto first = static_cast<std::size_t>(std::lround(from_s / bin));
  const auto last = std::min(bins.size(), static_cast<std::size_t>(std::lround(to_s / bin)));
  for (std::size_t i = first; i < last; ++i) sum += static_cast<double>(bins[i].good);
  return sum / (to_s - from_s);
}

double LimitedNode::Outcome::quantile_s(double q) const {
  if (latencies_s.empty()) return 0;
  std::vector<double> sorted = latencies_s;
  const auto at = sorted.begin() + static_cast<std::ptrdiff_t>(q * static_cast<double>(sorted.size() - 1));
  std::nth_element(sorted.begin(), at, sorted.end());
  return *at;
}

}  // namespace tidemark::guard
