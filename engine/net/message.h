// HTTP messages as plain values, for servers and for service-to-service calls. The generator's hot path does not use
// them (engine/drive frames its own requests). Thread-safe: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tidemark::net {

class Headers {
 public:
  void set(std::string_view name, std::string_view value);  // replaces, name compared without case
  void add(std::string_view name, std::string_view value);
  // nullptr if absent; the first one if repeated.
  const std::string* find(std::string_view name) const;
  void erase(std::string_view name);
  const std::vector<std::pair<std::string, std::string>>& all() const { return fields_; }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

struct Request {
  std::string method = "GET";
  std::string target = "/";  // origin form, with the query
  Headers headers;
  std::string body;
  std::string peer;  // set by the server: the address of whoever sent it, without its port; "" in a client

  std::string_view path() const;                   // target without the query
  std::string query(std::string_view name) const;  // decoded; "" if absent
};

struct Response {
  int status = 200;
  Headers headers;
  std::string body;

  static Response json(int status, std::string body);
  static Response text(int status, std::string body);
};

struct Endpoint {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;
  std::string authority() const;
};

}  // namespace tidemark::net
