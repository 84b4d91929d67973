#include "engine/observe/scraper.h"

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "engine/net/asio.h"
#include "engine/net/http_client.h"
#include "engine/net/task_group.h"

namespace tidemark::observe {
namespace {

using net::CallResult;
using net::Task;

void pin_this_thread(int cpu) {
  if (cpu < 0 || cpu >= CPU_SETSIZE) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}

// The object of an answer, or discarded.
nlohmann::json object_of(const CallResult& answer) {
  if (answer.status != CallResult::Status::ok || answer.response.status != 200) {
    return nlohmann::json(nlohmann::json::value_t::discarded);
  }
  nlohmann::json document = nlohmann::json::parse(answer.response.body, nullptr, false);
  return document.is_object() ? document : nlohmann::json(nlohmann::json::value_t::discarded);
}

}  // namespace

struct Scraper::Impl {
  Impl(std::vector<ScrapeTarget> nodes, Instant zero, Sinks outputs, ScraperTiming times)
      : targets(std::move(nodes)),
        start(zero),
        sinks(std::move(outputs)),
        timing(times),
        client(io),
        scrape_timer(io.get_executor()),
        problem_timer(io.get_executor()) {}

  Task<void> run();
  Task<void> scrape_loop();
  Task<void> problem_loop();
  Task<void> scrape_all(double planned_s, Instant deadline);
  Task<void> scrape(const ScrapeTarget* target, double planned_s, Instant deadline);
  Task<void> ask_problems(const ScrapeTarget* target, Instant deadline);
  Task<CallResult> get(const ScrapeTarget* target, std::string path, Instant deadline);
  void hand_on(const ScrapeTarget& target, const nlohmann::json& document, double asked_s);
  void hand_on_problems(const ScrapeTarget& target, const nlohmann::json& document);
  void miss(const ScrapeTarget& target, double planned_s);
  double seconds_at(Instant instant) const { return to_seconds(instant - start); }

  // Constant after construction.
  const std::vector<ScrapeTarget> targets;
  const Instant start;
  const Sinks sinks;
  const ScraperTiming timing;

  // The scraper's thread only.
  net::asio::io_context io{1};
  net::HttpClient client;
  net::Timer scrape_timer;
  net::Timer problem_timer;
  bool stopping = false;
  std::map<const ScrapeTarget*, std::uint64_t> problems_seen, problems_told;  // so many have arrived; the node knows

  // Any thread.
  std::atomic<std::uint64_t> answered{0}, missed{0}, malformed{0}, spans_dropped{0};

