// Canaries: credentials planted in every place that a request or an answer has, none of which may be seen again.
#include "engine/traffic/scrubber.h"

#include <gtest/gtest.h>

namespace tidemark::traffic {
namespace {

TEST(Scrubber, TakesCredentialsOutOfHeaders) {
  const char* const lines[] = {"Authorization: Bearer CANARY",
                               "authorization: Basic CANARY",
                               "Proxy-Authorization: CANARY",
                               "Cookie: a=CANARY; b=CANARY",
                               "Set-Cookie: sid=CANARY; Path=/",
                               "X-Api-Key: CANARY",
                               "X-Auth-Token: CANARY",
                               "X-CSRF-Token: CANARY",
                               "X-Amz-Security-Token: CANARY",
                               "X-Access-Key: CANARY",
                               "Location: /next?token=CANARY",
                               "Location: http://user:CANARY@host/",
                               "Referer: http://h/?a=1&client_secret=CANARY&b=2",
                               "x-shadow: run;flow;CANARY",
                               "Whatever: eyJhbGciOiJIUzI1NiJ9.eyJDQU5BUlkiOjF9.CANARYCANARY"};
  for (const char* line : lines) {
    for (const char* end : {"\r\n", "\n", ""}) {
      const std::string scrubbed = scrub_header(std::string("Host: h\r\n") + line + end);
      EXPECT_EQ(scrubbed.find("CANARY"), std::string::npos) << scrubbed;
      EXPECT_NE(scrubbed.find(kScrubbed), std::string::npos) << scrubbed;
      EXPECT_TRUE(scrubbed.ends_with(end)) << scrubbed;
    }
  }
}

TEST(Scrubber, TakesCredentialsOutOfTargets) {
  for (const char* target :
       {"/p?password=CANARY", "/p?a=1&api_key=CANARY", "/p?apiKey=CANARY&b=2", "/p?code=CANARY",
        "/p?SAMLResponse=CANARY", "/p?pass%77ord=CANARY", "/p?signature=CANARY;x=1", "http://u:CANARY@h/p"}) {
    EXPECT_EQ(scrub_target(target).find("CANARY"), std::string::npos) << target;
  }
  EXPECT_EQ(scrub_header("GET /p?token=CANARY&page=2 HTTP/1.1\r\nHost: h\r\n\r\n"),
            "GET /p?token=[scrubbed]&page=2 HTTP/1.1\r\nHost: h\r\n\r\n");
}

TEST(Scrubber, TakesCredentialsOutOfBodies) {
  for (const char* body :
       {R"({"password":"CANARY"})", R"({"user":{"access_token" : "CANARY"}})", R"([{"apiKey":["CANARY","CANARY"]}])",
        R"({"secret":{"a":"CANARY","b":[1,"CANARY"]},"c":1})", R"({"token":"a\"CANARY"})", R"({"token":"CANARY)",
        R"({"client_secret":{"a":"CANARY")", R"({"pass\u0077ord":"CANARY"})", "password=CANARY&user=me",
        "grant_type=x&client_secret=CANARY", "see http://u:CANARY@h/ for more",
        "token eyJhbGciOiJIUzI1NiJ9.eyJDQU5BUlkiOjF9.CANARYCANARY end"}) {
    EXPECT_EQ(scrub_body(body).find("CANARY"), std::string::npos) << scrub_body(body);
  }
}

TEST(Scrubber, LeavesTheRestAsItIs) {
  for (const char* same : {R"({"user":5000,"item":42,"state":"paid","note":"a \"b\" c"})", "plain text: a, b", "",
                           "<html><a href=\"//host/x\">y</a></html>", R"({"broken": [1, 2)", "a=1&b=2"}) {
    EXPECT_EQ(scrub_body(same), same);
  }
  EXPECT_EQ(scrub_header("POST /buy HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nx-shadow: live\r\n\r\n"),
            "POST /buy HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nx-shadow: live\r\n\r\n");
  EXPECT_EQ(scrub_target("/browse?item=3"), "/browse?item=3");
  EXPECT_EQ(scrub_body(R"({"password":12,"next":1})"), R"({"password":"[scrubbed]","next":1})");
}

TEST(Scrubber, EveryCutOfABodyIsSafe) {
  const std::string body = R"({"a":{"password":"CANARY","b":[{"token":["CANARY"]}]},"url":"http://u:CANARY@h/"})";
  for (std::size_t size = 0; size <= body.size(); ++size) {
    EXPECT_EQ(scrub_body(body.substr(0, size)).find("CANARY\""), std::string::npos) << size;
    scrub_header(body.substr(0, size));
    scrub_target(body.substr(size));
  }
}

}  // namespace
}  // namespace tidemark::traffic
