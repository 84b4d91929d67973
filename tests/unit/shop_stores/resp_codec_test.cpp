#include "scenarios/shop/resp_codec.h"

#include <gtest/gtest.h>

namespace tidemark::shop {
namespace {

using Status = RespParser::Status;
using Args = std::vector<std::string>;

std::string wire(const Args& args) {
  std::string out = resp_array_header(args.size());
  for (const std::string& arg : args) out += resp_bulk(arg);
  return out;
}

TEST(RespParser, TakesCommandsOfAPipelineOneByOne) {
  RespParser parser;
  parser.feed(wire({"SET", "k", std::string("a\r\n\0b", 5)}) + wire({"GET", "k"}));
  Args args;
  ASSERT_EQ(parser.next(&args), Status::command);
  EXPECT_EQ(args, (Args{"SET", "k", std::string("a\r\n\0b", 5)}));
  ASSERT_EQ(parser.next(&args), Status::command);
  EXPECT_EQ(args, (Args{"GET", "k"}));
  EXPECT_EQ(parser.next(&args), Status::need_more);
  EXPECT_EQ(parser.pending(), 0U);
}

TEST(RespParser, CutAtEveryByteAsksForMoreThenYieldsTheSameCommand) {
  const std::string bytes = wire({"SET", "key", "value with\r\n$3\r\n", ""});
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    RespParser parser;
    Args args;
    parser.feed(std::string_view(bytes).substr(0, cut));
    ASSERT_EQ(parser.next(&args), Status::need_more) << "cut at " << cut;
    parser.feed(std::string_view(bytes).substr(cut));
    ASSERT_EQ(parser.next(&args), Status::command) << "cut at " << cut;
    EXPECT_EQ(args, (Args{"SET", "key", "value with\r\n$3\r\n", ""}));
  }
}

TEST(RespParser, SkipsEmptyArrays) {
  RespParser parser;
  Args args;
  parser.feed("*0\r\n*-1\r\n*1\r\n$4\r\nPING\r\n");
  ASSERT_EQ(parser.next(&args), Status::command);
  EXPECT_EQ(args, Args{"PING"});
}

TEST(RespParser, KeepsNoMoreThanWhatIsNotTaken) {
  RespParser parser;
  Args args;
  const std::string command = wire({"SET", "k", std::string(1000, 'x')});
  for (int i = 0; i < 10'000; ++i) {
    parser.feed(command);
    ASSERT_EQ(parser.next(&args), Status::command);
  }
  EXPECT_EQ(parser.pending(), 0U);
}

struct Malformed {
  const char* name;
  const char* bytes;
  const char* problem;
};
class RespMalformed : public testing::TestWithParam<Malformed> {};

TEST_P(RespMalformed, IsNamedAndStaysRefused) {
  RespParser parser(RespLimits{4, 100, 200});
  Args args;
  parser.feed(GetParam().bytes);
  ASSERT_EQ(parser.next(&args), Status::malformed);
  EXPECT_EQ(parser.problem(), GetParam().problem);
  parser.feed("*1\r\n$4\r\nPING\r\n");
  EXPECT_EQ(parser.next(&args), Status::malformed) << "a broken stream must not be trusted again";
}

INSTANTIATE_TEST_SUITE_P(
    Table, RespMalformed,
    testing::Values(
        Malformed{"inline_command", "PING\r\n", "expected '*', got byte 80"},
        Malformed{"http", "GET / HTTP/1.1\r\n", "expected '*', got byte 71"},
        Malformed{"bulk_first", "$4\r\nPING\r\n", "expected '*', got byte 36"},
        Malformed{"plus_sign", "*+1\r\n", "invalid length"}, Malformed{"leading_zero", "*01\r\n", "invalid length"},
        Malformed{"minus_zero", "*-0\r\n", "invalid length"}, Malformed{"no_digits", "*\r\n", "invalid length"},
        Malformed{"letters", "*1x\r\n", "invalid length"}, Malformed{"space", "* 1\r\n", "invalid length"},
        Malformed{"hex", "*0x1\r\n", "invalid length"}, Malformed{"fraction", "*1.0\r\n", "invalid length"},
        Malformed{"too_many_args", "*5\r\n", "too many arguments"},
        Malformed{"beyond_64_bits", "*99999999999999\r\n", "too many arguments"},
        Malformed{"endless_length", "*11111111111111111", "length line too long"},
        Malformed{"cr_alone", "*1\rx", "CR without LF after a length"},
        Malformed{"lf_alone_is_no_end", "*1\n$4\nPING\n$$$$$$", "length line too long"},
        Malformed{"integer_as_argument", "*1\r\n:4\r\n", "expected '$', got byte 58"},
        Malformed{"nested_array", "*1\r\n*1\r\n", "expected '$', got byte 42"},
        Malformed{"null_bulk", "*1\r\n$-1\r\n", "negative bulk length"},
        Malformed{"bulk_above_limit", "*1\r\n$101\r\n", "bulk string too long"},
        Malformed{"command_above_limit",
                  "*3\r\n$90\r\n"
                  "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567"
                  "89\r\n$90\r\n"
                  "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567"
                  "89\r\n$90\r\n",
                  "command too long"},
        Malformed{"bulk_longer_than_said", "*1\r\n$2\r\nPING\r\n", "bulk string not ended by CRLF"},
        Malformed{"bulk_shorter_than_said", "*2\r\n$5\r\nPING\r\n$1\r\nx\r\n", "bulk string not ended by CRLF"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(RespReplies, AreFramedAsRedisFramesThem) {
  EXPECT_EQ(resp_simple("OK"), "+OK\r\n");
  EXPECT_EQ(resp_integer(-2), ":-2\r\n");
  EXPECT_EQ(resp_bulk(""), "$0\r\n\r\n");
  EXPECT_EQ(resp_null(), "$-1\r\n");
  EXPECT_EQ(resp_array_header(0), "*0\r\n");
}

TEST(RespReplies, AnErrorNeverSpansLines) {
  EXPECT_EQ(resp_error("ERR a\r\n+OK\r\nb"), "-ERR a  +OK  b\r\n");
}

}  // namespace
}  // namespace tidemark::shop
