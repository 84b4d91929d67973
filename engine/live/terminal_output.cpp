#include "engine/live/terminal_output.h"

#include <sys/ioctl.h>

#include <string_view>
#include <utility>

#include "engine/live/text_line.h"

namespace tidemark::live {

ProgressMode resolve(ProgressMode mode, bool is_terminal, const char* ci, const char* term) {
  if (mode != ProgressMode::automatic) return mode;
  const std::string_view in_ci = ci == nullptr ? "" : ci, kind = term == nullptr ? "" : term;
  const bool in_pipeline = !in_ci.empty() && in_ci != "false" && in_ci != "0";
  return is_terminal && !in_pipeline && !kind.empty() && kind != "dumb" ? ProgressMode::live : ProgressMode::plain;
}

TerminalOutput::TerminalOutput(int fd, Options options) : fd_(fd), options_(options), writer_(fd) {}

ViewSize TerminalOutput::size() const {
  winsize window{};
  if (ioctl(fd_, TIOCGWINSZ, &window) != 0 || window.ws_col == 0 || window.ws_row == 0) return {};
  return {.columns = window.ws_col, .rows = window.ws_row};
}

// Back to the first column of the frame's first line.
std::string TerminalOutput::rewind(int columns) const {
  const int rows = rows_taken(widths_, columns);
  return rows == 0 ? "\r" : "\r\x1b[" + std::to_string(rows) + "A";
}

void TerminalOutput::deliver(const Progress& progress, const std::atomic<bool>& give_up) {
  const std::lock_guard lock(mutex_);
  if (options_.mode == ProgressMode::plain) {
    if (progress.run_id != state_.latest().run_id) next_plain_s_ = options_.interval_s;
    state_.add(progress);
    if (progress.t_s + 0.01 < next_plain_s_) return;
    while (next_plain_s_ <= progress.t_s + 0.01) next_plain_s_ += options_.interval_s;
    writer_.write(plain_line(progress) + (note_.empty() ? "" : "  " + note_) + "\n", give_up);
    return;
  }
  state_.add(progress);
  const ViewSize now = size();
  std::string text = rewind(now.columns);
  widths_.clear();
  for (const auto& line : frame(state_, now, options_.colour, note_)) {
    text += line + "\x1b[K\r\n";
    // Colours take no column; without them the width is that of the text.
    widths_.push_back(options_.colour ? columns_of_coloured(line) : columns_of(line));
  }
  writer_.write(text + "\x1b[J", give_up);
}

void TerminalOutput::clear() {
  const std::lock_guard lock(mutex_);
  if (widths_.empty()) return;
  const std::atomic<bool> at_once{true};
  writer_.write(rewind(size().columns) + "\x1b[J", at_once);
  widths_.clear();
}

void TerminalOutput::set_note(std::string note) {
  const std::lock_guard lock(mutex_);
  note_ = std::move(note);
}

}  // namespace tidemark::live
