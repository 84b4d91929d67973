#include "nginx_server.h"

#include <arpa/inet.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>

namespace tidemark::test {
namespace {

constexpr const char* kProgram = "/usr/sbin/nginx";

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

std::uint16_t free_port() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof(address);
  bind(fd, reinterpret_cast<sockaddr*>(&address), size);
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  close(fd);
  return ntohs(address.sin_port);
}

// True once somebody listens; false when `pid` ended first.
bool wait_until_it_listens(std::uint16_t port, int pid) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (std::chrono::steady_clock::now() < until) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = loopback(port);
    const bool connected = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
    close(fd);
    if (connected) return true;
    if (waitpid(pid, nullptr, WNOHANG) == pid) return false;
    usleep(5000);  // there is no event to await: nginx tells nobody that it listens
  }
  return false;
}

}  // namespace

NginxServer::NginxServer(const std::string& locations) {
  if (access(kProgram, X_OK) != 0) return;
  std::string pattern = (std::filesystem::temp_directory_path() / "tidemark-nginx-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) std::abort();
  folder_ = pattern;
  for (int attempt = 0; attempt < 3 && pid_ < 0; ++attempt) {  // the port may be taken between choice and use
    port_ = free_port();
    const std::string file = (folder_ / "nginx.conf").string();
    std::ofstream(file) << "daemon off; master_process off; pid " << folder_.string()
                        << "/pid; error_log stderr crit;\n"
                        << "events { worker_connections 512; }\nhttp { access_log off;\n"
                        << "client_body_temp_path " << folder_.string() << "/body; proxy_temp_path " << folder_.string()
                        << "/proxy; fastcgi_temp_path " << folder_.string() << "/fastcgi; uwsgi_temp_path "
                        << folder_.string() << "/uwsgi; scgi_temp_path " << folder_.string() << "/scgi;\n"
                        << "keepalive_requests 1000000;\n"
                        << "server { listen 127.0.0.1:" << port_ << ";\n"
                        << locations << "\n} }\n";
    std::string program = kProgram, option = "-c", prefix = "-p", path = folder_.string(), conf = file;
    char* arguments[] = {program.data(), prefix.data(), path.data(), option.data(), conf.data(), nullptr};
    int child = -1;
    if (posix_spawn(&child, kProgram, nullptr, nullptr, arguments, environ) != 0) std::abort();
    if (wait_until_it_listens(port_, child)) pid_ = child;
  }
}

NginxServer::~NginxServer() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  if (!folder_.empty()) std::filesystem::remove_all(folder_);
}

}  // namespace tidemark::test
