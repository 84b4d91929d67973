#include "scenarios/shop/store_tables.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "scenarios/shop/payload.h"
#include "scenarios/shop/sqlite_file.h"

namespace tidemark::shop {

using traffic::ShadowTag;
using Kind = StoreAnswer::Kind;

namespace {

constexpr std::array<const char*, 8> kCategories{"books", "garden", "games", "kitchen",
                                                 "music", "sport",  "tools", "toys"};
constexpr std::array<const char*, 3> kTiers{"bronze", "silver", "gold"};

template <class Names>
bool among(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

constexpr std::size_t kPageBytes = 4 * 1024 * 1024;  // a page ends early past this

StoreAnswer answer(Kind kind, std::string text) {
  return {kind, std::move(text)};
}

// Deterministic: the reference data of every stack is the same.
std::string product(std::size_t id) {
  return nlohmann::json{{"id", id},
                        {"name", "Product " + std::to_string(id)},
                        {"category", kCategories[id % kCategories.size()]},
                        {"price_cents", 199 + (id * 7919) % 9800},
                        {"_run", ""}}
      .dump();
}

std::string user(std::size_t id) {
  return nlohmann::json{{"id", id},
                        {"name", "User " + std::to_string(id)},
                        {"email", "user" + std::to_string(id) + "@example.com"},
                        {"tier", kTiers[id % kTiers.size()]},
                        {"_run", ""}}
      .dump();
}

std::string select_row(const std::string& table) {
  return "SELECT payload FROM " + sql_name(table) + " WHERE key = ?1";
}
std::string upsert_row(const std::string& table) {
  return "INSERT INTO " + sql_name(table) +
         "(key, payload) VALUES(?1, ?2) ON CONFLICT(key) DO UPDATE SET payload = excluded.payload";
}
std::string select_page(const std::string& table) {
  return "SELECT key, payload FROM " + sql_name(table) + " WHERE key > ?1 ORDER BY key LIMIT CAST(?2 AS INTEGER)";
}

template <class Names>
Result<void> create_tables(SqliteFile* file, const Names& names) {
  for (const std::string_view name : names) {
    const std::string sql =
        "CREATE TABLE IF NOT EXISTS " + sql_name(name) + "(key TEXT PRIMARY KEY, payload TEXT NOT NULL) WITHOUT ROWID";
    if (const auto done = file->run_once(sql, {}, {}); !done) return done;
  }
  return {};
}

// Collects rows until the page is full of bytes.
struct PageFill {
  StoreRowPage page;
  std::size_t bytes = 0;
  bool cut = false;

  void add(std::string key, std::string payload) {
    cut = cut || bytes > kPageBytes;
    if (cut) return;
    bytes += key.size() + payload.size();
    page.rows.emplace_back(std::move(key), std::move(payload));
  }
  bool more(std::size_t limit) const { return cut || page.rows.size() == limit; }
};

Result<StoreRowPage> key_page(SqliteFile* file, const std::string& table, const std::string& after, std::size_t limit) {
  PageFill fill;
  const auto done = file->run(select_page(table), {after, std::to_string(limit)},
                              [&](sqlite3_stmt* row) { fill.add(SqliteFile::text(row, 0), SqliteFile::text(row, 1)); });
  if (!done) return tl::make_unexpected(done.error());
  if (fill.more(limit)) fill.page.next = fill.page.rows.back().first;
  return std::move(fill.page);
}

std::string payload_column(sqlite3_stmt* row) {
  for (int column = 0; column < sqlite3_column_count(row); ++column) {
    if (std::string_view(sqlite3_column_name(row, column)) == "payload") return SqliteFile::text(row, column);
  }
  return {};
}

// Rows of a table that the store did not make: by position, since nothing is known of its keys.
Result<StoreRowPage> foreign_page(SqliteFile* file, const std::string& table, const std::string& after,
                                  std::size_t limit) {
  PageFill fill;
  std::size_t position = 0;
  std::from_chars(after.data(), after.data() + after.size(), position);
  const std::string sql = "SELECT * FROM " + sql_name(table) + " LIMIT CAST(?1 AS INTEGER) OFFSET CAST(?2 AS INTEGER)";
  const auto done = file->run_once(sql, {std::to_string(limit), std::to_string(position)}, [&](sqlite3_stmt* row) {
    fill.add("row " + std::to_string(position + fill.page.rows.size() + 1), payload_column(row));
  });
  if (!done) return tl::make_unexpected(done.error());
  if (fill.more(limit)) fill.page.next = std::to_string(position + fill.page.rows.size());
  return std::move(fill.page);
}

}  // namespace

StoreTables::StoreTables() = default;
StoreTables::StoreTables(StoreTables&&) noexcept = default;
StoreTables::~StoreTables() = default;

Result<StoreTables> StoreTables::open(const std::filesystem::path& dir) {
  std::error_code error;
  std::filesystem::create_directories(dir, error);
  if (error) return fail(ExitCode::environment, dir.string(), "create: " + error.message());
  StoreTables tables;
  for (auto [file, name] : {std::pair{&tables.live_, "live.db"}, std::pair{&tables.shadow_, "shadow.db"}}) {
    auto opened = SqliteFile::open(dir / name);
    if (!opened) return tl::make_unexpected(opened.error());
    *file = std::move(*opened);
    if (const auto made = create_tables(file->get(), kMutable); !made) return tl::make_unexpected(made.error());
  }
  if (const auto made = create_tables(tables.live_.get(), kReference); !made) return tl::make_unexpected(made.error());
  if (const auto seeded = tables.seed_reference(); !seeded) return tl::make_unexpected(seeded.error());
  return tables;
}

Result<void> StoreTables::seed_reference() {
  bool empty = true;
  auto done = live_->run_once("SELECT 1 FROM products LIMIT 1", {}, [&](sqlite3_stmt*) { empty = false; });
  if (!done || !empty) return done;
  if (done = live_->run_once("BEGIN IMMEDIATE", {}, {}); !done) return done;
  for (std::size_t id = 1; done && id <= kProducts; ++id)
    done = live_->run(upsert_row("products"), {std::to_string(id), product(id)});
  for (std::size_t id = 1; done && id <= kUsers; ++id)
    done = live_->run(upsert_row("users"), {std::to_string(id), user(id)});
  if (!done) return done;  // the open transaction goes with the connection
  return live_->run_once("COMMIT", {}, {});
}

SqliteFile* StoreTables::file_of(std::string_view world) {
  if (world == "live") return live_.get();
  return world == "shadow" ? shadow_.get() : nullptr;
}

SqliteFile* StoreTables::reading(const ShadowTag& tag, std::string_view world, const std::string& table,
                                 StoreAnswer* refusal) {
  const bool reference = among(kReference, table);
  if (!reference && !among(kMutable, table)) {
    *refusal = answer(Kind::invalid, "no such table");
    return nullptr;
  }
  if (world != tag.world()) {
    *refusal = answer(Kind::forbidden, "world-mismatch: asked for " + std::string(world.substr(0, 16)) +
                                           ", the tag is " + std::string(tag.world()));
    return nullptr;
  }
  return file_of(reference ? "live" : world);
}

SqliteFile* StoreTables::writing(const ShadowTag& tag, std::string_view world, const std::string& table,
                                 const std::string& key, StoreAnswer* refusal) {
  SqliteFile* file = reading(tag, world, table, refusal);
  if (file == nullptr) return nullptr;
  if (!tag.live() && among(kReference, table)) {
    *refusal = answer(Kind::forbidden, "reference-data: a shadow tag never writes " + table);
    return nullptr;
  }
  if (key.empty() || key.size() > kKeyBytes) {
    *refusal = answer(Kind::invalid, "a key has 1 to 200 bytes");
    return nullptr;
  }
  return file;
}

StoreAnswer StoreTables::get(const ShadowTag& tag, std::string_view world, const std::string& table,
                             const std::string& key) {
  StoreAnswer found = answer(Kind::missing, "no such row");
  SqliteFile* file = reading(tag, world, table, &found);
  if (file == nullptr) return found;
  const auto done = file->run(select_row(table), {key},
                              [&](sqlite3_stmt* row) { found = answer(Kind::ok, SqliteFile::text(row, 0)); });
  return done ? found : answer(Kind::broken, done.error().message());
}

StoreAnswer StoreTables::put(const ShadowTag& tag, std::string_view world, const std::string& table,
                             const std::string& key, const std::string& payload) {
  StoreAnswer refusal;
  SqliteFile* file = writing(tag, world, table, key, &refusal);
  if (file == nullptr) return refusal;
  if (const auto problem = payload_problem(payload, tag)) return answer(Kind::invalid, *problem);
  const auto done = file->run(upsert_row(table), {key, payload});
  return done ? answer(Kind::ok, payload) : answer(Kind::broken, done.error().message());
}

StoreAnswer StoreTables::add(const ShadowTag& tag, std::string_view world, const std::string& table,
                             const std::string& key, const Addition& addition) {
  StoreAnswer refusal;
  SqliteFile* file = writing(tag, world, table, key, &refusal);
  if (file == nullptr) return refusal;
  if (addition.field.empty() || addition.field == kRunField) return answer(Kind::invalid, "field to add to is missing");
  // Read and write are one transaction by being the only ones: this process is the only opener, and calls do not
  // interleave.
  nlohmann::json row = {{addition.field, addition.initial}};
  const auto read = file->run(select_row(table), {key}, [&](sqlite3_stmt* found) {
    row = nlohmann::json::parse(SqliteFile::text(found, 0), nullptr, /*allow_exceptions=*/false);
  });
  if (!read) return answer(Kind::broken, read.error().message());
  if (!row.is_object() || !row.contains(addition.field) || !row[addition.field].is_number_integer()) {
    return answer(Kind::invalid, "the row has no integer field " + addition.field.substr(0, 64));
  }
  std::int64_t sum = 0;
  if (__builtin_add_overflow(row[addition.field].get<std::int64_t>(), addition.delta, &sum))
    return answer(Kind::invalid, "overflow");
  if (sum < addition.minimum) return answer(Kind::conflict, addition.field + " would fall below its minimum");
  row[addition.field] = sum;
  const std::string payload = stamped(std::move(row), tag);
  const auto done = file->run(upsert_row(table), {key, payload});
  return done ? answer(Kind::ok, payload) : answer(Kind::broken, done.error().message());
}

StoreAnswer StoreTables::page(const ShadowTag& tag, std::string_view world, const std::string& table,
                              const std::string& after, std::size_t limit, StoreRowPage* page) {
  StoreAnswer refusal;
  SqliteFile* file = reading(tag, world, table, &refusal);
  if (file == nullptr) return refusal;
  auto found = key_page(file, table, after, limit);
  if (!found) return answer(Kind::broken, found.error().message());
  *page = std::move(*found);
  return {};
}

Result<std::vector<std::string>> StoreTables::audit_tables(std::string_view world) {
  SqliteFile* file = file_of(world);
  if (file == nullptr) return fail(ExitCode::usage, "world", "neither live nor shadow");
  std::vector<std::string> names;
  const auto done = file->run(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
      {}, [&](sqlite3_stmt* row) { names.push_back(SqliteFile::text(row, 0)); });
  if (!done) return tl::make_unexpected(done.error());
  return names;
}

Result<StoreRowPage> StoreTables::audit_page(std::string_view world, const std::string& table, const std::string& after,
                                             std::size_t limit) {
  SqliteFile* file = file_of(world);
  if (file == nullptr) return fail(ExitCode::usage, "world", "neither live nor shadow");
  const bool ours = among(kMutable, table) || (world == "live" && among(kReference, table));
  return ours ? key_page(file, table, after, limit) : foreign_page(file, table, after, limit);
}

}  // namespace tidemark::shop
