#include "engine/net/message.h"

#include <gtest/gtest.h>

#include "engine/net/http_client.h"
#include "engine/net/http_format.h"

namespace tidemark::net {
namespace {

TEST(Headers, CompareNamesWithoutCaseAndKeepOrder) {
  Headers headers;
  headers.add("A", "1");
  headers.add("b", "2");
  headers.add("a", "3");
  EXPECT_EQ(*headers.find("a"), "1");
  headers.set("A", "4");
  ASSERT_EQ(headers.all().size(), 2U);
  EXPECT_EQ(*headers.find("a"), "4");
  headers.set("C", "5");
  headers.erase("B");
  EXPECT_EQ(headers.find("b"), nullptr);
  EXPECT_EQ(headers.all().back().first, "C");
}

TEST(Request, SplitsPathAndQuery) {
  Request request;
  request.target = "/find?q=red+shoes%21&empty=&bare&p%61ge=2&bad=%zz%4";
  EXPECT_EQ(request.path(), "/find");
  EXPECT_EQ(request.query("q"), "red shoes!");
  EXPECT_EQ(request.query("empty"), "");
  EXPECT_EQ(request.query("bare"), "");
  EXPECT_EQ(request.query("page"), "2");
  EXPECT_EQ(request.query("bad"), "%zz%4");
  EXPECT_EQ(request.query("absent"), "");
  request.target = "/find";
  EXPECT_EQ(request.path(), "/find");
  EXPECT_EQ(request.query("q"), "");
}

TEST(Endpoint, WritesItsAuthority) {
  EXPECT_EQ((Endpoint{"127.0.0.1", 80}.authority()), "127.0.0.1:80");
  EXPECT_EQ((Endpoint{"::1", 80}.authority()), "[::1]:80");
}

TEST(ResponseHead, AlwaysCarriesTheLengthOfItsBody) {
  std::string out;
  Response response = Response::json(200, "{}");
  response.headers.set("Content-Length", "99");
  response.headers.set("Transfer-Encoding", "chunked");
  ASSERT_TRUE(append_response_head(out, response, true, false));
  EXPECT_EQ(out, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n");
  out.clear();
  ASSERT_TRUE(append_response_head(out, Response{204, {}, {}}, false, false));
  EXPECT_EQ(out, "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
  out.clear();
  ASSERT_TRUE(append_response_head(out, Response{200, {}, {}}, true, true));
  EXPECT_EQ(out, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n");
}

TEST(MessageHeads, RefuseWhatWouldBreakTheFraming) {
  for (const std::string& bad : {std::string("a\r\nSet-Cookie: b"), std::string("a\nb"), std::string("a\0b", 3)}) {
    std::string out = "kept";
    Response response = Response::text(200, "");
    response.headers.add("X", bad);
    EXPECT_FALSE(append_response_head(out, response, true, false));
    Request request;
    request.headers.add("X", bad);
    EXPECT_FALSE(append_request_head(out, request, "a:1"));
    request = Request();
    request.target = "/" + bad;
    EXPECT_FALSE(append_request_head(out, request, "a:1"));
    request = Request();
    request.method = bad;
    EXPECT_FALSE(append_request_head(out, request, "a:1"));
    EXPECT_EQ(out, "kept");
  }
  std::string out;
  EXPECT_FALSE(append_response_head(out, Response{100, {}, {}}, true, false));
}

TEST(RequestHead, AddsHostAndLength) {
  std::string out;
  Request request;
  ASSERT_TRUE(append_request_head(out, request, "127.0.0.1:80"));
  EXPECT_EQ(out, "GET / HTTP/1.1\r\nHost: 127.0.0.1:80\r\n\r\n");
  out.clear();
  request.method = "POST";
  request.headers.add("Host", "shop");
  request.headers.add("Connection", "close");
  ASSERT_TRUE(append_request_head(out, request, "127.0.0.1:80"));
  EXPECT_EQ(out, "POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
}

TEST(HttpUrl, IsTakenApart) {
  const struct {
    const char* url;
    const char* host;
    int port;
    const char* path;
  } cases[] = {{"http://127.0.0.1:8080", "127.0.0.1", 8080, "/"},
               {"HTTP://127.0.0.1/a/b?c=d", "127.0.0.1", 80, "/a/b?c=d"},
               {"http://localhost:1?q", "localhost", 1, "/?q"},
               {"http://[::1]:65535/", "::1", 65535, "/"},
               {"http://[::1]", "::1", 80, "/"}};
  for (const auto& item : cases) {
    const auto parsed = parse_http_url(item.url);
    ASSERT_TRUE(parsed) << item.url << ": " << parsed.error().message();
    EXPECT_EQ(parsed->first.host, item.host);
    EXPECT_EQ(parsed->first.port, item.port);
    EXPECT_EQ(parsed->second, item.path);
  }
}

TEST(HttpUrl, RefusesWhatItDoesNotMean) {
  for (const char* url : {"",
                          "127.0.0.1",
                          "https://127.0.0.1",
                          "http://",
                          "http://example.org/",
                          "http://u@127.0.0.1/",
                          "http://127.0.0.1:0/",
                          "http://127.0.0.1:65536/",
                          "http://127.0.0.1:/",
                          "http://127.0.0.1:8o/",
                          "http://127.1/",
                          "http://[::1",
                          "http://[::1]x80/",
                          "http://[127.0.0.1]/",
                          "http://::1/",
                          "http://[fe80::1%1]/",
                          "http://127.0.0.1/#f",
                          "http://127.0.0.1/a b",
                          "http://127.0.0.1/%7.",
                          "http://127.0.0.1/\r\n",
                          "http://127.0.0.1:-1/",
                          "http://127.0.0.1:4294967377/"}) {
    const auto parsed = parse_http_url(url);
    ASSERT_FALSE(parsed) << url;
    EXPECT_EQ(parsed.error().code, ExitCode::usage) << url;
  }
  EXPECT_EQ(parse_http_url("http://127.0.0.1:99999/").error().message(),
            "URL \"http://127.0.0.1:99999/\": port \"99999\" is not in 1..65535");
}

}  // namespace
}  // namespace tidemark::net
