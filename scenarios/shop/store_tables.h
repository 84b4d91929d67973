// The store's two SQLite files and the rules of who may write what, without any network. live.db holds live rows and
// the reference data; shadow.db holds what tagged traffic made. The rules are decided here, not by the caller
// (docs/stores.md):
//   - a shadow tag never writes live.db, and never a reference table;
//   - a live tag never writes shadow.db;
//   - every payload written is a JSON object whose "_run" equals the tag's run.
// Each call is one transaction (WAL, synchronous=NORMAL). Blocking. Not thread-safe: one owner, and one process for the
// files.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/core/error.h"
#include "engine/traffic/shadow_tag.h"

namespace tidemark::shop {

class SqliteFile;  // one connection with its prepared statements

struct StoreAnswer {
  enum class Kind {
    ok,
    missing,    // no such row
    conflict,   // add: the sum would fall below the minimum
    forbidden,  // the tag may not do this
    invalid,    // table, key or payload is not as it must be
    broken,     // SQLite failed: `text` is its message
  } kind = Kind::ok;
  std::string text;  // ok: the row's payload; otherwise the reason
};

struct StoreRowPage {
  std::vector<std::pair<std::string, std::string>> rows;  // key, payload
  std::string next;                                       // `after` of the next page; "" at the end
};

class StoreTables {
 public:
  static constexpr std::array<std::string_view, 2> kReference{"products", "users"};
  static constexpr std::array<std::string_view, 3> kMutable{"orders", "inventory", "payments"};
  static constexpr std::size_t kKeyBytes = 200;
  static constexpr std::size_t kProducts = 1000, kUsers = 5000;

  // Creates the files and tables, and fills products and users ("1", "2", ...) when they are empty.
  static Result<StoreTables> open(const std::filesystem::path& dir);
  StoreTables(StoreTables&&) noexcept;
  ~StoreTables();

  // `world` is what the caller believes it works in ("live" or "shadow"): forbidden when the tag says otherwise.
  StoreAnswer get(const traffic::ShadowTag& tag, std::string_view world, const std::string& table,
                  const std::string& key);
  StoreAnswer put(const traffic::ShadowTag& tag, std::string_view world, const std::string& table,
                  const std::string& key, const std::string& payload);
  struct Addition {
    std::string field;
    std::int64_t delta = 0, minimum = 0, initial = 0;
  };
  StoreAnswer add(const traffic::ShadowTag& tag, std::string_view world, const std::string& table,
                  const std::string& key, const Addition& addition);
  // ok: `page` holds up to `limit` rows with key > after.
  StoreAnswer page(const traffic::ShadowTag& tag, std::string_view world, const std::string& table,
                   const std::string& after, std::size_t limit, StoreRowPage* page);

  // For the audit: every table that the file has, known or not, and its rows as they are. `world`: "live" or "shadow".
  // A table of a foreign shape is read in its own order; a row of it without a column "payload" has payload "".
  Result<std::vector<std::string>> audit_tables(std::string_view world);
  Result<StoreRowPage> audit_page(std::string_view world, const std::string& table, const std::string& after,
                                  std::size_t limit);

 private:
  StoreTables();
  // The file to read or write; nullptr with the reason in `refusal`.
  SqliteFile* reading(const traffic::ShadowTag& tag, std::string_view world, const std::string& table,
                      StoreAnswer* refusal);
  SqliteFile* writing(const traffic::ShadowTag& tag, std::string_view world, const std::string& table,
                      const std::string& key, StoreAnswer* refusal);
  SqliteFile* file_of(std::string_view world);
  Result<void> seed_reference();

  std::unique_ptr<SqliteFile> live_, shadow_;
};

}  // namespace tidemark::shop
