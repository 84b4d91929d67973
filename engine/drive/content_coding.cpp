#include "engine/drive/content_coding.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <memory>

#include "engine/net/ascii.h"

namespace tidemark::drive {
namespace {

constexpr std::string_view kUnknown = "content encoding not understood", kMalformed = "content encoding malformed",
                           kTooLarge = "decoded body too large";
constexpr std::size_t kStep = 32 * 1024;
constexpr int kMostWindowLog = 23;  // zstd: 8 MiB, what RFC 8878 asks every decoder to take

// `window_bits`: zlib's word for the wrapper; 15 zlib, 15 + 16 gzip, -15 none.
std::string_view inflate_all(std::string_view body, int window_bits, std::string& out, std::size_t most) {
  z_stream stream{};
  if (inflateInit2(&stream, window_bits) != Z_OK) return kMalformed;
  const std::unique_ptr<z_stream, int (*)(z_stream*)> owner(&stream, inflateEnd);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));  // zlib never writes there
  stream.avail_in = static_cast<uInt>(body.size());
  std::array<char, kStep> chunk;
  int state = Z_OK;
  while (true) {
    if (state == Z_STREAM_END) {
      if (stream.avail_in == 0) return {};
      // Several gzip members in a row are one content (RFC 1952, 2.2).
      if (window_bits <= 15 || inflateReset(&stream) != Z_OK) return kMalformed;
    }
    stream.next_out = reinterpret_cast<Bytef*>(chunk.data());
    stream.avail_out = kStep;
    state = inflate(&stream, Z_NO_FLUSH);
    if (state != Z_OK && state != Z_STREAM_END) return kMalformed;  // Z_BUF_ERROR: cut off
    const std::size_t made = kStep - stream.avail_out;
    if (out.size() + made > most) return kTooLarge;
    out.append(chunk.data(), made);
  }
}

std::string_view unpack_zstd(std::string_view body, std::string& out, std::size_t most) {
  const std::unique_ptr<ZSTD_DCtx, std::size_t (*)(ZSTD_DCtx*)> context(ZSTD_createDCtx(), ZSTD_freeDCtx);
  if (!context) return kMalformed;
  ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, kMostWindowLog);
  ZSTD_inBuffer in{body.data(), body.size(), 0};
  std::array<char, kStep> chunk;
  while (true) {
    ZSTD_outBuffer made{chunk.data(), chunk.size(), 0};
    const std::size_t left = ZSTD_decompressStream(context.get(), &made, &in);
    if (ZSTD_isError(left) != 0) return kMalformed;
    if (out.size() + made.pos > most) return kTooLarge;
    out.append(chunk.data(), made.pos);
    if (in.pos == in.size && made.pos < chunk.size()) return left == 0 ? std::string_view() : kMalformed;
  }
}

std::string_view decode_one(std::string_view coding, std::string_view body, std::string& out, std::size_t most) {
  if (net::equal_ignoring_case(coding, "gzip") || net::equal_ignoring_case(coding, "x-gzip")) {
    return inflate_all(body, 15 + 16, out, most);
  }
  if (net::equal_ignoring_case(coding, "zstd")) return unpack_zstd(body, out, most);
  if (net::equal_ignoring_case(coding, "deflate")) {
    // The word means zlib's wrapper (RFC 9110, 8.4.1.2), but some servers send the bare stream.
    if (const auto problem = inflate_all(body, 15, out, most); problem != kMalformed) return problem;
    out.clear();
    return inflate_all(body, -15, out, most);
  }
  return kUnknown;
}

}  // namespace

std::string_view decode_content(std::string_view content_encoding, std::string_view body, std::string& out,
                                std::size_t most_bytes) {
  out.clear();
  std::array<std::string_view, kMostCodings> codings;
  std::size_t count = 0;
  while (!content_encoding.empty()) {
    const std::size_t comma = std::min(content_encoding.find(','), content_encoding.size());
    const std::string_view coding = net::trim_blanks(content_encoding.substr(0, comma));
    content_encoding.remove_prefix(std::min(comma + 1, content_encoding.size()));
    if (coding.empty() || net::equal_ignoring_case(coding, "identity")) continue;
    if (count == codings.size()) return kUnknown;
    codings[count++] = coding;
  }
  if (count == 0 || body.empty()) {
    if (body.size() > most_bytes) return kTooLarge;
    out.assign(body);
    return {};
  }
  std::string packed;
  for (std::size_t i = count; i-- > 0;) {
    out.clear();
    if (const auto problem = decode_one(codings[i], body, out, most_bytes); !problem.empty()) return problem;
    if (i == 0) break;
    packed.swap(out);
    body = packed;
  }
  return {};
}

}  // namespace tidemark::drive
