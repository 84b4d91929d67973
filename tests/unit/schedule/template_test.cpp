// Holes: their grammar, what they evaluate to, and what is said of malformed ones.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "engine/core/base64.h"
#include "engine/schedule/template_functions.h"
#include "engine/schedule/template_parser.h"

namespace tidemark::schedule {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

const FindParameter kParameters = [](const std::string& name) -> std::optional<std::string> {
  if (name == "items") return "50";
  if (name == "tricky") return "${uuid()}";
  return std::nullopt;
};

Template parsed(const std::string& text) {
  Template result;
  const auto wrong = parse_template(text, kParameters, result);
  EXPECT_FALSE(wrong) << text << ": " << wrong->what;
  return result;
}

std::string problem(const std::string& text) {
  Template result;
  const auto wrong = parse_template(text, kParameters, result);
  return wrong ? wrong->what : "none";
}

// Renders with the variables below, a fixed clock and a fixed stream.
struct Renderer {
  Random random{7, "test"};
  std::int64_t epoch_ns = 1'764'063'000'125'999'999;  // 2025-11-25T09:30:00.125999999Z
  std::map<std::string, std::string> values = {{"user", "ann"}, {"key", "k"}, {"users.email", "a@b"}};

  std::string operator()(const Template& text) {
    std::string result;
    for (const auto& piece : text.pieces) {
      if (piece.is_literal()) {
        result += piece.literal;
      } else if (piece.call.empty()) {
        result += values.at(piece.variable);
      } else {
        std::vector<std::string> arguments;
        for (const Template& argument : piece.call.front().arguments) arguments.push_back((*this)(argument));
        result += call_function(piece.call.front(), arguments, {random, epoch_ns});
      }
    }
    return result;
  }
};

std::string rendered(const std::string& text) {
  Renderer renderer;
  return renderer(parsed(text));
}

TEST(TemplateText, EvaluatesEveryFunction) {
  EXPECT_EQ(rendered("plain $ and $$ and $${x}"), "plain $ and $ and ${x}");
  EXPECT_EQ(rendered("${ user }/${users.email}/${items}"), "ann/a@b/50");
  EXPECT_EQ(rendered("${tricky}"), "${uuid()}") << "a parameter is text";
  EXPECT_EQ(rendered("${now()}"), "2025-11-25T09:30:00.125Z");
  EXPECT_EQ(rendered("${now(iso)}"), "2025-11-25T09:30:00.125Z");
  EXPECT_EQ(rendered("${now(epoch_s)}"), "1764063000");
  EXPECT_EQ(rendered("${now(epoch_ms)}"), "1764063000125");
  EXPECT_EQ(rendered("${now(epoch_s, 1h)} ${now(iso, -30s)}"), "1764066600 2025-11-25T09:29:30.125Z");
  EXPECT_EQ(rendered("${base64('a:b')}${base64(user)}"), "YTpiYW5u");
  EXPECT_EQ(rendered("${base64url('>>>?')}"), "Pj4-Pw");
  EXPECT_EQ(rendered("${url('a b/ä-._~')}"), "a%20b%2F%C3%A4-._~");
  EXPECT_EQ(rendered("${random_string(0000012)}").size(), 12U);
}

TEST(TemplateText, NestsCallsHolesAndQuotes) {
  EXPECT_EQ(rendered("${base64('${user}:${base64(key)}')}"), base64_encode("ann:aw=="));
  EXPECT_EQ(rendered("${url(base64(base64(user)))}"), "WVc1dQ%3D%3D");
  EXPECT_EQ(rendered("${url(\"it's\")}${url('it\\'s')}"), "it%27sit%27s");
  EXPECT_EQ(rendered("${url('a}b$$c')}"), "a%7Db%24c");
  EXPECT_EQ(rendered("${url(${user})}${url(12)}${url(-1.5)}"), "ann12-1.5");
}

// RFC 4231, test case 2.
TEST(TemplateText, HmacIsThatOfTheStandard) {
  const std::string hex = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
  EXPECT_EQ(rendered("${hmac_sha256('Jefe', 'what do ya want for nothing?')}"), hex);
  EXPECT_EQ(rendered("${hmac_sha256('Jefe', 'what do ya want for nothing?', base64)}"),
            "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=");
}

// jwt.io's example token.
TEST(TemplateText, JwtIsThatOfTheWorld) {
  EXPECT_EQ(rendered(R"(${jwt('your-256-bit-secret', '{"sub":"1234567890","name":"John Doe","iat":1516239022}')})"),
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
            "eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ."
            "SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c");
}

TEST(TemplateText, RandomIsOfTheSeedAndInItsRange) {
  EXPECT_EQ(rendered("${uuid()} ${random(1, 1000)} ${random_string(8)}"),
            rendered("${uuid()} ${random(1, 1000)} ${random_string(8)}"));
  EXPECT_THAT(rendered("${uuid()}"),
              MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
  Renderer renderer;
  const Template text = parsed("${random(-1, 1)}");
  std::set<std::string> seen;
  for (int i = 0; i < 200; ++i) seen.insert(renderer(text));
  EXPECT_EQ(seen, (std::set<std::string>{"-1", "0", "1"}));
  EXPECT_EQ(rendered("${random(7, 7)}"), "7");
  EXPECT_EQ(parsed("${random(1, items)}").pieces[0].call[0].high, 50) << "a parameter is a number";
}

TEST(TemplateText, IsoTimeKnowsLeapDaysAndTheTimeBefore1970) {
  EXPECT_EQ(iso_time(951'782'400'000'000'000), "2000-02-29T00:00:00.000Z");
  EXPECT_EQ(iso_time(-1), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(iso_time(INT64_MAX), "2262-04-11T23:47:16.854Z");
  EXPECT_EQ(iso_time(INT64_MIN), "1677-09-21T00:12:43.145Z");
}

TEST(TemplateText, SourceParsesToTheSame) {
  for (const std::string text :
       {"", "plain", "$$ $${x}", "${user}", "a${users.email}b", "${env:TOKEN}", "${lua:f}", "${lua:f(user, 'x')}",
        "${uuid()}${now()}", "${now(epoch_ms, -1500ms)}", "${random(-3, 9)}", "${random_string(5)}",
        "${base64('it\\'s ${user} \\\\ $$')}", "${hmac_sha256(key, \"q\", base64)}",
        "${jwt(env:K, '{\"a\":${now(epoch_s)}}')}", "${url(base64url(hmac_sha256('a', ${user})))}"}) {
    const std::string once = source_of(parsed(text));
    EXPECT_EQ(source_of(parsed(once)), once) << text;
  }
}

TEST(TemplateText, MalformedHolesSayWhatIsWrong) {
  const std::map<std::string, std::string> table = {
      {"${", "'${' begins a name like ${item}"},
      {"${}", "'${' begins a name like ${item}"},
      {"${1x}", "'${' begins a name like ${item}"},
      {"${a b}", "'${' begins a name like ${item}"},
      {"${user", "'${' begins a name like ${item}"},
      {"${users.}", "'users.' is followed by the name of a feeder's column"},
      {"${bas64(x)}", "'bas64' is not a function"},
      {"${env:}", "${env:NAME} names an environment variable"},
      {"${lua:}", "${lua:NAME} names a function of the scenario's Lua"},
      {"${lua:f(}", "is lua:NAME or lua:NAME(TEXT, ...)"},
      {"${uuid(1)}", "the call is uuid()"},
      {"${now(utc)}", "'utc' is no format of now()"},
      {"${now(iso, soon)}", "the call is now(), now(FORMAT)"},
      {"${random(1)}", "the call is random(LOW, HIGH)"},
      {"${random(2, 1)}", "the call is random(LOW, HIGH)"},
      {"${random(1, user)}", "the call is random(LOW, HIGH)"},
      {"${random(1, 9223372036854775807)}", "the call is random(LOW, HIGH)"},
      {"${random_string(0)}", "the call is random_string(LENGTH)"},
      {"${random_string(65537)}", "the call is random_string(LENGTH)"},
      {"${base64()}", "the call is base64(TEXT)"},
      {"${base64(user, user)}", "the call is base64(TEXT)"},
      {"${base64('open)}", "a quoted argument without its closing quote"},
      {"${base64(12x)}", "'12x' is no number: put text into quotes"},
      {"${hmac_sha256(key)}", "the call is hmac_sha256(KEY, TEXT)"},
      {"${hmac_sha256(key, user, md5)}", "the call is hmac_sha256(KEY, TEXT)"},
      {"${jwt(key, 'no json')}", "the call is jwt(KEY, CLAIMS)"},
      {"${jwt(key, '[1]')}", "the call is jwt(KEY, CLAIMS)"},
      {"${url(user}", "the call is url(TEXT)"},
      {"${url(user) x}", "'${' begins a name like ${item}"}};
  for (const auto& [text, expected] : table) EXPECT_THAT(problem(text), HasSubstr(expected)) << text;
  std::string deep = "x";
  for (int i = 0; i < 20; ++i) deep = "url(" + deep + ")";
  EXPECT_THAT(problem("${" + deep + "}"), HasSubstr("nested more than 8 deep"));
}

TEST(TemplateText, EveryTruncationIsATemplateOrAProblem) {
  const std::string text = "a${hmac_sha256('k${user}', base64(\"x\"), base64)}${now(iso, 1s)}${users.email}$${$";
  for (std::size_t length = 0; length <= text.size(); ++length) {
    Template result;
    const auto wrong = parse_template(text.substr(0, length), kParameters, result);
    if (wrong) EXPECT_FALSE(wrong->what.empty());
  }
}

}  // namespace
}  // namespace tidemark::schedule
