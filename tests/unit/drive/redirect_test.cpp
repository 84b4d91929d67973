// Where a redirect leads: RFC 3986's own examples, methods, and what is refused.
#include "engine/drive/redirect.h"

#include <gtest/gtest.h>

namespace tidemark::drive {
namespace {

const WebLocation kBase{"http", "a", 80, "/b/c/d;p?q"};

std::string resolved(std::string_view reference, const WebLocation& base = kBase) {
  const auto found = resolve_location(base, reference);
  if (!found) return "-";
  return found->scheme + "://" + found->host + (found->port == 80 ? "" : ":" + std::to_string(found->port)) +
         found->path;
}

TEST(Redirect, ResolvesTheExamplesOfRfc3986) {
  const struct {
    const char* reference;
    const char* target;
  } cases[] = {{"g", "http://a/b/c/g"},
               {"./g", "http://a/b/c/g"},
               {"g/", "http://a/b/c/g/"},
               {"/g", "http://a/g"},
               {"//g", "http://g/"},
               {"?y", "http://a/b/c/d;p?y"},
               {"g?y", "http://a/b/c/g?y"},
               {"#s", "http://a/b/c/d;p?q"},
               {"g#s", "http://a/b/c/g"},
               {";x", "http://a/b/c/;x"},
               {"g;x?y#s", "http://a/b/c/g;x?y"},
               {"", "http://a/b/c/d;p?q"},
               {".", "http://a/b/c/"},
               {"./", "http://a/b/c/"},
               {"..", "http://a/b/"},
               {"../g", "http://a/b/g"},
               {"../..", "http://a/"},
               {"../../g", "http://a/g"},
               {"../../../g", "http://a/g"},
               {"/./g", "http://a/g"},
               {"/../g", "http://a/g"},
               {"g.", "http://a/b/c/g."},
               {"..g", "http://a/b/c/..g"},
               {"./../g", "http://a/b/g"},
               {"g/./h", "http://a/b/c/g/h"},
               {"g/../h", "http://a/b/c/h"},
               {"g;x=1/../y", "http://a/b/c/y"},
               {"g?y/../x", "http://a/b/c/g?y/../x"}};
  for (const auto& one : cases) EXPECT_EQ(resolved(one.reference), one.target) << one.reference;
}

TEST(Redirect, TakesAbsoluteOnesApart) {
  EXPECT_EQ(resolved("http://127.0.0.1:8080/x?y"), "http://127.0.0.1:8080/x?y");
  EXPECT_EQ(resolved(" HTTP://Other.Example/../x#part "), "http://other.example/x");
  EXPECT_EQ(resolved("http://[::1]:81/"), "http://::1:81/");
  EXPECT_EQ(resolved("https://a/x"), "https://a:443/x");
}

TEST(Redirect, EncodesWhatNoUrlMayHold) {
  EXPECT_EQ(resolved("/a b"), "http://a/a%20b");
  EXPECT_EQ(resolved("/\xc3\xa4"), "http://a/%C3%A4");
}

TEST(Redirect, RefusesWhatIsNoPlaceToGo) {
  for (const char* reference : {"javascript:alert(1)", "ftp://a/", "mailto:a@b", "http:///x", "http://user:pw@a/",
                                "/%zz", "http://a:0/", "http://a:99999/", "http://[::1/", "file:///etc/passwd"}) {
    EXPECT_EQ(resolved(reference), "-") << reference;
  }
  EXPECT_EQ(resolved("/" + std::string(9000, 'x')), "-");
}

TEST(Redirect, MethodsFollowRfc9110) {
  const struct {
    int status;
    const char* method;
    const char* next;
  } cases[] = {{301, "GET", "GET"},   {301, "POST", "GET"},      {301, "PUT", "PUT"},   {301, "HEAD", "HEAD"},
               {302, "POST", "GET"},  {302, "DELETE", "DELETE"}, {303, "POST", "GET"},  {303, "PUT", "GET"},
               {303, "HEAD", "HEAD"}, {307, "POST", "POST"},     {308, "POST", "POST"}, {308, "PATCH", "PATCH"}};
  for (const auto& one : cases) EXPECT_EQ(redirected_method(one.status, one.method), one.next) << one.status;
  for (const int status : {301, 302, 303, 307, 308}) EXPECT_TRUE(is_redirect(status));
  for (const int status : {200, 300, 304, 305, 306, 309, 400}) EXPECT_FALSE(is_redirect(status));
}

}  // namespace
}  // namespace tidemark::drive