  std::thread thread;
};

Task<void> Scraper::Impl::run() {
  net::TaskGroup loops(io);
  loops.spawn(scrape_loop());
  loops.spawn(problem_loop());
  co_await loops.join();
}

Task<void> Scraper::Impl::scrape_loop() {
  const auto late = Clock::now() - start;
  std::int64_t k = late <= Nanos::zero() ? 0 : (late + timing.period - Nanos(1)) / timing.period;
  for (;; ++k) {
    const Instant planned = start + k * timing.period;
    scrape_timer.expires_at(planned);
    if (!stopping) co_await scrape_timer.async_wait(net::as_values);
    if (stopping) break;
    // The thread itself was held up for a whole period: that second is lost, and says so.
    if (Clock::now() >= planned + timing.period) {
      for (const ScrapeTarget& target : targets) miss(target, seconds_at(planned));
      continue;
    }
    co_await scrape_all(seconds_at(planned), planned + timing.deadline);
  }
  const Instant last = Clock::now();
  co_await scrape_all(seconds_at(last), last + timing.deadline);
  // What came last is acknowledged, or the next one to ask would be told it again.
  net::TaskGroup questions(io);
  for (const ScrapeTarget& target : targets) {
    if (problems_seen[&target] > problems_told[&target])
      questions.spawn(ask_problems(&target, Clock::now() + timing.deadline));
  }
  co_await questions.join();
}

Task<void> Scraper::Impl::problem_loop() {
  Instant next = start + timing.problem_phase;
  while (!stopping) {
    while (next < Clock::now()) next += timing.period;
    problem_timer.expires_at(next);
    co_await problem_timer.async_wait(net::as_values);
    if (stopping) break;
    net::TaskGroup questions(io);
    for (const ScrapeTarget& target : targets) questions.spawn(ask_problems(&target, next + timing.deadline));
    co_await questions.join();
  }
}

Task<void> Scraper::Impl::scrape_all(double planned_s, Instant deadline) {
  net::TaskGroup scrapes(io);
  for (const ScrapeTarget& target : targets) scrapes.spawn(scrape(&target, planned_s, deadline));
  co_await scrapes.join();
}

Task<CallResult> Scraper::Impl::get(const ScrapeTarget* target, std::string path, Instant deadline) {
  net::Request request;
  request.target = std::move(path);
  if (const auto seen = problems_seen.find(target); seen != problems_seen.end()) {
    request.target += "?seen=" + std::to_string(seen->second);
    problems_told[target] = seen->second;
  }
  return client.call(target->endpoint, std::move(request), deadline);
}

Task<void> Scraper::Impl::scrape(const ScrapeTarget* target, double planned_s, Instant deadline) {
  const double asked_s = seconds_at(Clock::now());
  const CallResult answer = co_await get(target, "/scrape", deadline);
  const nlohmann::json document = object_of(answer);
  const bool usable = !document.is_discarded() && document.contains("watermark");
  if (usable) {
    hand_on(*target, document, asked_s);
  } else {
    if (answer.status == CallResult::Status::ok) ++malformed;
    miss(*target, planned_s);
  }
}

Task<void> Scraper::Impl::ask_problems(const ScrapeTarget* target, Instant deadline) {
  const nlohmann::json document = object_of(co_await get(target, "/problems", deadline));
  if (!document.is_discarded()) hand_on_problems(*target, document);
}

void Scraper::Impl::hand_on(const ScrapeTarget& target, const nlohmann::json& document, double asked_s) {
  auto sample = parse_watermark(document["watermark"], target.node);
  if (sample) {
    sample->t_s = asked_s;
    sample->node = target.node;
    sample->service = target.service;
    sample->missed = false;
    ++answered;
    if (sinks.watermark) sinks.watermark(*sample);
  } else {
    ++malformed;
    miss(target, asked_s);
  }
  const auto dropped = document.find("spans_dropped");
  if (dropped != document.end() && dropped->is_number_unsigned()) spans_dropped += dropped->get<std::uint64_t>();
  const auto spans = document.find("spans");
  if (spans != document.end() && spans->is_array()) {
    for (const nlohmann::json& item : *spans) {
      const auto span = parse_span(item, target.node);
      if (!span) {
        ++malformed;
      } else if (sinks.span) {
        sinks.span(*span);
      }
    }
  }
  hand_on_problems(target, document);
}

void Scraper::Impl::hand_on_problems(const ScrapeTarget& target, const nlohmann::json& document) {
  const auto problems = document.find("problems");
  if (problems == document.end() || !problems->is_array()) return;
  std::uint64_t skipped = 0;
  const auto from = document.find("problems_from");
  if (from != document.end() && from->is_number_unsigned()) {
    std::uint64_t& seen = problems_seen[&target];
    const auto first = from->get<std::uint64_t>();
    if (first + problems->size() < seen) seen = 0;  // the node has been started anew, and counts from 0
    skipped = seen > first ? seen - first : 0;      // they came with another answer
    seen = std::max(seen, first + problems->size());
  }
  for (const nlohmann::json& problem : *problems) {
    if (skipped > 0) {
      --skipped;
      continue;
    }
    if (problem.is_string() && sinks.problem) sinks.problem(target.node, problem.get_ref<const std::string&>());
  }
}

void Scraper::Impl::miss(const ScrapeTarget& target, double planned_s) {
  WatermarkSample sample;
  sample.t_s = planned_s;
  sample.node = target.node;
  sample.service = target.service;
  sample.missed = true;
  ++missed;
  if (sinks.watermark) sinks.watermark(sample);
}

Scraper::Scraper(std::vector<ScrapeTarget> targets, Instant start, Sinks sinks, int cpu, ScraperTiming timing)
    : impl_(std::make_unique<Impl>(std::move(targets), start, std::move(sinks), timing)) {
  Impl* impl = impl_.get();
  // The thread ends with its loops; what the client still has pending is not waited for. An exception out of a sink
  // ends the program.
  net::asio::co_spawn(impl->io, impl->run(), [impl](const std::exception_ptr& error) {
    if (error) std::rethrow_exception(error);
    impl->io.stop();
  });
  impl->thread = std::thread([impl, cpu] {
    pin_this_thread(cpu);
    impl->io.run();
  });
}

Scraper::~Scraper() {
  stop();
}

void Scraper::stop() {
  if (!impl_->thread.joinable()) return;
  net::asio::post(impl_->io, [impl = impl_.get()] {
    impl->stopping = true;
    impl->scrape_timer.cancel();
    impl->problem_timer.cancel();
  });
  impl_->thread.join();
}

Scraper::Counters Scraper::counters() const {
  return {impl_->answered.load(), impl_->missed.load(), impl_->malformed.load(), impl_->spans_dropped.load()};
}

}  // namespace tidemark::observe
