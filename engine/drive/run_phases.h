// What surrounds the load: secrets, the script and feeders read before it, set-up before the first flow, tear-down
// after the last, whatever happened between. Set-up and tear-down are not measured and not in the books. Blocks; one
// owner.
#pragma once

#include <atomic>
#include <map>
#include <optional>
#include <string>

#include "engine/core/error.h"
#include "engine/drive/iteration.h"
#include "engine/drive/request_plan.h"
#include "engine/drive/runner.h"

namespace tidemark::drive {

class RunPhases {
 public:
  static constexpr Nanos kTearDownLimit = std::chrono::seconds(30);

  // Reads the environment, the script and the feeders. `options` must outlive the object. Exit 2 for a variable that is
  // not set, a script that does not load, a file that cannot be used.
  static Result<RunPhases> prepare(const RunOptions& options);

  // The plan of the load. Before set_up() its captures are empty: good for finding mistakes only. Those of set-up and
  // tear-down are looked for with it.
  Result<RequestPlan> compile() const;

  // The two phases whole, for who wants to see them; nullopt: the scenario has none.
  Result<std::optional<Iteration>> set_up_watched();
  Result<std::optional<Iteration>> tear_down_watched();
  // Exit 4 naming the step that failed and why; 130 or 143 when it was stopped.
  Result<void> set_up();
  bool has_set_up() const;
  // Once, by the first call after set_up() was begun. What went wrong, "" for nothing.
  std::string tear_down();

  // The same pass that the load would make, through one of its flows.
  Result<Iteration> once(const schedule::Flow& flow) const;

  const schedule::Secrets& secrets() const { return secrets_; }
  const std::string& script() const { return script_; }

  RunPhases(RunPhases&& other) noexcept;
  RunPhases& operator=(RunPhases&&) = delete;
  ~RunPhases();  // tears down if that is still to be done

 private:
  explicit RunPhases(const RunOptions& options) : options_(&options) {}
  Result<void> load_script();
  Result<Iteration> pass(const schedule::Flow& flow, const std::map<std::string, std::string>& given,
                         const std::atomic<int>* stop_signal, Nanos limit) const;

  const RunOptions* options_;
  schedule::Secrets secrets_;
  FeederTables feeders_;
  std::string script_;
  std::map<std::string, std::string> given_;  // captures of set-up
  bool begun_ = false;                        // set-up was, and tear-down was not yet
};

}  // namespace tidemark::drive
