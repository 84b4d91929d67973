// Reads every node's GET /scrape once a second, off the workers, on a thread and io_context of its own. A second that a
// node missed is handed on as missed, never skipped. Between the seconds GET /problems asks only for problems, so that
// a tag lost at a hop is known in half a second, whatever the second's own scrape does.
//
// GET /scrape answers {"watermark": {WatermarkSample}, "spans": [Zipkin v2 spans], "spans_dropped": n, "problems":
// ["..."], "problems_from": n}; GET /problems answers {"problems": ["..."], "problems_from": n}. Spans are drained by
// the answer. Problems are numbered from 0, and the first one that came is asked for without more; every later question
// carries ?seen=N, so many have arrived, and the node hands out the others until it is told: an answer that misses its
// deadline loses none. An answer without "problems_from" has drained them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/core/span.h"
#include "engine/core/units.h"
#include "engine/core/watermark.h"
#include "engine/net/message.h"

namespace tidemark::observe {

struct ScrapeTarget {
  std::string node;     // "product-2"
  std::string service;  // "product"
  net::Endpoint endpoint;
  int pid = 0;
};

struct ScraperTiming {
  Nanos period = std::chrono::seconds(1);
  Nanos deadline = std::chrono::milliseconds(900);       // of one answer; below the period
  Nanos problem_phase = std::chrono::milliseconds(500);  // problems are asked for at start + k periods + this
};

class Scraper {
 public:
  struct Sinks {  // called on the scraper's thread; must not throw
    std::function<void(const WatermarkSample&)> watermark;
    std::function<void(const Span&)> span;
    // A node refused or dropped tagged work since the last scrape: ("tag-undecided at product-1, called by gateway-1").
    std::function<void(const std::string& node, const std::string& problem)> problem;
  };
  struct Counters {
    std::uint64_t answered = 0;       // scrapes with a watermark
    std::uint64_t missed = 0;         // handed on as missed, the malformed ones among them
    std::uint64_t malformed = 0;      // answers that were not what is written above
    std::uint64_t spans_dropped = 0;  // by the nodes' own account
  };
  // `start` is the run's instant zero: samples are taken at start + k seconds, k >= 0, and carry the moment they were
  // asked for (a missed one: k). `cpu`: the core to pin the thread to; -1: not pinned. Without a core of that number
  // the thread is not pinned.
  Scraper(std::vector<ScrapeTarget> targets, Instant start, Sinks sinks, int cpu = -1, ScraperTiming timing = {});
  ~Scraper();  // stops and joins
  // Takes one last sample of every node, then joins: returns within three deadlines. From one thread, never from a
  // sink.
  void stop();
  // Any thread.
  Counters counters() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tidemark::observe
