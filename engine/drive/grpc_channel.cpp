#include "engine/drive/grpc_channel.h"

#include <algorithm>
#include <chrono>

#include "engine/drive/grpc_frame.h"
#include "engine/drive/grpc_method.h"

namespace tidemark::drive {
namespace {

// At most eight digits, in milliseconds: a scenario's longest time-out is an hour.
std::string timeout_text(std::int64_t left_ns) {
  return std::to_string(std::max<std::int64_t>(left_ns / 1'000'000, 1)) + "m";
}

}  // namespace

GrpcChannel::GrpcChannel(const ChannelContext& context)
    : owner_(context.owner), start_(context.start), http_(inner(context), true) {}

ChannelContext GrpcChannel::inner(const ChannelContext& context) {
  return {.loop = context.loop,
          .tag = context.tag,
          .owner = *this,
          .origin = context.origin,
          .scenario = context.scenario,
          .most_connections = context.most_connections,
          .run_id = context.run_id,
          .tagged = context.tagged,
          .start = context.start};
}

bool GrpcChannel::submit(std::uint32_t exchange, const Rendered& request) {
  const CompiledStep& step = *request.step;
  if (exchange >= steps_.size()) steps_.resize(exchange + 1);
  steps_[exchange] = &step;
  call_.step = &step;
  call_.method = request.method;
  call_.authority = request.authority;
  call_.target = request.target;
  call_.fields.assign({{"te", "trailers"},
                       {"grpc-timeout", timeout_text(request.deadline_ns - (Clock::now() - start_).count())},
                       {"content-type", "application/grpc+proto"}});
  call_.trace_field =
      request.trace_field == Rendered::kNone ? Rendered::kNone : request.trace_field + call_.fields.size();
  call_.fields.insert(call_.fields.end(), request.fields.begin(), request.fields.end());
  if (!step.grpc_frame.empty()) {
    call_.body = step.grpc_frame;
  } else if (!step.grpc->encode(request.body, call_.body, problem_)) {
    // As if no connection could be made: a user of the closed model pauses instead of failing as fast as it can.
    owner_.on_failure(exchange, "grpc: message: " + problem_, true);
    return true;
  }
  return http_.submit(exchange, call_);
}

void GrpcChannel::on_answer(std::uint32_t exchange, const Answer& answer) {
  const CompiledStep& step = *steps_[exchange];
  const int status = grpc_status(answer.status, answer.header_lines);
  if (status < 0) return owner_.on_failure(exchange, "grpc: grpc-status is not a status", false);
  json_.clear();
  if (status == 0) {
    const UnaryMessage message = unary_message(answer.body);
    if (!message.problem.empty()) return owner_.on_failure(exchange, message.problem, false);
    const bool fits = step.keep_body ? step.grpc->decode(message.bytes, json_) : step.grpc->accepts(message.bytes);
    if (!fits) return owner_.on_failure(exchange, "grpc: the answer is not a message of the method's type", false);
  }
  owner_.on_answer(exchange, {.status = status, .header_lines = answer.header_lines, .body = json_});
}

}  // namespace tidemark::drive
