// HTTPS against nginx: what is verified by default, what each fault is called, sessions, client certificates, ALPN.
#include <gmock/gmock.h>

#include <fstream>
#include <sstream>

#include "wire_fixture.h"

namespace tidemark::test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

class TlsRun : public RunTest {
 protected:
  void SetUp() override {
    if (!installed("nginx")) GTEST_SKIP() << "skipped: nginx is not installed";
    certificates_ = std::make_unique<Certificates>(folder_);
    certificate_ = certificates_->make({});
  }

  static std::string key_of(std::filesystem::path certificate) {
    return certificate.replace_extension(".key").string();
  }

  // nginx with one TLS server on a free port; `more` stands in its server block.
  std::string serve(const std::string& listen = "ssl", const std::string& more = "") {
    const std::uint16_t port = free_port();
    const auto config = folder_ / "nginx.conf";
    std::ofstream(config) << "daemon off; master_process off; pid " << (folder_ / "nginx.pid").string()
                          << ";\nerror_log " << (folder_ / "error.log").string() << ";\nevents {}\nhttp {\n"
                          << "  log_format reuse '$ssl_session_reused $server_protocol';\n  access_log "
                          << (folder_ / "access.log").string() << " reuse;\n  client_body_temp_path "
                          << (folder_ / "body").string() << ";\n  server {\n    listen 127.0.0.1:" << port << " "
                          << listen << ";\n    ssl_certificate " << certificate_.string()
                          << ";\n    ssl_certificate_key " << key_of(certificate_) << ";\n    " << more
                          << "\n    location / { return 200 'hello'; }\n  }\n}\n";
    nginx_ = std::make_unique<Child>(std::vector<std::string>{"nginx", "-e", (folder_ / "error.log").string(), "-p",
                                                              folder_.string(), "-c", config.string()});
    EXPECT_TRUE(accepts(port));
    return "https://127.0.0.1:" + std::to_string(port) + "/";
  }

  drive::RunOptions trusting(const std::string& url, std::uint32_t users = 4) {
    drive::RunOptions options = closed(url, users, 200ms);
    options.scenario.tls.ca = certificates_->ca();
    return options;
  }

  Summary run(drive::RunOptions options) {
    const auto dir = options.out_dir;
    const auto summary = drive::run(std::move(options));
    EXPECT_TRUE(summary) << summary.error().message();
    if (!summary) return {};
    expect_sound(*summary, dir);
    return *summary;
  }

  // The one kind of error of a run in which nothing succeeds.
  std::string only_error(drive::RunOptions options) {
    const Summary summary = run(std::move(options));
    EXPECT_EQ(summary.requests.ok, 0U);
    EXPECT_EQ(summary.errors.size(), 1U);
    return summary.errors.empty() ? "" : summary.errors.begin()->first;
  }

  std::vector<std::string> access_log() const {
    std::ifstream file(folder_ / "access.log");
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
  }

  std::unique_ptr<Certificates> certificates_;
  std::filesystem::path certificate_;
  std::unique_ptr<Child> nginx_;
};

TEST_F(TlsRun, RequestsSucceedUnderAnAuthorityThatIsTrusted) {
  const Summary summary = run(trusting(serve()));
  EXPECT_GT(summary.requests.ok, 10U);
  EXPECT_EQ(summary.requests.failed, 0U);
  EXPECT_THAT(access_log().front(), HasSubstr("HTTP/1.1"));
}

TEST_F(TlsRun, TheSystemDoesNotTrustOurAuthority) {
  EXPECT_THAT(only_error(closed(serve(), 2, 100ms)), HasSubstr("tls: certificate: unable to get local issuer"));
}

TEST_F(TlsRun, AnExpiredCertificateIsCalledThat) {
  certificate_ = certificates_->make({.name = "old", .valid_from_s = -7200, .valid_to_s = -3600});
  EXPECT_EQ(only_error(trusting(serve())), "tls: certificate: certificate has expired");
}

TEST_F(TlsRun, ACertificateForAnotherHostIsCalledThat) {
  certificate_ = certificates_->make({.name = "other", .dns = {"shop.example"}, .addresses = {"127.0.0.2"}});
  EXPECT_EQ(only_error(trusting(serve())), "tls: certificate: IP address mismatch");
}

