// What the readers of feeders' files share. Internal to engine/schedule. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/schedule/feeder.h"

namespace tidemark::schedule {

// Why these cannot be a feeder's columns: no names, or not distinct.
std::optional<std::string> wrong_columns(const std::vector<std::string>& columns, std::size_t most);

}  // namespace tidemark::schedule
