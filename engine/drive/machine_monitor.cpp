#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <fstream>
#include <iterator>

#include "engine/drive/self_monitor.h"

namespace tidemark::drive {
namespace {

constexpr const char* kCgroups = "/sys/fs/cgroup";

std::string read_whole(int fd) {
  char text[4096];
  const auto length = fd < 0 ? -1 : pread(fd, text, sizeof(text), 0);
  return length > 0 ? std::string(text, static_cast<std::size_t>(length)) : std::string();
}

// The number behind `name` and its separator, wherever a line or a word begins with it; -1: none.
double number_behind(std::string_view text, std::string_view name) {
  for (std::size_t at = text.find(name); at != std::string_view::npos; at = text.find(name, at + 1)) {
    if (at > 0 && text[at - 1] != '\n' && text[at - 1] != ' ') continue;
    std::string_view rest = text.substr(at + name.size());
    while (!rest.empty() && (rest.front() == ' ' || rest.front() == '=' || rest.front() == ':')) rest.remove_prefix(1);
    double value = 0;
    if (std::from_chars(rest.data(), rest.data() + rest.size(), value).ec == std::errc{}) return value;
  }
  return -1;
}

bool lists_controller(std::string_view controllers, std::string_view name) {
  for (std::size_t from = 0; from <= controllers.size();) {
    const std::size_t end = std::min(controllers.find(',', from), controllers.size());
    if (controllers.substr(from, end - from) == name) return true;
    from = end + 1;
  }
  return false;
}

double share(double now_s, double& last_s, double elapsed_s) {
  const double passed = now_s < 0 || elapsed_s <= 0 ? 0 : (now_s - last_s) / elapsed_s;
  if (now_s >= 0) last_s = now_s;
  return passed < 0 ? 0 : passed > 1 ? 1 : passed;
}

}  // namespace

std::string cpu_stat_path(std::string_view own_cgroups, const std::function<bool(const std::string&)>& exists) {
  // Lines "ID:CONTROLLERS:PATH"; version 2 has no controllers. Version 1 first: where both are mounted, it has the cpu.
  std::string found;
  while (!own_cgroups.empty()) {
    const std::string_view line = own_cgroups.substr(0, own_cgroups.find('\n'));
    own_cgroups.remove_prefix(std::min(own_cgroups.size(), line.size() + 1));
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    const std::string_view controllers = line.substr(first + 1, second - first - 1);
    const std::string path(line.substr(second + 1));
    const std::string below = (path == "/" ? "" : path) + "/cpu.stat";
    for (const std::string& folder : {std::string("/cpu"), std::string("/cpu,cpuacct"), std::string("/cpuacct,cpu")}) {
      const std::string candidate = kCgroups + folder + below;
      if (lists_controller(controllers, "cpu") && exists(candidate)) return candidate;
    }
    for (const std::string& folder : {std::string(), std::string("/unified")}) {
      const std::string candidate = kCgroups + folder + below;
      if (controllers.empty() && found.empty() && exists(candidate)) found = candidate;
    }
  }
  return found;
}

double throttled_seconds(std::string_view cpu_stat) {
  const double micros = number_behind(cpu_stat, "throttled_usec");
  if (micros >= 0) return micros * 1e-6;
  const double nanos = number_behind(cpu_stat, "throttled_time");
  return nanos >= 0 ? nanos * 1e-9 : -1;
}

double stalled_seconds(std::string_view pressure) {
  const std::size_t full = pressure.find("full ");
  const double micros = full == std::string_view::npos ? -1 : number_behind(pressure.substr(full), "total");
  return micros >= 0 ? micros * 1e-6 : -1;
}

MachineMonitor::MachineMonitor() {
  std::ifstream own("/proc/self/cgroup");
  const std::string cgroups((std::istreambuf_iterator<char>(own)), std::istreambuf_iterator<char>());
  const std::string path =
      cpu_stat_path(cgroups, [](const std::string& file) { return access(file.c_str(), R_OK) == 0; });
  if (!path.empty()) cgroup_stat_ = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  memory_pressure_ = open("/proc/pressure/memory", O_RDONLY | O_CLOEXEC);
  memory_ = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);
  since_last(0);
}

MachineMonitor::~MachineMonitor() {
  for (const int fd : {cgroup_stat_, memory_pressure_, memory_}) {
    if (fd >= 0) close(fd);
  }
}

MachineMonitor::Second MachineMonitor::since_last(double elapsed_s) {
  Second second;
  second.throttled_share = share(throttled_seconds(read_whole(cgroup_stat_)), throttled_s_, elapsed_s);
  second.memory_stall_share = share(stalled_seconds(read_whole(memory_pressure_)), stalled_s_, elapsed_s);
  const std::string memory = read_whole(memory_);
  const double available = number_behind(memory, "MemAvailable"), total = number_behind(memory, "MemTotal");
  if (available >= 0 && total >= 0) {
    second.available_bytes = static_cast<std::uint64_t>(available) * 1024;
    second.total_bytes = static_cast<std::uint64_t>(total) * 1024;
  }
  return second;
}

}  // namespace tidemark::drive
