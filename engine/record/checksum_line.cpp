#include "engine/record/checksum_line.h"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "engine/core/json_fields.h"
#include "engine/record/crc32c.h"

namespace tidemark::record {

std::string format_checksum_line(const ChecksumLine& line) {
  const std::string fields = fmt::format(R"({{"file":"{}","offset":{},"length":{},"crc32c":"{:08x}")", line.file,
                                         line.offset, line.length, line.crc32c);
  return fmt::format("{},\"self\":\"{:08x}\"}}\n", fields, crc32c(fields + "}"));
}

std::optional<ChecksumLine> parse_checksum_line(std::string_view text) {
  const nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
  ChecksumLine line;
  std::string crc;
  JsonFields fields(json, "checksums.ndjson");
  fields.text("file", line.file);
  fields.count("offset", line.offset);
  fields.count("length", line.length);
  fields.text("crc32c", crc);
  if (fields.error()) return std::nullopt;
  const auto [end, status] = std::from_chars(crc.data(), crc.data() + crc.size(), line.crc32c, 16);
  if (status != std::errc() || end != crc.data() + crc.size()) return std::nullopt;
  // Written anew and compared: one comparison covers the self check, the spelling of every number and stray fields.
  const std::string expected = format_checksum_line(line);
  if (text != std::string_view(expected).substr(0, expected.size() - 1)) return std::nullopt;
  return line;
}

}  // namespace tidemark::record
