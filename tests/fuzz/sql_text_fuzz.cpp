// Statements: the parts and their placeholders are the statement again but for comments to the end of a line and the
// closing ;, reading what came out gives the same, and no comment can be opened by what is put behind it.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "engine/schedule/sql_text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using tidemark::schedule::read_sql;
  if (size > 64 * 1024) return 0;
  const std::string query(reinterpret_cast<const char*>(data), size);
  static_cast<void>(tidemark::schedule::is_number(query));
  const auto sql = read_sql(query);
  if (!sql) return 0;
  if (sql->parts.empty() || sql->verb.empty()) std::abort();
  std::string whole = sql->parts.front();
  for (std::size_t i = 1; i < sql->parts.size(); ++i) whole += "?" + sql->parts[i];
  if (whole.size() > query.size()) std::abort();
  const auto again = read_sql(whole + " /*behind*/");
  if (!again || again->parts.size() != sql->parts.size() || again->verb != sql->verb ||
      again->qualifiers != sql->qualifiers) {
    std::abort();
  }
  if (again->parts.back() != (sql->parts.back() + " /*behind*/")) std::abort();
  return 0;
}
