// Reads every node's GET /watermark (and drains GET /spans) once a second, off the workers, on a thread and io_context of its own.
// A second that a node missed is handed on as missed, never skipped.
#pragma once

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

class Scraper {
 public:
  struct Sinks {  // called on the scraper's thread
    std::function<void(const WatermarkSample&)> watermark;
    std::function<void(const Span&)> span;
    // A node refused or dropped tagged work since the last scrape: ("tag-undecided at product-1, called by gateway-1").
    std::function<void(const std::string& node, const std::string& problem)> problem;
  };
  // `start` is the run's instant zero: samples are taken at start + k seconds.
  Scraper(std::vector<ScrapeTarget> targets, Instant start, Sinks sinks);
  ~Scraper();   // stops and joins
  void stop();  // takes one last sample of every node, then joins

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tidemark::observe
