// Histogram::encode and decode: the V2 encoding of HdrHistogram (Gil Tene), byte-compatible with its Java and C
// versions.
//
//   base64( cookie 0x1c849314, length of what follows, zlib( header, counts ) ), all integers big-endian
//   header: cookie 0x1c849313, length of counts, index offset (0), digits, lowest (1), highest, ratio (double, 1.0)
//   counts: ZigZag LEB128 of at most 9 bytes each; a negative number -n stands for n zeros
#include <zlib.h>

#include <bit>
#include <limits>

#include "engine/core/base64.h"
#include "engine/core/histogram.h"

namespace tidemark {
namespace {

// The bit 0x10 says "ZigZag LEB128"; readers mask it out.
constexpr std::uint32_t kCookie = 0x1c849303, kCompressedCookie = 0x1c849304, kWordSize = 0x10, kWordSizeMask = 0xf0;
constexpr std::uint64_t kMaxHighest = std::numeric_limits<std::int64_t>::max();
constexpr std::size_t kHeaderBytes = 40, kOuterBytes = 8, kMaxVarintBytes = 9;

void put32(std::string& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
}

void put64(std::string& out, std::uint64_t value) {
  put32(out, static_cast<std::uint32_t>(value >> 32));
  put32(out, static_cast<std::uint32_t>(value));
}

std::uint32_t get32(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

std::uint64_t get64(std::string_view bytes, std::size_t at) {
  return std::uint64_t{get32(bytes, at)} << 32 | get32(bytes, at + 4);
}

// Seven bits a byte, low bits first; the ninth byte carries eight.
void put_varint(std::string& out, std::int64_t signed_value) {
  auto value = static_cast<std::uint64_t>(signed_value) << 1 ^ static_cast<std::uint64_t>(signed_value >> 63);
  for (std::size_t i = 1; i < kMaxVarintBytes && value >= 0x80; ++i) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

// False when the bytes end inside a number.
bool get_varint(std::string_view& bytes, std::int64_t& result) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < kMaxVarintBytes; ++i) {
    if (i >= bytes.size()) return false;
    const auto byte = static_cast<unsigned char>(bytes[i]);
    const bool last = i + 1 == kMaxVarintBytes || byte < 0x80;
    value |= std::uint64_t{i + 1 == kMaxVarintBytes ? byte : byte & 0x7fu} << (7 * i);
    if (last) {
      bytes.remove_prefix(i + 1);
      result = static_cast<std::int64_t>(value >> 1 ^ (~(value & 1) + 1));
      return true;
    }
  }
  return false;
}

// Inflates exactly one zlib stream of at most `limit` bytes; false when it is malformed, longer, or followed by
// anything.
bool inflate_all(std::string_view compressed, std::size_t limit, std::string& out) {
  z_stream stream{};
  if (inflateInit(&stream) != Z_OK) return false;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(compressed.data()));
  stream.avail_in = static_cast<uInt>(compressed.size());
  constexpr std::size_t kChunk = 16 * 1024;
  int status = Z_OK;
  while (status == Z_OK && out.size() <= limit) {
    const std::size_t filled = out.size();
    out.resize(filled + kChunk);
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + filled);
    stream.avail_out = kChunk;
    status = inflate(&stream, Z_NO_FLUSH);
    out.resize(filled + kChunk - stream.avail_out);
  }
  const bool whole = status == Z_STREAM_END && stream.avail_in == 0 && out.size() <= limit;
  inflateEnd(&stream);
  return whole;
}

// Calls visit(index, count) for each count that is not zero, until it answers false. nullptr, or what is wrong.
template <class Visit>
const char* walk_counts(std::string_view counts, std::size_t slots, Visit visit) {
  std::size_t index = 0;
  while (!counts.empty()) {
    std::int64_t number = 0;
    if (!get_varint(counts, number)) return "ends inside a count";
    const std::uint64_t zeros = number < 0 ? ~static_cast<std::uint64_t>(number) + 1 : 0;
    if (zeros > slots - index || index == slots) return "counts beyond the highest value";
    if (number > 0 && !visit(index, static_cast<std::uint64_t>(number))) return "counts overflow";
    index += number < 0 ? zeros : 1;
  }
  return nullptr;
}

tl::unexpected<Error> malformed(std::string_view place, std::string what) {
  return fail(ExitCode::usage, std::string(place), std::move(what));
}

