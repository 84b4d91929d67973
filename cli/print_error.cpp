#include <cstdio>

#include "cli/commands.h"

namespace tidemark::cli {

ExitCode print_error(const Error& error) {
  const char* separator = error.place.empty() ? "" : ": ";
  std::fprintf(stderr, "tidemark: %s%s%s\n", error.place.c_str(), separator, error.what.c_str());
  if (!error.advice.empty()) std::fprintf(stderr, "  try: %s\n", error.advice.c_str());
  return error.code;
}

}  // namespace tidemark::cli
