// What a command shows of its runs while they run: terminal, NDJSON stream, metrics endpoint, as its options ask. Main
// thread only, but for progress(), which runs call from theirs.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>

#include "engine/core/error.h"
#include "engine/core/summary.h"
#include "engine/drive/runner.h"

namespace tidemark::cli {

struct ProgressArguments {
  std::string mode = "auto";   // auto | live | plain | none
  double interval_s = 10;      // of plain lines
  std::string stream, listen;  // FILE or "-"; ADDRESS:PORT; empty: none
};

void add_progress_arguments(CLI::App& command, ProgressArguments& arguments);

class LiveOutputs {
 public:
  // `quiet` is --progress none. Exit 2 for what contradicts itself, 4 where the file or the port cannot be opened.
  static Result<std::unique_ptr<LiveOutputs>> open(const ProgressArguments& arguments, bool quiet);
  ~LiveOutputs();

  // For RunOptions::progress; must not outlive this object.
  std::function<void(const drive::Progress&)> progress();
  // Takes the frame off the terminal, so that something can be printed.
  void clear();
  // The last line of the frame, from the next second on.
  void note(const std::string& text);
  // After the last run: takes the outputs down, writes the stream's last line (where there is one run to sum up), and
  // says on standard error what was lost.
  void end(const Summary* summary = nullptr);
  // The stream is on standard output, so that tables belong on standard error.
  bool owns_stdout() const;

 private:
  struct Impl;
  explicit LiveOutputs(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tidemark::cli
