#include "scenarios/shop/store_tables.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <nlohmann/json.hpp>

#include "scenarios/shop/payload.h"
#include "tests/unit/shop_stores/temporary_dir.h"

namespace tidemark::shop {
namespace {

using Kind = StoreAnswer::Kind;
using nlohmann::json;
using traffic::ShadowTag;

const ShadowTag kLive{};
const ShadowTag kShadow{"00000000000000aa", "buy", std::string(32, '0')};
const ShadowTag kOtherRun{"00000000000000bb", "buy", std::string(32, '0')};

class StoreTablesTest : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = StoreTables::open(dir_.path());
    ASSERT_TRUE(opened) << opened.error().message();
    tables_ = std::make_unique<StoreTables>(std::move(*opened));
  }
  StoreAnswer put(const ShadowTag& tag, const std::string& table, const std::string& payload) {
    return tables_->put(tag, tag.world(), table, "1", payload);
  }
  // Straight into the file, as no client can.
  void execute(const char* file, const std::string& sql) {
    sqlite3* connection = nullptr;
    ASSERT_EQ(sqlite3_open((dir_.path() / file).c_str(), &connection), SQLITE_OK);
    char* problem = nullptr;
    EXPECT_EQ(sqlite3_exec(connection, sql.c_str(), nullptr, nullptr, &problem), SQLITE_OK) << problem;
    sqlite3_free(problem);
    sqlite3_close(connection);
  }

  TemporaryDir dir_;
  std::unique_ptr<StoreTables> tables_;
};

TEST_F(StoreTablesTest, ReferenceDataIsSeededOnceAndReadByBothWorlds) {
  StoreRowPage page;
  for (const auto& [table, rows] :
       {std::pair{"products", StoreTables::kProducts}, std::pair{"users", StoreTables::kUsers}}) {
    for (const ShadowTag& tag : {kLive, kShadow}) {
      std::size_t found = 0;
      std::string after;
      do {
        ASSERT_EQ(tables_->page(tag, tag.world(), table, after, 700, &page).kind, Kind::ok);
        found += page.rows.size();
        after = page.next;
      } while (!after.empty());
      EXPECT_EQ(found, rows) << table;
    }
  }
  EXPECT_EQ(run_of(tables_->get(kShadow, "shadow", "products", "17").text).run, "");
  tables_.reset();
  SetUp();
  EXPECT_EQ(tables_->get(kLive, "live", "users", "5000").kind, Kind::ok);
}

TEST_F(StoreTablesTest, TheTwoWorldsDoNotSeeEachOther) {
  ASSERT_EQ(put(kLive, "orders", R"({"n":1,"_run":""})").kind, Kind::ok);
  EXPECT_EQ(tables_->get(kShadow, "shadow", "orders", "1").kind, Kind::missing);
  ASSERT_EQ(put(kShadow, "orders", R"({"n":2,"_run":"00000000000000aa"})").kind, Kind::ok);
  EXPECT_EQ(json::parse(tables_->get(kLive, "live", "orders", "1").text)["n"], 1);
  EXPECT_EQ(json::parse(tables_->get(kShadow, "shadow", "orders", "1").text)["n"], 2);
}

TEST_F(StoreTablesTest, AShadowTagNeverWritesReferenceData) {
  const auto answer = put(kShadow, "products", R"({"_run":"00000000000000aa"})");
  EXPECT_EQ(answer.kind, Kind::forbidden);
  EXPECT_EQ(answer.text, "reference-data: a shadow tag never writes products");
  EXPECT_EQ(tables_->add(kShadow, "shadow", "users", "1", {"id", 1, 0, 0}).kind, Kind::forbidden);
  EXPECT_EQ(put(kLive, "products", R"({"_run":""})").kind, Kind::ok);
}

TEST_F(StoreTablesTest, NobodyWorksInTheOtherWorld) {
  EXPECT_EQ(tables_->put(kShadow, "live", "orders", "1", R"({"_run":""})").kind, Kind::forbidden);
  EXPECT_EQ(tables_->put(kLive, "shadow", "orders", "1", R"({"_run":""})").kind, Kind::forbidden);
  EXPECT_EQ(tables_->add(kShadow, "live", "inventory", "1", {"stock", 1, 0, 0}).kind, Kind::forbidden);
  EXPECT_EQ(tables_->get(kLive, "shadow", "orders", "1").kind, Kind::forbidden);
  EXPECT_EQ(tables_->get(kShadow, "live", "orders", "1").kind, Kind::forbidden);
  EXPECT_EQ(tables_->get(kShadow, "", "orders", "1").text, "world-mismatch: asked for , the tag is shadow");
}

TEST_F(StoreTablesTest, APayloadMustSayTheRunOfItsTag) {
  for (const char* payload : {"", "null", "[]", "\"_run\"", "{", "{}", R"({"_run":1})", R"({"_run":null})",
                              R"({"_run":"00000000000000aa"})", R"({"_run":" "})", "{\"_run\":\"\"} x"}) {
    EXPECT_EQ(put(kLive, "orders", payload).kind, Kind::invalid) << payload;
  }
  for (const char* payload : {R"({"_run":""})", R"({"_run":"00000000000000bb"})", "{}"}) {
    EXPECT_EQ(put(kShadow, "orders", payload).kind, Kind::invalid) << payload;
  }
  EXPECT_EQ(put(kShadow, "orders", R"({"_run":"00000000000000bb"})").text,
            R"(payload says "_run": "00000000000000bb" but the tag says "00000000000000aa")");
  EXPECT_EQ(tables_->get(kLive, "live", "orders", "1").kind, Kind::missing) << "nothing was written";
}

