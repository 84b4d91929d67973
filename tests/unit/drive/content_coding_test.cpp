// Packed answers: every coding and pair of codings round, every truncation, and bombs.
#include "engine/drive/content_coding.h"

#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

namespace tidemark::drive {
namespace {

std::string deflated(const std::string& text, int window_bits) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string zstd(const std::string& text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

std::string packed(const std::string& coding, const std::string& text) {
  if (coding == "gzip") return deflated(text, 15 + 16);
  if (coding == "deflate") return deflated(text, 15);
  return zstd(text);
}

std::string sample() {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += std::to_string(i * 7919 % 4093) + ",";
  return text;
}

TEST(ContentCoding, UndoesEachCodingAndEachPairOfThem) {
  std::string out;
  for (const std::string first : {"gzip", "deflate", "zstd"}) {
    EXPECT_EQ(decode_content(first, packed(first, sample()), out), "") << first;
    EXPECT_EQ(out, sample()) << first;
    for (const std::string second : {"gzip", "deflate", "zstd"}) {
      EXPECT_EQ(decode_content(first + " , " + second, packed(second, packed(first, sample())), out), "");
      EXPECT_EQ(out, sample()) << first << second;
    }
  }
}

TEST(ContentCoding, TakesWhatServersReallySend) {
  std::string out;
  EXPECT_EQ(decode_content("", "plain", out), "");
  EXPECT_EQ(out, "plain");
  EXPECT_EQ(decode_content("identity", "plain", out), "");
  EXPECT_EQ(out, "plain");
  EXPECT_EQ(decode_content("X-GZIP", packed("gzip", "x"), out), "");
  EXPECT_EQ(out, "x");
  EXPECT_EQ(decode_content("deflate", deflated("bare", -15), out), "");
  EXPECT_EQ(out, "bare");
  EXPECT_EQ(decode_content("gzip", packed("gzip", "one ") + packed("gzip", "two"), out), "");
  EXPECT_EQ(out, "one two");
  EXPECT_EQ(decode_content("zstd", zstd("one ") + zstd("two"), out), "");
  EXPECT_EQ(out, "one two");
  EXPECT_EQ(decode_content("gzip", "", out), "") << "the answer to HEAD, or 204";
  EXPECT_EQ(out, "");
}

TEST(ContentCoding, NamesWhatItDoesNotKnow) {
  std::string out;
  EXPECT_EQ(decode_content("br", "x", out), "content encoding not understood");
  EXPECT_EQ(decode_content("gzip, gzip, gzip, gzip", "x", out), "content encoding not understood");
}

TEST(ContentCoding, EveryTruncationIsMalformed) {
  std::string out;
  const std::string text = sample().substr(0, 700);
  for (const std::string coding : {"gzip", "deflate", "zstd"}) {
    const std::string whole = packed(coding, text);
    for (std::size_t size = 1; size < whole.size(); ++size) {
      EXPECT_EQ(decode_content(coding, whole.substr(0, size), out), "content encoding malformed") << coding << size;
    }
    EXPECT_EQ(decode_content(coding, whole + "x", out), "content encoding malformed") << coding;
  }
}

TEST(ContentCoding, ABombIsDefused) {
  const std::string zeros(64u << 20, '\0');
  std::string out;
  for (const std::string coding : {"gzip", "deflate", "zstd"}) {
    const std::string bomb = packed(coding, zeros);
    EXPECT_LT(bomb.size(), 100'000u);
    EXPECT_EQ(decode_content(coding, bomb, out), "decoded body too large") << coding;
    EXPECT_LE(out.capacity(), 2 * kMostDecodedBytes) << coding;
    EXPECT_EQ(decode_content(coding + ", gzip", packed("gzip", bomb), out), "decoded body too large") << coding;
  }
  EXPECT_EQ(decode_content("gzip", packed("gzip", "12345"), out, 5), "");
  EXPECT_EQ(decode_content("gzip", packed("gzip", "123456"), out, 5), "decoded body too large");
}

}  // namespace
}  // namespace tidemark::drive
