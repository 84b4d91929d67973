// The door to a running generator: a Unix socket in its run directory that only its owner may use (mode 0600). One
// request is one line, one answer is one line (control.h). A thread of its own; the worker is asked through the box.
#pragma once

#include <filesystem>
#include <memory>
#include <thread>

#include "engine/core/error.h"
#include "engine/drive/control.h"

namespace tidemark::drive {

class ControlSocket {
 public:
  static constexpr const char* kName = "control.sock";
  static constexpr auto kAnswerWithin = std::chrono::seconds(1);

  // Exit 4 when the socket cannot be made. `box` outlives the object.
  static Result<std::unique_ptr<ControlSocket>> open(const std::filesystem::path& run_dir, ControlBox& box);
  ~ControlSocket();  // closes and removes the socket
  ControlSocket(const ControlSocket&) = delete;
  ControlSocket& operator=(const ControlSocket&) = delete;

 private:
  ControlSocket(std::filesystem::path file, int listener, int wake, ControlBox& box);
  void serve();
  void answer(int peer);

  std::filesystem::path file_;
  int listener_, wake_;
  ControlBox& box_;
  std::thread thread_;
};

// The other end. Exit 4 when nothing runs there or it does not answer, 2 when it refuses.
Result<ControlReply> ask_run(const std::filesystem::path& run_dir, const ControlRequest& request);

}  // namespace tidemark::drive