TEST_F(TlsRun, ANameIsCheckedAndSentAsSni) {
  certificate_ = certificates_->make({.name = "named", .dns = {"shop.example"}, .addresses = {}});
  const std::string url = serve("ssl", "if ($ssl_server_name != shop.example) { return 421; }");
  drive::RunOptions options = trusting(url);
  options.scenario.tls.server_name = "shop.example";
  EXPECT_EQ(run(std::move(options)).requests.failed, 0U);
  options = trusting(url);
  options.scenario.tls.server_name = "else.example";
  EXPECT_EQ(only_error(std::move(options)), "tls: certificate: hostname mismatch");
}

TEST_F(TlsRun, VerificationCanBeTurnedOff) {
  drive::RunOptions options = closed(serve(), 2, 100ms);
  options.scenario.tls.verify = false;
  const Summary summary = run(std::move(options));
  EXPECT_GT(summary.requests.ok, 0U);
  EXPECT_EQ(summary.requests.failed, 0U);
  EXPECT_THAT(summary.notes, ElementsAre(HasSubstr("not verified")));
}

TEST_F(TlsRun, SessionsAreResumed) {
  const Summary summary = run(trusting(serve("ssl", "keepalive_requests 1;"), 1));
  EXPECT_GT(summary.requests.ok, 3U);
  const auto lines = access_log();
  const auto resumed = std::ranges::count_if(lines, [](const std::string& line) { return line.starts_with("r "); });
  EXPECT_GE(resumed + 2, static_cast<std::ptrdiff_t>(lines.size()));
}

TEST_F(TlsRun, AClientCertificateIsShownWhenAskedFor) {
  const std::string url =
      serve("ssl", "ssl_verify_client on; ssl_client_certificate " + certificates_->ca().string() + ";");
  const auto mine = certificates_->make({.name = "client"});
  drive::RunOptions options = trusting(url);
  options.scenario.tls.certificate = mine;
  options.scenario.tls.key = key_of(mine);
  EXPECT_EQ(run(std::move(options)).requests.failed, 0U);
  EXPECT_EQ(only_error(trusting(url)), "status 400");
}

TEST_F(TlsRun, HttpIsAgreedByAlpn) {
  run(trusting(serve("ssl http2")));
  EXPECT_THAT(access_log().back(), HasSubstr("HTTP/2"));
}

TEST_F(TlsRun, Http11CanBeForcedWhereHttp2IsOffered) {
  drive::RunOptions options = trusting(serve("ssl http2"));
  options.scenario.flows[0].steps[0].http_version = schedule::HttpVersion::http1;
  run(std::move(options));
  EXPECT_THAT(access_log().back(), HasSubstr("HTTP/1.1"));
}

TEST_F(TlsRun, AServerWithoutHttp2RefusesIt) {
  drive::RunOptions options = trusting(serve("ssl"));
  options.scenario.flows[0].steps[0].http_version = schedule::HttpVersion::http2;
  EXPECT_THAT(only_error(std::move(options)), HasSubstr("tls: "));
}

TEST_F(TlsRun, APlainServerIsNoTlsServer) {
  const ScriptedServer plain([](const ServedRequest&) { return Reply::ok(); });
  drive::RunOptions options = closed("https" + plain.url().substr(4) + "/", 2, 50ms);
  options.scenario.timeout = 300ms;
  const Summary summary = run(std::move(options));
  EXPECT_EQ(summary.requests.ok, 0U);
}

TEST_F(TlsRun, AMissingAuthorityIsAnErrorOfInput) {
  drive::RunOptions options = closed("https://127.0.0.1:1/", 1, 100ms);
  options.scenario.tls.ca = folder_ / "absent.pem";
  const auto summary = drive::run(std::move(options));
  ASSERT_FALSE(summary);
  EXPECT_EQ(summary.error().code, ExitCode::usage);
  EXPECT_THAT(summary.error().message(), HasSubstr("tls.ca"));
}

}  // namespace
}  // namespace tidemark::test
