// gRPC without a socket: the frame of a message, statuses, and messages known only at run time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/drive/grpc_frame.h"
#include "engine/drive/grpc_method.h"

namespace tidemark::drive {
namespace {

using namespace std::string_literals;
using ::testing::HasSubstr;

TEST(GrpcFrame, EveryTruncationOfAMessageIsNoticed) {
  const std::string frame = "\0\0\0\0\5hello"s;
  for (std::size_t size = 0; size < frame.size(); ++size)
    EXPECT_FALSE(unary_message(std::string_view(frame).substr(0, size)).problem.empty()) << size;
  EXPECT_EQ(unary_message(frame).bytes, "hello");
}

TEST(GrpcFrame, NamesWhatIsWrong) {
  const struct {
    std::string body, problem;
  } cases[] = {
      {"", "grpc: status 0 without a message"},
      {"\0\0\0\0"s, "grpc: message cut short"},
      {"\1\0\0\0\1x"s, "grpc: compressed message, though none was accepted"},
      {"\2\0\0\0\1x"s, "grpc: no message frame"},
      {"\0\xff\xff\xff\xffx"s, "grpc: message cut short"},
      {"\0\0\0\0\1xy"s, "grpc: bytes after the message of a unary call"},
  };
  for (const auto& [body, problem] : cases) EXPECT_EQ(unary_message(body).problem, problem);
  EXPECT_TRUE(unary_message("\0\0\0\0\0"s).problem.empty());
}

TEST(GrpcFrame, PrefixIsBigEndian) {
  std::string frame(kGrpcPrefixBytes, 'x');
  write_grpc_prefix(frame, 0x01020304);
  EXPECT_EQ(frame, "\0\1\2\3\4"s);
}

TEST(GrpcStatus, ComesFromTheTrailersOrElseFromHttp) {
  EXPECT_EQ(grpc_status(200, "content-type: application/grpc\ngrpc-status: 0\n"), 0);
  EXPECT_EQ(grpc_status(200, "grpc-status: 16\ngrpc-message: no\n"), 16);
  EXPECT_EQ(grpc_status(200, ""), 2);
  EXPECT_EQ(grpc_status(404, ""), 12);
  EXPECT_EQ(grpc_status(503, ""), 14);
  for (const char* wrong : {"grpc-status: 17\n", "grpc-status: -1\n", "grpc-status: x\n", "grpc-status: 0x\n"})
    EXPECT_EQ(grpc_status(200, wrong), -1) << wrong;
}

class GrpcMethodTest : public ::testing::Test {
 protected:
  GrpcMethodTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tidemark-proto-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    write("kinds.proto", R"(syntax = "proto3"; package shop; enum Kind { UNKNOWN = 0; BOOK = 1; })");
    write("shop.proto", R"(
        syntax = "proto3";
        package shop;
        import "kinds.proto";
        import "google/protobuf/timestamp.proto";
        message Item { int64 id = 1; string name = 2; Kind kind = 3; bool sold = 4; double price = 5; }
        message Query { string sku_code = 1; repeated Item items = 2; map<string, Item> by_name = 3; }
        message Reply { Item item = 1; google.protobuf.Timestamp at = 2; }
        service Product { rpc Get(Query) returns (Reply); rpc Watch(Query) returns (stream Reply); rpc Put(Item) returns (Item); }
    )");
  }
  ~GrpcMethodTest() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& name, const std::string& text) { std::ofstream(folder_ / name) << text; }

  Result<std::shared_ptr<const GrpcMethod>> method(const std::string& name, const std::string& file = "shop.proto") {
    schedule::GrpcCall call;
    call.proto = folder_ / file;
    auto schema = GrpcSchema::load(call);
    if (!schema) return tl::make_unexpected(schema.error());
    return GrpcMethod::find(*schema, name);
  }

  std::filesystem::path folder_;
};

