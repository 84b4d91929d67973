// Which arguments of a Redis command are keys: what the shadow prefix needs to know (docs/scenario.md, "Redis"). A
// table of the commands of Redis 7.0 that a pooled connection may carry; everything else is said by the scenario itself
// (`keys:`). Pure; thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace tidemark::schedule {

struct RedisKeys {
  enum class Kind : std::uint8_t {
    known,       // `positions` are the keys; none for a command without any
    whole,       // works on everything in the server, as FLUSHALL and SCAN do: not for tagged traffic
    connection,  // changes the connection it runs on, as MULTI and SUBSCRIBE do: not for a pool
    unknown,     // not in the table, or `problem` says why it could not be read
  } kind = Kind::unknown;
  std::vector<std::uint32_t> positions;  // 0 is the command's name
  std::string problem;
};

// `arguments`: the command and what follows; nullopt where the text is not known before the run.
RedisKeys redis_keys(std::span<const std::optional<std::string>> arguments);

// The names in the table, for hints.
const std::vector<std::string>& redis_command_names();

}  // namespace tidemark::schedule
