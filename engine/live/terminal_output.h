// Puts a run's seconds on a terminal, redrawn in place, or as plain lines where there is none. deliver() belongs to a
// feed's thread; clear() may be called from any other, to print something in between.
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <vector>

#include "engine/live/fd_writer.h"
#include "engine/live/terminal_view.h"

namespace tidemark::live {

enum class ProgressMode { automatic, live, plain, none };

// What `automatic` means on this descriptor in this environment: live on a terminal that can be drawn on, unless CI is
// set (to anything but "false" or "0") or TERM is "dumb" or missing; plain otherwise.
ProgressMode resolve(ProgressMode mode, bool is_terminal, const char* ci, const char* term);

class TerminalOutput {
 public:
  struct Options {
    ProgressMode mode = ProgressMode::plain;  // live or plain
    bool colour = false;
    double interval_s = 10;  // plain: a line each so many seconds
  };
  // `fd` is not owned. Its size is asked for at each redraw, so a resized window is right one second later.
  TerminalOutput(int fd, Options options);

  void deliver(const Progress& progress, const std::atomic<bool>& give_up);
  // Takes the frame off the screen.
  void clear();
  // The frame's last line from the next second on; "" takes it away.
  void set_note(std::string note);

 private:
  ViewSize size() const;
  std::string rewind(int columns) const;

  const int fd_;
  const Options options_;
  std::mutex mutex_;  // guards the rest
  FdWriter writer_;
  ViewState state_;
  std::string note_;
  std::vector<int> widths_;  // of the frame's lines on the screen
  double next_plain_s_ = 0;
};

}  // namespace tidemark::live
