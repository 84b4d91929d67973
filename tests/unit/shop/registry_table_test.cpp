#include "scenarios/shop/registry_table.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "engine/core/base64.h"
#include "scenarios/shop/registry_client.h"

namespace tidemark::shop {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;
const Instant kStart{1000s};

std::string put_body(const std::string& key, const std::string& value, const json& lease = 0) {
  return json{{"key", base64_encode(key)}, {"value", base64_encode(value)}, {"lease", lease}}.dump();
}
std::string range_body(const std::string& prefix) {
  return json{{"key", base64_encode(prefix)}, {"range_end", base64_encode(prefix_end(prefix))}}.dump();
}

std::set<std::string> keys_in(RegistryTable& table, const std::string& prefix, Instant now) {
  const auto answer = table.handle("/v3/kv/range", range_body(prefix), now);
  EXPECT_EQ(answer.status, 200);
  std::set<std::string> keys;
  for (const auto& pair : answer.body.value("kvs", json::array()))
    keys.insert(*base64_decode(pair["key"].get<std::string>()));
  EXPECT_EQ(answer.body.value("count", "0"), std::to_string(keys.size()));
  return keys;
}

TEST(RegistryTable, AnswersAsEtcdDoes) {
  RegistryTable table(1);
  const auto lease = table.handle("/v3/lease/grant", R"({"TTL":5})", kStart);
  ASSERT_EQ(lease.status, 200);
  EXPECT_TRUE(lease.body["ID"].is_string());
  EXPECT_EQ(lease.body["TTL"], "5");
  const std::string id = lease.body["ID"];
  const auto stored = table.handle("/v3/kv/put", put_body("nodes/product/product-1", "127.0.0.1:80", id), kStart);
  ASSERT_EQ(stored.status, 200);
  EXPECT_EQ(stored.body["header"]["revision"], "2");
  table.handle("/v3/kv/put", put_body("nodes/product/product-1", "127.0.0.1:81", id), kStart);
  const auto found = table.handle("/v3/kv/range", range_body("nodes/"), kStart);
  const json pair = found.body["kvs"][0];
  EXPECT_EQ(*base64_decode(pair["value"].get<std::string>()), "127.0.0.1:81");
  EXPECT_EQ(pair["create_revision"], "2");
  EXPECT_EQ(pair["mod_revision"], "3");
  EXPECT_EQ(pair["version"], "2");
  EXPECT_EQ(pair["lease"], id);
}

TEST(RegistryTable, PrefixRangeEndsWhereThePrefixDoes) {
  RegistryTable table(1);
  for (const char* key : {"nodes", "nodes/", "nodes/a", "nodes/z/1", "nodes0", "other"}) {
    table.handle("/v3/kv/put", put_body(key, "x"), kStart);
  }
  EXPECT_EQ(keys_in(table, "nodes/", kStart), (std::set<std::string>{"nodes/", "nodes/a", "nodes/z/1"}));
  EXPECT_EQ(prefix_end("a\xff"), "b");
  EXPECT_EQ(prefix_end("\xff\xff"), std::string(1, '\0'));
  const auto one = table.handle("/v3/kv/range", json{{"key", base64_encode("nodes")}}.dump(), kStart);
  EXPECT_EQ(one.body["count"], "1");
}

TEST(RegistryTable, LeaseEndsUnlessKeptAlive) {
  RegistryTable table(1);
  const std::string id = table.handle("/v3/lease/grant", R"({"TTL":"5"})", kStart).body["ID"];
  table.handle("/v3/kv/put", put_body("nodes/a/a-1", "x", id), kStart);
  const std::string keep = json{{"ID", id}}.dump();
  EXPECT_EQ(table.handle("/v3/lease/keepalive", keep, kStart + 4s).body["result"]["TTL"], "5");
  EXPECT_EQ(keys_in(table, "nodes/", kStart + 9s - 1ns).size(), 1U);
  EXPECT_EQ(keys_in(table, "nodes/", kStart + 9s).size(), 0U);
  EXPECT_FALSE(table.handle("/v3/lease/keepalive", keep, kStart + 9s).body["result"].contains("TTL"));
  EXPECT_EQ(table.handle("/v3/kv/put", put_body("nodes/a/a-1", "x", id), kStart + 9s).status, 404);
}

TEST(RegistryTable, RevokeTakesTheKeysAlong) {
  RegistryTable table(1);
  const std::string id = table.handle("/v3/lease/grant", R"({"TTL":5})", kStart).body["ID"];
  table.handle("/v3/kv/put", put_body("nodes/a/a-1", "x", id), kStart);
  table.handle("/v3/kv/put", put_body("nodes/b/b-1", "x"), kStart);
  EXPECT_EQ(table.handle("/v3/lease/revoke", json{{"ID", id}}.dump(), kStart).status, 200);
  EXPECT_EQ(keys_in(table, "nodes/", kStart), std::set<std::string>{"nodes/b/b-1"});
  const auto again = table.handle("/v3/lease/revoke", json{{"ID", id}}.dump(), kStart);
  EXPECT_EQ(again.status, 404);
  EXPECT_EQ(again.body["error"], "etcdserver: requested lease not found");
}

TEST(RegistryTable, RefusesWhatIsNoRequest) {
  RegistryTable table(1);
  struct {
    const char *path, *body;
    int status;
  } const cases[] = {{"/v3/kv/put", "", 400},
                     {"/v3/kv/put", "[]", 400},
                     {"/v3/kv/put", "{}", 400},
                     {"/v3/kv/put", R"({"key":"%%%","value":""})", 400},
                     {"/v3/kv/put", R"({"key":7})", 400},
                     {"/v3/kv/range", R"({"key":""})", 400},
                     {"/v3/lease/grant", R"({"TTL":0})", 400},
                     {"/v3/lease/grant", R"({"TTL":"x"})", 400},
                     {"/v3/lease/grant", R"({"TTL":99999999999999999})", 400},
                     {"/v3/lease/revoke", R"({"ID":"12x"})", 400},
                     {"/v3/kv/txn", "{}", 404}};
  for (const auto& wrong : cases) {
    const auto answer = table.handle(wrong.path, wrong.body, kStart);
    EXPECT_EQ(answer.status, wrong.status) << wrong.path << " " << wrong.body;
    EXPECT_TRUE(answer.body.contains("error"));
  }
  EXPECT_EQ(table.keys(), 0U);
}

}  // namespace
}  // namespace tidemark::shop
