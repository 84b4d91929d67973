// RespParser on any bytes, cut in any places: the same commands as fed whole, bounded buffers, no accepted command over
// a limit.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "scenarios/shop/resp_codec.h"

namespace {

using tidemark::shop::RespLimits;
using tidemark::shop::RespParser;

constexpr RespLimits kLimits{8, 1024, 4096};

struct Parsed {
  std::vector<std::vector<std::string>> commands;
  std::string problem;
  bool operator==(const Parsed&) const = default;
};

void require(bool holds) {
  if (!holds) std::abort();
}

Parsed parse(std::string_view bytes, std::size_t piece) {
  RespParser parser(kLimits);
  Parsed parsed;
  std::vector<std::string> args;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    parser.feed(bytes.substr(at, piece));
    RespParser::Status status;
    while ((status = parser.next(&args)) == RespParser::Status::command) {
      require(!args.empty() && args.size() <= kLimits.args);
      for (const std::string& arg : args) require(arg.size() <= kLimits.bulk_bytes);
      parsed.commands.push_back(args);
    }
    if (status == RespParser::Status::malformed) break;
    require(parser.pending() <= kLimits.command_bytes + piece);
  }
  parsed.problem = parser.problem();
  return parsed;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Parsed whole = parse(bytes, bytes.size() + 1);
  require(whole == parse(bytes, 1 + data[0] % 64));
  require(whole == parse(bytes, 1));
  // What was accepted survives being written again.
  std::string again;
  for (const auto& command : whole.commands) {
    again += tidemark::shop::resp_array_header(command.size());
    for (const std::string& arg : command) again += tidemark::shop::resp_bulk(arg);
  }
  require(parse(again, again.size() + 1).commands == whole.commands);
  return 0;
}
