// What a fault gate does to the bytes that pass it, written as words: "delay=20ms reset=0.01 slice=1..64B down". The
// words are the command line's and the wire's. Thread-safe: plain values and pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "engine/core/error.h"
#include "engine/core/units.h"

namespace tidemark::net {

struct GateRules {
  Nanos delay{};     // every byte is passed on so much later, each way; 0 to 60 s
  double reset = 0;  // chance of each read (up to 16 KiB) that both connections are reset instead; 0 to 1
  std::uint32_t slice_min = 0, slice_max = 0;  // bytes of one write, drawn uniformly; 0: as they come
  bool down = false;                           // connecting is refused, connections there are have been reset

  bool none() const { return delay == Nanos{0} && reset == 0 && slice_max == 0 && !down; }
  bool operator==(const GateRules&) const = default;
};

// "clear" alone, or no word at all, is a gate that changes nothing. Exit 2 names every wrong word, and the nearest
// right one.
Result<GateRules> parse_gate_rules(std::span<const std::string> words);
// What parse_gate_rules reads back, one space between words; "clear" for none.
std::string to_words(const GateRules& rules);

}  // namespace tidemark::net
