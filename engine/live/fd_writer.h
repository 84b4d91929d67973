// Writes to a descriptor that somebody else reads, slowly or not at all: never waits longer than it is told to, and
// never changes the descriptor's own flags, which other processes share. One owner.
#pragma once

#include <atomic>
#include <string_view>

namespace tidemark::live {

class FdWriter {
 public:
  // Does not own `fd`. Pipes and terminals are opened a second time without blocking; a regular file never blocks for a
  // reader and is used as it is.
  explicit FdWriter(int fd);
  ~FdWriter();
  FdWriter(const FdWriter&) = delete;
  FdWriter& operator=(const FdWriter&) = delete;

  // Waits for the reader until all is written or `give_up` is set, which is looked at every 50 ms. False: given up, or
  // the reader is gone; nothing more is written then, so that no line follows on half of another.
  bool write(std::string_view text, const std::atomic<bool>& give_up);
  bool closed() const { return closed_; }

 private:
  int fd_, own_ = -1;
  bool socket_ = false, closed_ = false;
};

}  // namespace tidemark::live