TEST_F(GrpcMethodTest, AMessageGoesToBytesAndBack) {
  const auto put = method("shop.Product/Put");
  ASSERT_TRUE(put) << put.error().message();
  std::string frame, problem, json;
  // Scalars come as strings: that is how holes are filled.
  ASSERT_TRUE(
      (*put)->encode(R"({"id": "7", "name": "a", "kind": "BOOK", "sold": "true", "price": "1.5"})", frame, problem))
      << problem;
  const auto message = unary_message(frame);
  EXPECT_TRUE(message.problem.empty());
  EXPECT_TRUE((*put)->accepts(message.bytes));
  ASSERT_TRUE((*put)->decode(message.bytes, json));
  EXPECT_EQ(nlohmann::json::parse(json),
            nlohmann::json::parse(R"({"id": "7", "name": "a", "kind": "BOOK", "sold": true, "price": 1.5})"));
}

TEST_F(GrpcMethodTest, AnswersShowFieldsAtTheirDefaultUnderTheirOwnNames) {
  const auto put = method("shop.Product/Put");
  ASSERT_TRUE(put);
  std::string json;
  ASSERT_TRUE((*put)->decode("", json));
  EXPECT_EQ(nlohmann::json::parse(json)["sold"], false);
}

TEST_F(GrpcMethodTest, WhatIsNoMessageIsRefused) {
  const auto put = method("shop.Product/Put");
  ASSERT_TRUE(put);
  std::string json;
  EXPECT_FALSE((*put)->accepts("\x08"));
  EXPECT_FALSE((*put)->decode("\x08", json));
}

TEST_F(GrpcMethodTest, AMisspeltFieldIsFoundWhereverItStands) {
  const auto get = method("shop.Product/Get");
  ASSERT_TRUE(get) << get.error().message();
  EXPECT_EQ((*get)->unknown_field(R"({"sku_code": "x", "skuCode": "y"})"), "");
  EXPECT_THAT((*get)->unknown_field(R"({"sku_cod": "x"})"), HasSubstr("did you mean 'sku_code'?"));
  EXPECT_THAT((*get)->unknown_field(R"({"items": [{"id": 1}, {"nam": 2}]})"), HasSubstr("items.1.nam is no field"));
  EXPECT_THAT((*get)->unknown_field(R"({"by_name": {"a": {"pricy": 2}}})"), HasSubstr("by_name.a.pricy"));
}

TEST_F(GrpcMethodTest, ErrorsNameTheMethodsThereAre) {
  const auto missing = method("shop.Product/Fetch");
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().message(), HasSubstr("there are: shop.Product/Get, shop.Product/Watch"));
  const auto streaming = method("shop.Product/Watch");
  ASSERT_FALSE(streaming);
  EXPECT_THAT(streaming.error().message(), HasSubstr("streaming"));
  EXPECT_EQ(streaming.error().code, ExitCode::usage);
}

TEST_F(GrpcMethodTest, ABrokenFileIsNamedWithItsLine) {
  write("broken.proto", "syntax = \"proto3\";\nmessage A {\n  int32 x\n}\n");
  const auto broken = method("shop.Product/Get", "broken.proto");
  ASSERT_FALSE(broken);
  EXPECT_THAT(broken.error().message(), HasSubstr("broken.proto:4"));
  const auto absent = method("shop.Product/Get", "absent.proto");
  ASSERT_FALSE(absent);
  EXPECT_THAT(absent.error().message(), HasSubstr("absent.proto"));
}

TEST_F(GrpcMethodTest, ADescriptorSetServesAsWell) {
  const std::string set = (folder_ / "shop.pb").string();
  const std::string command =
      "protoc --include_imports -I" + folder_.string() + " --descriptor_set_out=" + set + " shop.proto";
  ASSERT_EQ(std::system(command.c_str()), 0);
  schedule::GrpcCall call;
  call.descriptor_set = set;
  const auto schema = GrpcSchema::load(call);
  ASSERT_TRUE(schema) << schema.error().message();
  EXPECT_TRUE(GrpcMethod::find(*schema, "shop.Product/Get"));
  call.descriptor_set = folder_ / "shop.proto";  // no descriptor set at all
  EXPECT_FALSE(GrpcSchema::load(call));
}

}  // namespace
}  // namespace tidemark::drive
