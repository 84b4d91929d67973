// A fault that a node is asked to have: what is wrong with it, as the words of `tidemark fault` and of POST
// /control/fault. Thread-safe: plain values and pure functions.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/units.h"

namespace tidemark::shop {

struct Fault {
  double slow_factor = 1;  // of every drawn service time, 1 to 1000
  Nanos slow_by{};         // added to every service time, the worker held; 0 to 60 s
  Nanos block{};           // for so long per request the node's only thread does nothing: a disk that hangs; 0 to 1 s
  double errors = 0;       // share of requests answered 500 instead of being handled
  bool stall = false;      // requests take a worker and get no answer until it is over or their deadline has passed
  bool kill = false;       // the process ends as if killed, once the order has been confirmed

  bool none() const { return *this == Fault{}; }
  bool operator==(const Fault&) const = default;
};

// "clear" alone, or no word at all, is no fault. Exit 2 names every wrong word.
Result<Fault> parse_fault(std::span<const std::string> words);
// What parse_fault reads back; "clear" for none.
std::string to_words(const Fault& fault);

// The body of POST /control/fault: {"words": ["slow=50ms"], "for_ms": 30000}; no "for_ms": until it is cleared.
struct FaultOrder {
  std::vector<std::string> words;
  std::optional<Nanos> lasts;  // 1 ms to 24 h
};
std::string to_text(const FaultOrder& order);
Result<FaultOrder> parse_fault_order(const std::string& text);

}  // namespace tidemark::shop
