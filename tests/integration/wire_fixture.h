// What the tests of TLS, HTTP/2 and gRPC talk to: real servers as child processes, certificates made for the test, and
// a peer that speaks HTTP/2 (nghttp2's server half) and misbehaves as told.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "run_fixture.h"

namespace tidemark::test {

// A program that ends with this object; its standard output can be read line by line.
class Child {
 public:
  explicit Child(std::vector<std::string> arguments);
  ~Child();  // kills and reaps
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  std::string line();  // the next line it prints; "" when it has ended

 private:
  int pid_ = -1, out_ = -1;
};

std::uint16_t free_port();
// Waits until something accepts there, up to 20 s.
bool accepts(std::uint16_t port);
// False when the program is not installed: the test says so and is skipped.
bool installed(const std::string& program);

// A certificate and its key as PEM files NAME.pem and NAME.key.
struct CertificateWish {
  std::string name = "server";
  std::vector<std::string> dns = {"localhost"};
  std::vector<std::string> addresses = {"127.0.0.1"};
  long valid_from_s = -3600, valid_to_s = 3600;  // from now
  bool authority = false;                        // signs others; signed by itself
};
class Certificates {
 public:
  explicit Certificates(std::filesystem::path folder);  // makes ca.pem
  std::filesystem::path ca() const { return folder_ / "ca.pem"; }
  // Signed by the authority; returns the path of the certificate, the key beside it ends in ".key".
  std::filesystem::path make(const CertificateWish& wish);

 private:
  std::filesystem::path folder_;
};

struct H2Request {
  std::uint64_t connection = 0;  // counted from 0
  std::int32_t stream = 0;
  std::map<std::string, std::string> fields;  // pseudo-fields too
  std::string body;
};

struct H2Reply {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> fields, trailers;
  std::string body = "ok";
  enum class Act {
    answer,
    silence,
    reset,    // RST_STREAM with `error`
    refuse,   // RST_STREAM with REFUSED_STREAM
    go_away,  // GOAWAY: this stream and later ones are not processed
    cut,      // header fields and half of the body, then the connection is closed
    raw,      // `body` as bytes on the connection, outside any frame
  } act = Act::answer;
  std::uint32_t error = 2;  // INTERNAL_ERROR
};

// h2c on 127.0.0.1, one thread; the handler runs on it.
class H2Peer {
 public:
  explicit H2Peer(std::function<H2Reply(const H2Request&)> handler, std::uint32_t streams = 100);
  ~H2Peer();
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  std::uint64_t served() const { return served_.load(); }
  std::uint64_t accepted() const { return accepted_.load(); }
  std::uint32_t most_at_once() const { return most_at_once_.load(); }
  std::uint64_t resets() const { return resets_.load(); }  // RST_STREAM received

 private:
  struct Peer;
  friend struct Peer;
  void serve();

  std::function<H2Reply(const H2Request&)> handler_;
  std::uint32_t streams_;
  std::uint16_t port_ = 0;
  int listener_ = -1, wake_ = -1;
  std::map<int, std::unique_ptr<Peer>> peers_;
  std::atomic<std::uint64_t> served_{0}, accepted_{0}, resets_{0};
  std::atomic<std::uint32_t> most_at_once_{0};
  std::thread thread_;
};

}  // namespace tidemark::test
