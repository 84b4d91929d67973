// What can go wrong on the user's side, as a value. Libraries return Result<T>; only cli/ turns an Error into an exit
// code and prints it. Misbehaviour of the target is never an Error: it is an Outcome, counted (engine/core/outcome.h).
// Thread-safe: plain values.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace tidemark {

// The one table of exit codes (docs/run-directory.md repeats it; tests/e2e/exit_codes_test.cpp holds it true).
enum class ExitCode : int {
  pass = 0,
  internal = 1,
  usage = 2,           // usage or configuration
  refused_target = 3,  // a host that is neither loopback nor allowed
  environment = 4,     // server, port, descriptors, backend
  partial_record = 5,  // the run directory could not be written or read whole
  invalid_measurement = 6,
  undecided = 7,
  gate_failed = 99,
  interrupted = 130,
  terminated = 143,
};

// `place` says where ("scenario.yaml:12: steps[2].rate", a path, a node), `what` is the fact, `advice` the next step.
struct Error {
  ExitCode code = ExitCode::internal;
  std::string place;
  std::string what;
  std::string advice;

  // "PLACE: WHAT (ADVICE)", leaving out what is empty.
  std::string message() const {
    std::string text = place.empty() ? what : place + ": " + what;
    if (!advice.empty()) text += " (" + advice + ")";
    return text;
  }
};

template <class T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(ExitCode code, std::string place, std::string what, std::string advice = {}) {
  return tl::make_unexpected(Error{code, std::move(place), std::move(what), std::move(advice)});
}

}  // namespace tidemark
