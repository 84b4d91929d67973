// Cookies put into a rendered request, and the request of a redirect made of it.
#include "engine/drive/request_dressing.h"

#include <gtest/gtest.h>

namespace tidemark::drive {
namespace {

constexpr const char* kPost =
    "POST /login?x=1 HTTP/1.1\r\nHost: 127.0.0.1:80\r\nAuthorization: Basic x\r\ntraceparent: 00-0000\r\n"
    "content-type: text/plain\r\nContent-Length: 4\r\n\r\nbody";

Hop hop(const std::string& method, const std::string& target, bool body, bool left = false) {
  return {.count = 1, .origin = 0, .method = method, .target = target, .sends_body = body, .left_origin = left};
}

TEST(RequestDressing, PutsCookiesBehindTheLastField) {
  std::string request = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
  add_cookies(request, "a=1; b=2");
  EXPECT_EQ(request, "GET / HTTP/1.1\r\nHost: h\r\nCookie: a=1; b=2\r\n\r\n");
  std::string post = kPost;
  add_cookies(post, "");
  EXPECT_EQ(post, kPost);
  add_cookies(post, "a=1");
  EXPECT_NE(post.find("Content-Length: 4\r\nCookie: a=1\r\n\r\nbody"), std::string::npos);
}

TEST(RequestDressing, ARedirectThatBecameGetSendsNoBody) {
  std::string request = kPost;
  redirect_request(request, hop("GET", "/home", false), "127.0.0.1:80");
  EXPECT_EQ(request,
            "GET /home HTTP/1.1\r\nHost: 127.0.0.1:80\r\nAuthorization: Basic x\r\ntraceparent: 00-0000\r\n\r\n");
  EXPECT_EQ(request.substr(find_trace(request), 4), "0000");
}

TEST(RequestDressing, ARedirectThatKeepsTheMethodKeepsTheBody) {
  std::string request = kPost;
  redirect_request(request, hop("POST", "/again", true), "127.0.0.1:80");
  EXPECT_EQ(request.substr(0, 21), "POST /again HTTP/1.1\r");
  EXPECT_TRUE(request.ends_with("Content-Length: 4\r\n\r\nbody"));
}

TEST(RequestDressing, CredentialsStayWithTheirOrigin) {
  std::string request = kPost;
  redirect_request(request, hop("GET", "/", false, true), "127.0.0.1:81");
  EXPECT_EQ(request, "GET / HTTP/1.1\r\nHost: 127.0.0.1:81\r\ntraceparent: 00-0000\r\n\r\n");
}

TEST(RequestDressing, TheSameForWhatAChannelGets) {
  Rendered request;
  request.method = "POST";
  request.target = "/login";
  request.authority = "a:1";
  request.fields = {{"content-type", "x"}, {"authorization", "y"}, {"traceparent", "00-1"}};
  request.trace_field = 2;
  request.body = "body";
  redirect_request(request, hop("GET", "/next", false, true), "b:2");
  EXPECT_EQ(request.method + request.target + request.authority + request.body, "GET/nextb:2");
  ASSERT_EQ(request.fields.size(), 1u);
  EXPECT_EQ(request.trace_field, 0u);
  add_cookies(request, "a=1");
  EXPECT_EQ(request.fields.back().name + "=" + request.fields.back().value, "cookie=a=1");
}

TEST(RequestDressing, ReadsTargetAndTrace) {
  EXPECT_EQ(target_of(kPost), "/login?x=1");
  EXPECT_EQ(find_trace("GET / HTTP/1.1\r\nHost: h\r\n\r\n"), 0u);
  EXPECT_EQ(find_trace("POST / HTTP/1.1\r\nHost: h\r\n\r\n\r\ntraceparent: 00-1"), 0u) << "in the body";
}

}  // namespace
}  // namespace tidemark::drive
