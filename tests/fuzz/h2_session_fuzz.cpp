// What a server may send on an HTTP/2 connection, in slices: whatever it is, each exchange ends exactly once, limits
// hold, and a session that reported a problem takes no more. The first byte is the size of the slices.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "engine/drive/h2_session.h"

namespace {

using namespace tidemark::drive;

constexpr std::size_t kBodyBytes = 4096;
constexpr std::uint32_t kExchanges = 4;

struct Counter : H2Session::Events {
  void on_h2_answer(std::uint32_t exchange, const Answer& answer) override {
    if (answer.status < 200 || answer.status > 999 || answer.body.size() > kBodyBytes) std::abort();
    end(exchange);
  }
  void on_h2_failure(std::uint32_t exchange, std::string_view why, bool /*refused*/) override {
    if (why.empty()) std::abort();
    end(exchange);
  }
  void end(std::uint32_t exchange) {
    if (exchange >= kExchanges || ended[exchange]) std::abort();
    ended[exchange] = true;
  }
  std::vector<bool> ended = std::vector<bool>(kExchanges);
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  const std::size_t slice = data[0] == 0 ? bytes.size() : data[0];
  Counter counter;
  H2Session session(counter, {.streams = kExchanges, .header_bytes = 1024, .body_bytes = kBodyBytes});
  Rendered request;
  request.method = "POST";
  request.authority = "h";
  request.target = "/";
  request.body = "body";
  for (std::uint32_t exchange = 0; exchange < kExchanges; ++exchange)
    session.submit(exchange, request, "http", {.headers = true, .body = true});
  std::string out;
  bool sound = session.collect(out);
  while (sound && !bytes.empty()) {
    const auto piece = bytes.substr(0, slice);
    bytes.remove_prefix(piece.size());
    sound = session.feed(piece) && session.collect(out);
  }
  session.abandon("end of input");
  for (const bool ended : counter.ended)
    if (!ended) std::abort();
  return 0;
}
