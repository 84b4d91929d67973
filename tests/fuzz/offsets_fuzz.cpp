// Foreign bytes as a file of recorded offsets.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "engine/schedule/offset_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tidemark::schedule;
  if (size > 65536) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto file = parse_offsets(text, "fuzz.txt", {"browse", "buy"});
  if (!file) {
    if (file.error().message().empty()) std::abort();
    return 0;
  }
  if (file->entries.empty()) std::abort();
  for (std::size_t i = 0; i < file->entries.size(); ++i) {
    const auto& entry = file->entries[i];
    if (entry.offset < tidemark::Nanos{} || entry.offset > std::chrono::hours(30 * 24)) std::abort();
    if (i > 0 && entry.offset < file->entries[i - 1].offset) std::abort();
    if (entry.flow != OffsetFile::kDrawn && entry.flow > 1) std::abort();
  }
  return 0;
}