// What the outer envelope holds, inflated.
Result<std::string> open_envelope(std::string_view base64, std::string_view place, std::size_t limit) {
  const std::optional<std::string> bytes = base64_decode(base64);
  if (!bytes) return malformed(place, "not base64");
  if (bytes->size() < kOuterBytes) return malformed(place, "shorter than its header");
  if ((get32(*bytes, 0) & ~kWordSizeMask) != kCompressedCookie)
    return malformed(place, "not a compressed V2 histogram");
  if (get32(*bytes, 4) != bytes->size() - kOuterBytes) return malformed(place, "length does not match its header");
  std::string plain;
  if (!inflate_all(std::string_view(*bytes).substr(kOuterBytes), limit, plain)) {
    return malformed(place, "zlib stream is damaged or too long");
  }
  return plain;
}

}  // namespace

std::string Histogram::encode() const {
  std::string counts;
  std::size_t end = counts_.size();
  while (end > 0 && counts_[end - 1] == 0) --end;
  for (std::size_t i = 0; i < end;) {
    std::size_t zeros = 0;
    while (counts_[i + zeros] == 0) ++zeros;  // stops at end - 1 at the latest: that count is not zero
    put_varint(counts, zeros > 1 ? -static_cast<std::int64_t>(zeros) : static_cast<std::int64_t>(counts_[i]));
    i += zeros > 1 ? zeros : 1;
  }
  std::string plain;
  put32(plain, kCookie | kWordSize);
  put32(plain, static_cast<std::uint32_t>(counts.size()));
  put32(plain, 0);
  put32(plain, static_cast<std::uint32_t>(digits_));
  put64(plain, 1);
  put64(plain, static_cast<std::uint64_t>(highest_));
  put64(plain, std::bit_cast<std::uint64_t>(1.0));
  plain += counts;

  uLongf size = compressBound(plain.size());
  std::string packed(size, '\0');
  // Cannot fail: the output has the bound's size and the level is a constant.
  compress2(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(plain.data()), plain.size(),
            Z_DEFAULT_COMPRESSION);
  packed.resize(size);
  std::string envelope;
  put32(envelope, kCompressedCookie | kWordSize);
  put32(envelope, static_cast<std::uint32_t>(packed.size()));
  return base64_encode(envelope + packed);
}

Result<Histogram> Histogram::decode(std::string_view base64, std::string_view place) {
  // The largest array of counts that any header may ask for: 4 digits up to the largest 64-bit number.
  static const std::size_t largest =
      kHeaderBytes + kMaxVarintBytes * (Histogram(4).index_of(std::numeric_limits<std::int64_t>::max()) + 1);
  auto plain = open_envelope(base64, place, largest);
  if (!plain) return tl::make_unexpected(plain.error());
  if (plain->size() < kHeaderBytes) return malformed(place, "shorter than its inner header");
  if ((get32(*plain, 0) & ~kWordSizeMask) != kCookie) return malformed(place, "inner cookie is not that of V2");
  const std::size_t declared = get32(*plain, 4);
  // Older versions of HdrHistogram_c count the header in.
  if (declared != plain->size() - kHeaderBytes && declared != plain->size()) {
    return malformed(place, "payload length does not match its header");
  }
  if (get32(*plain, 8) != 0) return malformed(place, "shifted histograms are not supported");
  const std::uint32_t digits = get32(*plain, 12);
  if (digits < 1 || digits > 4) return malformed(place, "significant digits outside 1..4");
  if (get64(*plain, 16) != 1) return malformed(place, "lowest discernible value other than 1");
  const std::uint64_t highest = get64(*plain, 24);
  if (highest < 2 || highest > kMaxHighest) return malformed(place, "highest value outside 2..2^63-1");
  if (std::bit_cast<double>(get64(*plain, 32)) != 1.0) return malformed(place, "conversion ratio other than 1");

  Histogram result(static_cast<int>(digits), static_cast<std::int64_t>(highest));
  const std::size_t slots = result.index_of(result.highest_) + 1;
  const std::string_view counts = std::string_view(*plain).substr(kHeaderBytes);
  // Twice: the first pass finds the size, so that the array is allocated once and no larger than its last count needs.
  std::size_t size = 0;
  const char* problem = walk_counts(counts, slots, [&](std::size_t index, std::uint64_t count) {
    size = index + 1;
    result.total_ += count;
    return result.total_ <= kMaxHighest;
  });
  if (problem != nullptr) return malformed(place, problem);
  result.counts_.resize(size);
  walk_counts(counts, slots, [&](std::size_t index, std::uint64_t count) {
    result.counts_[index] = count;
    return true;
  });
  return result;
}

}  // namespace tidemark