TEST_F(StoreTablesTest, TablesAndKeysAreChecked) {
  for (const char* table : {"", "Orders", "sqlite_master", "orders; DROP TABLE users", "\"orders\""}) {
    EXPECT_EQ(put(kLive, table, R"({"_run":""})").kind, Kind::invalid) << table;
    EXPECT_EQ(tables_->get(kLive, "live", table, "1").kind, Kind::invalid) << table;
  }
  for (const std::size_t size : {std::size_t{0}, StoreTables::kKeyBytes + 1}) {
    EXPECT_EQ(tables_->put(kLive, "live", "orders", std::string(size, 'k'), R"({"_run":""})").kind, Kind::invalid);
  }
  EXPECT_EQ(tables_->put(kLive, "live", "orders", std::string(StoreTables::kKeyBytes, 'k'), R"({"_run":""})").kind,
            Kind::ok);
  EXPECT_EQ(tables_->put(kLive, "live", "orders", "'; --", R"({"_run":""})").kind, Kind::ok);
  EXPECT_EQ(tables_->get(kLive, "live", "orders", "'; --").kind, Kind::ok);
}

TEST_F(StoreTablesTest, AddingStopsAtTheMinimumAndStampsTheRun) {
  const StoreTables::Addition take{"stock", -4, 0, 10};
  EXPECT_EQ(json::parse(tables_->add(kShadow, "shadow", "inventory", "7", take).text),
            (json{{"stock", 6}, {"_run", kShadow.run}}));
  EXPECT_EQ(json::parse(tables_->add(kOtherRun, "shadow", "inventory", "7", take).text),
            (json{{"stock", 2}, {"_run", kOtherRun.run}}));
  EXPECT_EQ(tables_->add(kShadow, "shadow", "inventory", "7", take).kind, Kind::conflict);
  EXPECT_EQ(json::parse(tables_->get(kShadow, "shadow", "inventory", "7").text)["stock"], 2);
  EXPECT_EQ(tables_->get(kLive, "live", "inventory", "7").kind, Kind::missing);
}

TEST_F(StoreTablesTest, AddingToWhatIsNoNumberIsRefused) {
  ASSERT_EQ(put(kLive, "inventory", R"({"stock":"many","_run":""})").kind, Kind::ok);
  EXPECT_EQ(tables_->add(kLive, "live", "inventory", "1", {"stock", 1, 0, 0}).kind, Kind::invalid);
  EXPECT_EQ(tables_->add(kLive, "live", "inventory", "1", {"absent", 1, 0, 0}).kind, Kind::invalid);
  EXPECT_EQ(tables_->add(kLive, "live", "inventory", "1", {"_run", 1, 0, 0}).kind, Kind::invalid);
  EXPECT_EQ(tables_->add(kLive, "live", "inventory", "2", {"stock", 1, 0, INT64_MAX}).kind, Kind::invalid)
      << "overflow";
}

TEST_F(StoreTablesTest, TheAuditSeesTablesThatNobodyDeclared) {
  execute("live.db",
          "CREATE TABLE \"od\"\"d\"(id INTEGER, payload); INSERT INTO \"od\"\"d\" VALUES(1, '{\"_run\":\"x\"}'), (2, "
          "NULL)");
  execute("shadow.db", "CREATE TABLE plain(a, b); INSERT INTO plain VALUES(1, 2)");
  const auto tables = tables_->audit_tables("live");
  ASSERT_TRUE(tables);
  EXPECT_EQ(*tables, (std::vector<std::string>{"inventory", "od\"d", "orders", "payments", "products", "users"}));
  const auto page = tables_->audit_page("live", "od\"d", "", 1);
  ASSERT_TRUE(page) << page.error().message();
  EXPECT_EQ(page->rows.at(0).second, R"({"_run":"x"})");
  EXPECT_EQ(tables_->audit_page("live", "od\"d", page->next, 1)->rows.at(0),
            (std::pair<std::string, std::string>{"row 2", ""}));
  EXPECT_EQ(tables_->audit_page("shadow", "plain", "", 10)->rows.at(0).second, "");
  EXPECT_FALSE(tables_->audit_page("live", "absent", "", 10));
  EXPECT_FALSE(tables_->audit_tables("elsewhere"));
}

TEST_F(StoreTablesTest, PagesOfLargeRowsEndEarlyAndLoseNothing) {
  const std::string payload = json{{"_run", ""}, {"blob", std::string(900'000, 'x')}}.dump();
  for (int i = 0; i < 12; ++i)
    ASSERT_EQ(tables_->put(kLive, "live", "orders", std::to_string(100 + i), payload).kind, Kind::ok);
  std::vector<std::string> keys;
  std::string after;
  int pages = 0;
  do {
    const auto page = tables_->audit_page("live", "orders", after, 1000);
    ASSERT_TRUE(page);
    for (const auto& [key, text] : page->rows) keys.push_back(key);
    after = page->next;
    ++pages;
  } while (!after.empty());
  EXPECT_EQ(keys.size(), 12U);
  EXPECT_GT(pages, 1);
}

}  // namespace
}  // namespace tidemark::shop
