#include "scenarios/shop/answers.h"

#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "scenarios/shop/call_guards.h"

namespace tidemark::shop {

net::Response refuse(int status, const std::string& error, const std::string& what) {
  const nlohmann::json body{{"error", error}, {"what", what}};
  return net::Response::json(status, body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

net::Response relay(net::CallResult result, const std::string& callee) {
  switch (result.status) {
    case net::CallResult::Status::ok: {
      net::Response answer = net::Response::json(result.response.status, std::move(result.response.body));
      if (const auto* by = result.response.headers.find(kRefusedHeader)) answer.headers.set(kRefusedHeader, *by);
      return answer;
    }
    case net::CallResult::Status::timed_out:
      return refuse(504, callee + "-timed-out", result.error);
    case net::CallResult::Status::failed:
      break;
  }
  return refuse(502, callee + "-unreachable", result.error);
}

net::Response relay(StoreResult result) {
  switch (result.status) {
    case StoreResult::Status::ok:
      return net::Response::json(200, std::move(result.payload));
    case StoreResult::Status::missing:
      return refuse(404, "not-found", result.error);
    case StoreResult::Status::conflict:
      return refuse(409, "conflict", result.error);
    case StoreResult::Status::refused:
      return refuse(502, "store-refused", result.error);
    case StoreResult::Status::failed:
      break;
  }
  return refuse(502, "store-failed", result.error);
}

std::uint64_t positive_number(std::string_view text) {
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  return error == std::errc{} && stop == end ? number : 0;
}

}  // namespace tidemark::shop
