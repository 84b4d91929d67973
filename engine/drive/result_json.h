// A statement's result as JSON while its rows arrive: an array of objects, one a row, by column name. Numbers stay
// numbers as the server wrote them, NULL is null, bytes that are no UTF-8 become {"base64": "..."}; of two columns with
// one name the later wins when the text is read. A statement without rows: {"affected_rows", "insert_id", "warnings"}.
// Of several results the first with rows is kept. Not thread-safe: one link's.
#pragma once

#include <mariadb/mysql.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tidemark::drive {

class ResultJson {
 public:
  void clear();
  void begin_rows(const MYSQL_RES& result);
  void add_row(MYSQL_ROW row, const unsigned long* lengths);
  void end_rows();
  void done(std::uint64_t affected_rows, std::uint64_t insert_id, unsigned warnings);
  // Instead of whatever came before it: {"error": number, "sqlstate": "...", "message": "..."}.
  void error(unsigned number, std::string_view sqlstate, std::string_view message);
  std::string take();

 private:
  struct Column {
    std::string opening;  // "name": with quotes and colon
    bool number = false;
  };
  std::vector<Column> columns_;
  std::string text_;
  bool has_rows_ = false;  // a result with rows is whole; what follows it is not kept
  bool skipping_ = false;
};

}  // namespace tidemark::drive
