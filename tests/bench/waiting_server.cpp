// A server that is slow by waiting and by nothing else: each request is answered after DELAY_MS, however many there
// are. For tests of the generator's verdict on itself.   usage: waiting_server DELAY_MS Prints its port on the first
// line; runs until it is killed, or its parent ends.
#include <sys/prctl.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "engine/net/http_server.h"

int main(int argc, char** argv) {
  using namespace tidemark;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const std::chrono::milliseconds delay(argc > 1 ? std::atoi(argv[1]) : 200);
  net::asio::io_context io{1};
  net::HttpServer server(io, {}, [&io, delay](net::Request) -> net::Task<net::Response> {
    net::Timer timer(io.get_executor());
    timer.expires_after(delay);
    co_await timer.async_wait(net::as_values);
    co_return net::Response::text(200, "ok");
  });
  const auto port = server.listen("127.0.0.1", 0);
  if (!port) {
    std::fprintf(stderr, "%s\n", port.error().message().c_str());
    return static_cast<int>(port.error().code);
  }
  std::printf("%u\n", static_cast<unsigned>(*port));
  std::fflush(stdout);
  io.run();
}
