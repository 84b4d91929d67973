#include "engine/drive/control.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "engine/core/json_fields.h"
#include "engine/core/summary_json.h"

namespace tidemark::drive {
namespace {

using nlohmann::json;
using Kind = ControlRequest::Kind;

constexpr std::size_t kMostBytes = 4096;
constexpr const char* kPlace = "control";
constexpr std::pair<Kind, const char*> kWords[] = {{Kind::status, "status"},
                                                   {Kind::rate, "rate"},
                                                   {Kind::pause, "pause"},
                                                   {Kind::resume, "resume"},
                                                   {Kind::stop, "stop"}};

Result<json> object_of(std::string_view line) {
  if (line.size() > kMostBytes) return fail(ExitCode::usage, kPlace, "the line is longer than 4096 bytes");
  json object = json::parse(line, nullptr, false);
  if (!object.is_object()) return fail(ExitCode::usage, kPlace, "is no JSON object in one line");
  return object;
}

}  // namespace

std::optional<ControlReply> ControlBox::ask(const ControlRequest& request, Nanos limit) {
  const std::lock_guard turn(one_at_a_time_);
  std::unique_lock lock(mutex_);
  if (closed_) return std::nullopt;
  request_ = request;
  reply_.reset();
  pending_.store(true, std::memory_order_relaxed);
  answered_.wait_for(lock, limit, [&] { return reply_.has_value() || closed_; });
  pending_.store(false, std::memory_order_relaxed);
  return std::exchange(reply_, std::nullopt);
}

void ControlBox::serve(const std::function<ControlReply(const ControlRequest&)>& answer) {
  const std::lock_guard lock(mutex_);
  if (!pending_.exchange(false, std::memory_order_relaxed)) return;
  reply_ = answer(request_);
  answered_.notify_one();
}

void ControlBox::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  answered_.notify_one();
}

std::string to_line(const ControlRequest& request) {
  json object = json::object();
  for (const auto& [kind, word] : kWords) {
    if (kind == request.kind) object["do"] = word;
  }
  if (request.factor) object["factor"] = *request.factor;
  if (request.rate) object["rate"] = *request.rate;
  return object.dump() + "\n";
}

Result<ControlRequest> parse_control_request(std::string_view line) {
  const auto object = object_of(line);
  if (!object) return tl::make_unexpected(object.error());
  JsonFields fields(*object, kPlace);
  std::string word;
  fields.one_of("do", {"status", "rate", "pause", "resume", "stop"}, word);
  ControlRequest request;
  for (const auto& [kind, name] : kWords) {
    if (word == name) request.kind = kind;
  }
  const auto number = [&](const char* name, std::optional<double>& out) {
    if (!fields.has(name)) return;
    double value = 0;
    fields.number(name, value);
    out = value;
  };
  number("factor", request.factor);
  number("rate", request.rate);
  if (fields.error()) return tl::make_unexpected(*fields.error());
  const bool is_rate = request.kind == Kind::rate;
  if (is_rate ? request.factor.has_value() == request.rate.has_value() : request.factor || request.rate) {
    return fail(ExitCode::usage, kPlace, "'rate' needs either a factor or a rate, and nothing else has one");
  }
  if (request.factor && !(*request.factor >= 0.001 && *request.factor <= 1000))
    return fail(ExitCode::usage, kPlace, "the factor must be from 0.001 to 1000", "pause stops the load");
  if (request.rate && !(*request.rate > 0 && *request.rate <= 1e7))
    return fail(ExitCode::usage, kPlace, "the rate must be above 0 and at most 10000000");
  return request;
}

std::string to_line(const ControlReply& reply) {
  const ControlStatus& status = reply.status;
  json object = {{"t_s", status.t_s},
                 {"planned_s", status.planned_s},
                 {"end_s", status.end_s},
                 {"state", status.state},
                 {"factor", status.factor},
                 {"rate", status.rate},
                 {"users", status.users},
                 {"flows", status.flows},
                 {"requests", status.requests},
                 {"waiting", status.waiting},
                 {"connections", status.connections}};
  if (!reply.problem.empty()) object["problem"] = reply.problem;
  return object.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

Result<ControlReply> parse_control_reply(std::string_view line) {
  const auto object = object_of(line);
  if (!object) return tl::make_unexpected(object.error());
  JsonFields fields(*object, kPlace);
  ControlReply reply;
  if (fields.has("problem")) fields.text("problem", reply.problem);
  ControlStatus& status = reply.status;
  fields.number("t_s", status.t_s);
  fields.number("planned_s", status.planned_s);
  fields.number("end_s", status.end_s);
  fields.text("state", status.state);
  fields.number("factor", status.factor);
  fields.number("rate", status.rate);
  fields.count("users", status.users);
  fields.object("flows", [&](JsonFields& inner) { read_flows(inner, status.flows); });
  fields.object("requests", [&](JsonFields& inner) { read_requests(inner, status.requests); });
  fields.count("waiting", status.waiting);
  fields.count("connections", status.connections);
  if (fields.error()) return tl::make_unexpected(*fields.error());
  return reply;
}

}  // namespace tidemark::drive
