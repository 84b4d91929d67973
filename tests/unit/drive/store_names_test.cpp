// Shadow names, the tag as an SQL comment, and replies as JSON.
#include "engine/drive/store_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "engine/drive/reply_json.h"

namespace tidemark::drive {
namespace {

TEST(StoreNames, ALiveNameBecomesItsTwinAndAnyOtherIsPutIntoTheShadowWorld) {
  EXPECT_EQ(shadow_key("user:7"), "shadow:user:7");
  EXPECT_EQ(shadow_key("live:user:7"), "shadow:user:7");
  EXPECT_EQ(shadow_key("shadow:user:7"), "shadow:user:7");
  EXPECT_EQ(shadow_key("livestock"), "shadow:livestock");
  EXPECT_EQ(shadow_key(""), "shadow:");
  EXPECT_EQ(shadow_topic("orders"), "shadow.orders");
  EXPECT_EQ(shadow_topic("live.order.created"), "shadow.order.created");
  EXPECT_EQ(shadow_database("shop"), "shadow_shop");
  EXPECT_EQ(shadow_database("live_shop"), "shadow_shop");
}

TEST(StoreNames, TheCommentCannotBeClosedByWhatItHolds) {
  EXPECT_EQ(sql_comment("00;a;ff", "00-1-2-01"), " /*shadow='00%3Ba%3Bff',traceparent='00-1-2-01'*/");
  EXPECT_EQ(sql_comment("*/ DROP '", "\n"), " /*shadow='%2A%2F%20DROP%20%27',traceparent='%0A'*/");
}

std::string as_text(std::string_view bytes) {
  std::string out;
  append_json_text(bytes, out);
  return out;
}

TEST(ReplyJson, TextIsAStringAndOtherBytesAreBase64) {
  EXPECT_EQ(as_text("a\"b\\c\n\x01"), R"("a\"b\\c\u000a\u0001")");
  EXPECT_EQ(as_text("\xf0\x9f\x8c\x8a"), "\"\xf0\x9f\x8c\x8a\"");
  EXPECT_EQ(as_text(""), "\"\"");
  EXPECT_EQ(as_text("\xff"), R"({"base64":"/w=="})");
}

TEST(ReplyJson, Utf8IsStrict) {
  for (const std::string_view good :
       {"", "a", "\xc2\x80", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xf4\x8f\xbf\xbf"})
    EXPECT_TRUE(is_utf8(good));
  for (const std::string_view bad : {"\x80", "\xc1\xbf", "\xc2", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
                                     "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe2\x82", "a\xff"})
    EXPECT_FALSE(is_utf8(bad));
}

TEST(ReplyJson, ANumberStaysOneWhereJsonHasIt) {
  const auto as_number = [](std::string_view text) {
    std::string out;
    append_json_number(text, out);
    return out;
  };
  EXPECT_EQ(as_number("12.50"), "12.50");
  EXPECT_EQ(as_number("007"), "\"007\"");
  EXPECT_EQ(as_number("nan"), "\"nan\"");
}

}  // namespace
}  // namespace tidemark::drive
