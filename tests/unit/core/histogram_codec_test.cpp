#include <gtest/gtest.h>
#include <zlib.h>

#include <bit>
#include <functional>
#include <limits>

#include "engine/core/base64.h"
#include "engine/core/histogram.h"
#include "engine/core/random.h"

namespace tidemark {
namespace {

TEST(HistogramCodec, WritesTheBytesOfTheJavaAndCLibraries) {
  // Published in the tests of Go and Vala ports, as written by HdrHistogram (Java) and HdrHistogram_c.
  Histogram boundary(3, 2048);
  boundary.record(2048);
  EXPECT_EQ(boundary.encode(), "HISTFAAAACB4nJNpmSzMwMDAzAABMJoRQnEw2H+AsP7LMwEARZgDpQ==");
  Histogram three(3, 300);
  for (const int value : {100, 200, 250}) three.record(value);
  EXPECT_EQ(three.encode(), "HISTFAAAACV4nJNpmSzMwMDAwQABzFCaEUrp2H+AsI4zMh1lZEpkAgBdIQSk");
}

TEST(HistogramCodec, ReadsWhatTheCLibraryWrote) {
  // HdrHistogram's standard test histogram and its correction for coordinated omission, from the tests of
  // HdrHistogram_py; this version of the C library counted the header into the payload's length.
  const auto raw = Histogram::decode("HISTFAAAACl4nJNpmSzMwMBgyAABzFCaEURcm7yEwf4DROA8/4I5jNM7mJgAlWkH9g==");
  ASSERT_TRUE(raw) << raw.error().message();
  EXPECT_EQ(raw->total(), 10'001u);
  EXPECT_EQ(raw->quantile(0.99), 1000);
  EXPECT_EQ(raw->max(), 100'007'935);
  const auto corrected = Histogram::decode(
      "HISTFAAAAP94nJNpmSzMwCByigECmKE0I4i4NnkJg/0HiMB5/gVzGD8aM/3lZ7rPyTSbjektC9N7FqaHzEzbmZi2whCEvZKRaSYj02wwiYng4tFM"
      "3lDoC2dhhwh5UyZlJlUMjClCmgpMEUUmQSZ+IBZEojFFCMvQRwUxenmZ2MGQFUqz4+CTo4I2pg4dFdQylZWJkYkZCaPyMEUIydPLjMHrssFixuB1"
      "2XD0HRAwMsFJgkwilZHJHHKmjzp41MFDOjhYmFiQEUEmMWqGsvKBd8Fwd/Co/waTC9jYOMAIiSJRhLbKh5x9Q87Bo/YNbfsoM4CPhw+IIJAkxnDX"
      "N+QcTIpyAPnGh6k=");
  ASSERT_TRUE(corrected) << corrected.error().message();
  EXPECT_EQ(corrected->total(), 20'000u);
  EXPECT_EQ(corrected->quantile(0.3), 1000);
  EXPECT_NEAR(static_cast<double>(corrected->quantile(0.99)), 98e6, 98e3);
}

TEST(HistogramCodec, RoundTripsRandomHistograms) {
  Random random(3, "codec");
  for (int round = 0; round < 500; ++round) {
    const auto highest = static_cast<std::int64_t>(2 + random.below(std::uint64_t{1} << (1 + random.below(62))));
    Histogram histogram(1 + static_cast<int>(random.below(4)), highest);
    for (std::uint64_t i = random.below(300); i > 0; --i) {
      histogram.record(static_cast<std::int64_t>(random.below(std::uint64_t{1} << random.below(63))),
                       random.below(std::uint64_t{1} << random.below(50)));
    }
    const auto back = Histogram::decode(histogram.encode());
    ASSERT_TRUE(back) << back.error().message();
    ASSERT_EQ(*back, histogram);
    ASSERT_EQ(back->encode(), histogram.encode());
  }
}

TEST(HistogramCodec, RefusesEveryTruncation) {
  Histogram histogram;
  for (int value = 1; value < 5000; value += 3) histogram.record(value);
  const std::string whole = histogram.encode();
  for (std::size_t length = 0; length < whole.size(); ++length) {
    ASSERT_FALSE(Histogram::decode(std::string_view(whole).substr(0, length))) << length;
  }
}

void put(std::string& out, std::uint64_t value, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
}

struct Raw {  // an encoding with every field open to tampering
  std::uint32_t outer_cookie = 0x1c849314, inner_cookie = 0x1c849313, offset = 0, digits = 3;
  std::int64_t lowest = 1, highest = 3'600'000'000;
  double ratio = 1;
  std::string counts = std::string(1, '\x02');
  int outer_length_error = 0, inner_length_error = 0;
  std::string trailing;

  std::string text() const {
    std::string plain;
    put(plain, inner_cookie, 4);
    put(plain, counts.size() + static_cast<std::uint64_t>(inner_length_error), 4);
    put(plain, offset, 4);
    put(plain, digits, 4);
    put(plain, static_cast<std::uint64_t>(lowest), 8);
    put(plain, static_cast<std::uint64_t>(highest), 8);
    put(plain, std::bit_cast<std::uint64_t>(ratio), 8);
    plain += counts;
    uLongf size = compressBound(plain.size());
    std::string packed(size, '\0');
    compress(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(plain.data()),
             plain.size());
    packed.resize(size);
    packed += trailing;
    std::string envelope;
    put(envelope, outer_cookie, 4);
    put(envelope, packed.size() + static_cast<std::uint64_t>(outer_length_error), 4);
    return base64_encode(envelope + packed);
  }
};

Raw with(const std::function<void(Raw&)>& change) {
  Raw raw;
  change(raw);
  return raw;
}

TEST(HistogramCodec, RefusesMalformedInputByName) {
  ASSERT_TRUE(Histogram::decode(Raw{}.text()));
  const std::string skip_far = std::string("\xff\xff\xff\xff\xff\xff\xff\xff\xff", 9);  // minus 2^63
  const struct {
    std::string text;
    const char* what;
  } cases[] = {
      {"", "shorter than its header"},
      {"====", "not base64"},
      {"AAA", "not base64"},
      {"AAAA", "shorter than its header"},
      {"AAAAAAAAAAAAAAAA", "not a compressed V2 histogram"},
      {with([](Raw& r) { r.outer_cookie = 0x1c849303; }).text(), "not a compressed V2 histogram"},
      {with([](Raw& r) { r.outer_length_error = 1; }).text(), "length does not match its header"},
      {with([](Raw& r) { r.trailing = "x"; }).text(), "zlib stream is damaged or too long"},
      {with([](Raw& r) { r.counts.assign(std::size_t{8} << 20, '\0'); }).text(), "zlib stream is damaged or too long"},
      {with([](Raw& r) { r.inner_cookie = 0x1c849301; }).text(), "inner cookie is not that of V2"},
      {with([](Raw& r) { r.inner_length_error = 7; }).text(), "payload length does not match its header"},
      {with([](Raw& r) { r.offset = 1; }).text(), "shifted histograms are not supported"},
      {with([](Raw& r) { r.digits = 0; }).text(), "significant digits outside 1..4"},
      {with([](Raw& r) { r.digits = 5; }).text(), "significant digits outside 1..4"},
      {with([](Raw& r) { r.lowest = 1000; }).text(), "lowest discernible value other than 1"},
      {with([](Raw& r) { r.highest = 1; }).text(), "highest value outside 2..2^63-1"},
      {with([](Raw& r) { r.highest = -1; }).text(), "highest value outside 2..2^63-1"},
      {with([](Raw& r) { r.ratio = 0.5; }).text(), "conversion ratio other than 1"},
      {with([](Raw& r) { r.ratio = std::numeric_limits<double>::quiet_NaN(); }).text(),
       "conversion ratio other than 1"},
      {with([](Raw& r) { r.counts = "\x80"; }).text(), "ends inside a count"},
      {with([&](Raw& r) { r.counts = skip_far; }).text(), "counts beyond the highest value"},
      {with([](Raw& r) { r.highest = 2, r.counts = "\x02\x02\x02\x02"; }).text(), "counts beyond the highest value"},
      {with([](Raw& r) { r.counts = "\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x02"; }).text(), "counts overflow"},
  };
  for (const auto& test : cases) {
    const auto decoded = Histogram::decode(test.text, "run/intervals.hlog:9");
    ASSERT_FALSE(decoded) << test.what;
    EXPECT_EQ(decoded.error().message(), std::string("run/intervals.hlog:9: ") + test.what);
  }
}

TEST(HistogramCodec, NoticesEveryChangedCharacter) {
  Histogram histogram(2);
  for (int value = 1; value < 3000; value += 11) histogram.record(value);
  const std::string whole = histogram.encode();
  const std::size_t cookie_text = 12;  // bits of the two cookies' and lengths' characters are checked by other tests
  for (std::size_t at = cookie_text; at < whole.size(); ++at) {
    for (const char byte : {'A', '/', '=', '\0', '\x7f'}) {
      std::string text = whole;
      text[at] = byte;
      if (text != whole) ASSERT_FALSE(Histogram::decode(text)) << at << " to " << byte;  // zlib's Adler-32
    }
  }
}

TEST(Base64, KnowsTheVectorsOfRfc4648) {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : vectors) {
    EXPECT_EQ(base64_encode(bytes), text);
    EXPECT_EQ(base64_decode(text), bytes);
  }
}

TEST(Base64, HasOneTextForOneStringOfBytes) {
  for (const char* text : {"Zg=", "Zg", "Zh==", "Zm9=", "Z===", "====", "Zg==Zg==", "Z\ng==", "Zm9v=", "_w=="}) {
    EXPECT_EQ(base64_decode(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace tidemark
