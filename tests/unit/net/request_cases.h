// Requests and the status each must be answered with: 200 where the framing is sound, else the refusal. One table for
// the parser (fed whole and cut at every byte) and for the server (over a socket, closing afterwards).
#pragma once

#include <string>
#include <vector>

namespace tidemark::net {

struct RequestCase {
  std::string name;
  std::string bytes;
  int status;
  std::string body = {};  // decoded, of an accepted one
};

inline std::string fields(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += "X-" + std::to_string(i) + ": 1\r\n";
  return text;
}

// A request whose start line, fields and empty line take exactly `bytes`.
inline std::string request_of_header_bytes(std::size_t bytes) {
  const std::string start = "GET / HTTP/1.1\r\nHost: a\r\nX-Fill: ";
  return start + std::string(bytes - start.size() - 4, 'f') + "\r\n\r\n";
}

inline std::vector<RequestCase> framing_cases() {
  const std::string host = "Host: a\r\n";
  const std::string post = "POST / HTTP/1.1\r\n" + host;
  const std::string chunked = post + "Transfer-Encoding: chunked\r\n\r\n";
  return {
      // Smuggling by two lengths.
      {"length and chunked", post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"chunked and length", post + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400},
      {"chunked in another case and length", post + "tRANSFER-eNCODING: Chunked\r\ncontent-length: 0\r\n\r\n0\r\n\r\n",
       400},
      {"two different lengths", post + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", 400},
      {"two equal lengths", post + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400},
      {"list of lengths", post + "Content-Length: 5, 5\r\n\r\nhello", 400},
      {"negative length", post + "Content-Length: -1\r\n\r\n", 400},
      {"signed length", post + "Content-Length: +5\r\n\r\nhello", 400},
      {"hexadecimal length", post + "Content-Length: 0x5\r\n\r\nhello", 400},
      {"empty length", post + "Content-Length: \r\n\r\n", 400},
      {"length with a blank inside", post + "Content-Length: 1 1\r\n\r\nhello world", 400},
      {"length of 30 digits", post + "Content-Length: 111111111111111111111111111111\r\n\r\n", 400},
      {"unknown coding", post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501},
      {"coding without chunked", post + "Transfer-Encoding: gzip\r\n\r\n", 400},
      {"identity", post + "Transfer-Encoding: identity\r\n\r\n", 400},
      {"empty coding", post + "Transfer-Encoding: \r\n\r\n", 400},
      {"chunked not last", post + "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", 400},
      {"chunked twice", post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"chunked with a vertical tab", post + "Transfer-Encoding: \vchunked\r\n\r\n0\r\n\r\n", 400},
      {"chunked misspelt", post + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400},
      {"blank before the colon of a length", post + "Content-Length : 5\r\n\r\nhello", 400},
      {"chunked in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      // Line ends.
      {"bare LF after the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n", 400},
      {"bare LF after a field", "GET / HTTP/1.1\r\nHost: a\nX: 1\r\n\r\n", 400},
      {"bare LF as the empty line", "GET / HTTP/1.1\r\nHost: a\r\n\n", 400},
      {"bare LF only", "\n", 400},
      {"bare CR in a field", "GET / HTTP/1.1\r\nHost: a\r\nX: 1\rY: 2\r\n\r\n", 400},
      {"CR CR LF", "GET / HTTP/1.1\r\nHost: a\r\r\n\r\n", 400},
      {"folded by a blank", "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2\r\n\r\n", 400},
      {"folded by a tab", "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n\t2\r\n\r\n", 400},
      {"blank line of a blank", "GET / HTTP/1.1\r\nHost: a\r\n \r\n\r\n", 400},
      {"first field folded", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400},
      {"two empty lines before", "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"one empty line before", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 200},
      // Request line.
      {"no version", "GET /\r\n\r\n", 400},
      {"no target", "GET HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"two blanks", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"blank in the target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"tab for a blank", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"blank at the end", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400},
      {"NUL in the target", std::string("GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", 28), 400},
      {"byte outside ASCII in the target", "GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"target without a slash", "GET a HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"asterisk for GET", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"CONNECT", "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"method with a colon", "G:T / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"lower-case version", "GET / http/1.1\r\nHost: a\r\n\r\n", 400},
      {"version 1.10", "GET / HTTP/1.10\r\nHost: a\r\n\r\n", 400},
      {"version 2.0", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
      {"TLS hello", std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n", 13), 400},
      // Fields.
      {"no host", "GET / HTTP/1.1\r\n\r\n", 400},
      {"two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
      {"host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
      {"host with user information", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400},
      {"list of hosts", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400},
      {"field without a colon", "GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n", 400},
      {"field without a name", "GET / HTTP/1.1\r\nHost: a\r\n: 1\r\n\r\n", 400},
      {"blank in a name", "GET / HTTP/1.1\r\nHost: a\r\nX Y: 1\r\n\r\n", 400},
      {"NUL in a value", std::string("GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n", 32), 400},
      {"DEL in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: \x7f\r\n\r\n", 400},
      {"unknown expectation", "GET / HTTP/1.1\r\nHost: a\r\nExpect: coffee\r\n\r\n", 417},
      // Chunks.
      {"chunk size of a letter", chunked + "g\r\n\r\n0\r\n\r\n", 400},
      {"empty chunk size", chunked + "\r\n0\r\n\r\n", 400},
      {"negative chunk size", chunked + "-1\r\n\r\n", 400},
      {"chunk size with 0x", chunked + "0x1\r\na\r\n0\r\n\r\n", 400},
      {"chunk size before a blank", chunked + "1 \r\na\r\n0\r\n\r\n", 400},
      {"chunk size of 16 digits", chunked + "ffffffffffffffff\r\n", 400},
      {"chunk size line of 300 bytes", chunked + "1;" + std::string(300, 'e') + "\r\na\r\n0\r\n\r\n", 400},
      {"chunk size ended by a bare LF", chunked + "1\na\r\n0\r\n\r\n", 400},
      {"bare CR in a chunk extension", chunked + "1;a\rb\r\na\r\n0\r\n\r\n", 400},
      {"chunk longer than its size", chunked + "1\r\nab\r\n0\r\n\r\n", 400},
      {"chunk data ended by a bare LF", chunked + "1\r\na\n0\r\n\r\n", 400},
      {"folded trailer", chunked + "0\r\n X: 1\r\n\r\n", 400},
      {"trailer without a colon", chunked + "0\r\nX\r\n\r\n", 400},
      // Limits.
      {"header of 8 KiB", request_of_header_bytes(8192), 200},
      {"header of 8 KiB and a byte", request_of_header_bytes(8193), 431},
      {"request line of 9 KiB", "GET /" + std::string(9216, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", 431},
      {"100 fields", "GET / HTTP/1.1\r\nHost: a\r\n" + fields(99) + "\r\n", 200},
      {"101 fields", "GET / HTTP/1.1\r\nHost: a\r\n" + fields(100) + "\r\n", 431},
      {"trailer of 9 KiB", chunked + "0\r\nX: " + std::string(9216, 'a') + "\r\n\r\n", 431},
      {"trailer of 101 fields", chunked + "0\r\n" + fields(101) + "\r\n", 431},
      {"body of 1 MiB and a byte", post + "Content-Length: 1048577\r\n\r\n", 413},
      {"body of 1 TiB", post + "Content-Length: 1099511627776\r\n\r\n", 413},
      {"chunk of 1 MiB and a byte", chunked + "100001\r\n", 413},
      {"chunks of more than 1 MiB", chunked + "80000\r\n" + std::string(0x80000, 'x') + "\r\n80001\r\n", 413},
      // Sound.
      {"plain", "GET /a?b=c HTTP/1.1\r\nHost: a:80\r\n\r\n", 200},
      {"empty host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 200},
      {"HTTP/1.0 without a host", "GET / HTTP/1.0\r\n\r\n", 200},
      {"absolute target", "GET http://a/b HTTP/1.1\r\nHost: a\r\n\r\n", 200},
      {"absolute target of a query", "GET http://a?b HTTP/1.1\r\nHost: a\r\n\r\n", 200},
      {"asterisk", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 200},
      {"unknown method", "BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 200},
      {"length of zero", post + "Content-Length: 0\r\n\r\n", 200},
      {"length", post + "Content-Length: 5\r\n\r\nhello", 200, "hello"},
      {"length with leading zeros", post + "Content-Length: 0005\r\n\r\nhello", 200, "hello"},
      {"length between blanks", post + "Content-Length: \t 5 \t\r\n\r\nhello", 200, "hello"},
      {"no chunk", chunked + "0\r\n\r\n", 200},
      {"chunks", chunked + "5\r\nhello\r\n6;x=\"y\"\r\n world\r\n000\r\nX-Sum: 1\r\n\r\n", 200, "hello world"},
      {"chunk size in upper case", chunked + "A\r\n0123456789\r\n0\r\n\r\n", 200, "0123456789"},
      {"line ends inside a body", post + "Content-Length: 6\r\n\r\n\r\n\n\n\r\r", 200, "\r\n\n\n\r\r"},
      {"obs-text in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: \xe9\r\n\r\n", 200},
  };
}

}  // namespace tidemark::net
