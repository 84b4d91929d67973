// Runs the built binary as a user would: arguments in, exit code and output back. For tests only; blocking.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace tidemark::test {

struct CommandResult {
  int exit_code = -1;  // 128 + signal when it was killed
  std::string output;  // standard output
  std::string errors;  // standard error
};

// Runs to the end; killed after `limit_s` seconds.
CommandResult run_command(const std::vector<std::string>& arguments, int limit_s = 120);
CommandResult run_tidemark(std::vector<std::string> arguments, int limit_s = 120);

// A process in the background, its standard output readable line by line. Killed and reaped by the destructor.
class BackgroundCommand {
 public:
  explicit BackgroundCommand(const std::vector<std::string>& arguments);
  ~BackgroundCommand();
  BackgroundCommand(const BackgroundCommand&) = delete;
  BackgroundCommand& operator=(const BackgroundCommand&) = delete;

  // The next line of standard output without its end; "" after `limit_s` seconds or at the end of the output.
  std::string read_line(int limit_s = 20);
  void signal(int number);
  CommandResult wait(int limit_s = 60);
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = -1;
  int output_ = -1;
  std::string errors_path_;
  std::string buffered_;
};

// A folder under the system's temporary one, removed at the end. Before that, the books of the runs in it are checked.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  std::filesystem::path path() const { return path_; }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

std::string read_text(const std::filesystem::path& file);

}  // namespace tidemark::test
