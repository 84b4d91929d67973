#include "cli/commands.h"

namespace tidemark::cli {

Result<std::map<std::string, std::string>> parameters_of(const std::vector<std::string>& pairs) {
  std::map<std::string, std::string> parameters;
  for (const auto& pair : pairs) {
    const std::size_t equals = pair.find('=');
    if (equals == std::string::npos || equals == 0) {
      return fail(ExitCode::usage, "-e " + pair, "is not KEY=VALUE", "write -e items=500");
    }
    parameters[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  return parameters;
}

}  // namespace tidemark::cli
