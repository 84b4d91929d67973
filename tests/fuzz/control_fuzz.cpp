// Foreign bytes on the control socket: a located problem or a request that means itself, either way round.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "engine/drive/control.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tidemark::drive;
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  if (const auto request = parse_control_request(line)) {
    const auto again = parse_control_request(to_line(*request));
    if (!again || again->kind != request->kind || again->factor != request->factor || again->rate != request->rate)
      std::abort();
    if (request->factor && !(*request->factor > 0)) std::abort();
  } else if (request.error().what.empty()) {
    std::abort();
  }
  if (const auto reply = parse_control_reply(line)) {
    if (!parse_control_reply(to_line(*reply))) std::abort();
  }
  return 0;
}
