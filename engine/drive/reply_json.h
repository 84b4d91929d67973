// What a store answered, written as JSON, so that captures and checks work on it as on any body. Appends to a string
// that the caller reuses; never a document in memory. Whatever the bytes, the result is valid JSON in UTF-8. Pure.
#pragma once

#include <string>
#include <string_view>

struct redisReply;

namespace tidemark::drive {

// "text" when the bytes are UTF-8, else {"base64": "..."}.
void append_json_text(std::string_view bytes, std::string& out);
// Left as it stands when it is a number by JSON's grammar, else as text: zero-filled columns, NaN.
void append_json_number(std::string_view text, std::string& out);

// Status and bulk replies are text, nil is null, an array is an array, an error {"error": "..."}.
void append_redis_reply(const redisReply& reply, std::string& out);

bool is_utf8(std::string_view bytes);  // RFC 3629: no surrogates, nothing overlong, nothing above U+10FFFF

}  // namespace tidemark::drive
