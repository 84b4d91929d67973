// Undoes the Content-Encoding of an answer: gzip, deflate, zstd, and several of them in a row. Bounded, so that a small
// answer that unpacks to gigabytes (a bomb) ends as an error and not as a generator out of memory. Pure: thread-safe.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tidemark::drive {

inline constexpr std::string_view kAcceptedCodings = "gzip, zstd, deflate";
inline constexpr std::size_t kMostDecodedBytes = 16u << 20;
inline constexpr int kMostCodings = 3;  // applied to one answer

// Decodes `body`, which was packed as `content_encoding` says ("gzip", "gzip, zstd": the last one applied last), into
// `out` (cleared first). Returns "" or what is wrong: "content encoding not understood", "content encoding malformed",
// "decoded body too large". "identity" and an empty encoding copy. A body of no bytes decodes to none.
std::string_view decode_content(std::string_view content_encoding, std::string_view body, std::string& out,
                                std::size_t most_bytes = kMostDecodedBytes);

}  // namespace tidemark::drive
