#include "scenarios/shop/sqlite_file.h"

namespace tidemark::shop {

Result<std::unique_ptr<SqliteFile>> SqliteFile::open(const std::filesystem::path& path) {
  sqlite3* connection = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &connection,
                                   SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  std::unique_ptr<SqliteFile> file(new SqliteFile(connection, path));
  if (code != SQLITE_OK) return file->problem();
  sqlite3_busy_timeout(connection, 1000);
  for (const char* pragma : {"PRAGMA journal_mode=WAL", "PRAGMA synchronous=NORMAL"}) {
    if (const auto done = file->run_once(pragma, {}, {}); !done) return tl::make_unexpected(done.error());
  }
  return file;
}

tl::unexpected<Error> SqliteFile::problem() const {
  return fail(ExitCode::environment, path_.string(), sqlite3_errmsg(connection_.get()));
}

Result<SqliteFile::Statement> SqliteFile::prepare(const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(connection_.get(), sql.c_str(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return problem();
  return Statement(statement);
}

Result<void> SqliteFile::step(sqlite3_stmt* statement, const std::vector<std::string_view>& texts, const Row& row) {
  // The texts outlive the call: no copy.
  for (std::size_t i = 0; i < texts.size(); ++i) {
    sqlite3_bind_text(statement, static_cast<int>(i) + 1, texts[i].data() == nullptr ? "" : texts[i].data(),
                      static_cast<int>(texts[i].size()), SQLITE_STATIC);
  }
  int code = SQLITE_ROW;
  while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
    if (row) row(statement);
  }
  Result<void> done;
  if (code != SQLITE_DONE) done = problem();
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
  return done;
}

Result<void> SqliteFile::run(const std::string& sql, const std::vector<std::string_view>& texts, const Row& row) {
  auto found = statements_.find(sql);
  if (found == statements_.end()) {
    auto prepared = prepare(sql);
    if (!prepared) return tl::make_unexpected(prepared.error());
    found = statements_.emplace(sql, std::move(*prepared)).first;
  }
  return step(found->second.get(), texts, row);
}

Result<void> SqliteFile::run_once(const std::string& sql, const std::vector<std::string_view>& texts, const Row& row) {
  const auto prepared = prepare(sql);
  if (!prepared) return tl::make_unexpected(prepared.error());
  return step(prepared->get(), texts, row);
}

std::string SqliteFile::text(sqlite3_stmt* statement, int column) {
  // blob before bytes: the documented order for values of any type.
  const void* bytes = sqlite3_column_blob(statement, column);
  const int size = sqlite3_column_bytes(statement, column);
  return bytes == nullptr ? std::string()
                          : std::string(static_cast<const char*>(bytes), static_cast<std::size_t>(size));
}

std::string sql_name(std::string_view name) {
  std::string quoted = "\"";
  for (const char c : name) {
    quoted += c;
    if (c == '"') quoted += c;
  }
  return quoted + "\"";
}

}  // namespace tidemark::shop
