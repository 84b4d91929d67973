// A SQLite connection that keeps its prepared statements, for the store node's two files. Blocking. Not thread-safe:
// one owner.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/core/error.h"

namespace tidemark::shop {

class SqliteFile {
 public:
  // Creates the file if need be; WAL, synchronous=NORMAL, waits up to 1 s for another process's lock.
  static Result<std::unique_ptr<SqliteFile>> open(const std::filesystem::path& path);

  using Row = std::function<void(sqlite3_stmt*)>;
  // Prepares `sql` once, binds the texts in order, calls `row` for each row. Errors (exit 4) carry SQLite's message.
  Result<void> run(const std::string& sql, const std::vector<std::string_view>& texts = {}, const Row& row = {});
  // The same without keeping the statement: for SQL made from names found in the file.
  Result<void> run_once(const std::string& sql, const std::vector<std::string_view>& texts, const Row& row);

  static std::string text(sqlite3_stmt* statement, int column);  // "" for NULL

 private:
  struct Close {
    void operator()(sqlite3* connection) const { sqlite3_close(connection); }
  };
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;

  SqliteFile(sqlite3* connection, std::filesystem::path path) : path_(std::move(path)), connection_(connection) {}
  tl::unexpected<Error> problem() const;
  Result<Statement> prepare(const std::string& sql);
  Result<void> step(sqlite3_stmt* statement, const std::vector<std::string_view>& texts, const Row& row);

  const std::filesystem::path path_;
  std::unique_ptr<sqlite3, Close> connection_;
  std::unordered_map<std::string, Statement> statements_;  // closed before the connection
};

// "name" as an SQL identifier.
std::string sql_name(std::string_view name);

}  // namespace tidemark::shop
