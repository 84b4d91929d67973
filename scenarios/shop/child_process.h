// One node as a child process: started with its configuration on standard input, ready when it says so on a pipe,
// watched by pidfd, in a process group of its own. The child asks for its parent's death signal itself (`tidemark
// node`), which the kernel ties to the thread that started it: that thread must live as long as the child. Not
// thread-safe: one owner.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>

#include "engine/core/error.h"
#include "scenarios/shop/node_runtime.h"

namespace tidemark::shop {

// An open descriptor, closed with its owner.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor() { reset(); }
  void reset();
  int release() noexcept;
  int get() const { return fd_; }
  bool open() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

class ChildProcess {
 public:
  // `output` receives what the child writes outside its log. Exit 4 naming the node.
  static Result<ChildProcess> start(const std::filesystem::path& binary, const NodeConfig& config,
                                    const std::filesystem::path& output);
  ChildProcess(ChildProcess&&) noexcept = default;
  ChildProcess& operator=(ChildProcess&&) = delete;
  ~ChildProcess();  // a child that still runs is killed and waited for

  const std::string& name() const { return name_; }
  const std::string& service() const { return service_; }
  pid_t pid() const { return pid_; }
  int pid_descriptor() const { return pidfd_.get(); }    // readable once the child has ended
  int ready_descriptor() const { return ready_.get(); }  // -1 once ready
  std::uint16_t port() const { return port_; }           // 0 until ready

  // Reads what came on the ready pipe; false when the pipe ended without a port.
  bool read_ready();
  void signal(int number) const;
  bool running() const { return !ending_.has_value(); }
  // Reaps it if it has ended: "killed by signal 9" or "exited with code 4".
  std::optional<std::string> reap();

 private:
  ChildProcess() = default;

  std::string name_, service_;
  pid_t pid_ = -1;
  Descriptor pidfd_, ready_;
  std::string ready_text_;
  std::uint16_t port_ = 0;
  std::optional<std::string> ending_ = std::string();
};

}  // namespace tidemark::shop
