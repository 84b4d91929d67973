// Unary gRPC calls to one origin: an HttpChannel that always speaks HTTP/2, with messages put in and taken out on the
// way. The worker renders a message as JSON and gets an answer whose status is grpc-status and whose body is JSON, so
// checks and captures need to know nothing of it. Same owner and thread as every channel.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/drive/http_channel.h"

namespace tidemark::drive {

class GrpcChannel final : public Channel, private Channel::Owner {
 public:
  explicit GrpcChannel(const ChannelContext& context);

  bool submit(std::uint32_t exchange, const Rendered& request) override;
  void cancel(std::uint32_t exchange) override { http_.cancel(exchange); }
  void flush() override { http_.flush(); }
  void on_event(std::uint32_t socket, bool readable, bool writable) override {
    http_.on_event(socket, readable, writable);
  }
  std::int64_t next_timer() const override { return http_.next_timer(); }
  void on_timer(std::int64_t at) override { http_.on_timer(at); }
  std::uint32_t open_connections() const override { return http_.open_connections(); }

 private:
  ChannelContext inner(const ChannelContext& context);
  void on_sent(std::uint32_t exchange) override { owner_.on_sent(exchange); }
  void on_answer(std::uint32_t exchange, const Answer& answer) override;
  void on_failure(std::uint32_t exchange, std::string_view why, bool connecting) override {
    owner_.on_failure(exchange, why, connecting);
  }
  void on_refused(std::uint32_t exchange, std::string_view why) override { owner_.on_refused(exchange, why); }
  void on_room() override { owner_.on_room(); }
  void on_exhausted(bool of_ports) override { owner_.on_exhausted(of_ports); }

  Channel::Owner& owner_;
  Instant start_;
  HttpChannel http_;
  std::vector<const CompiledStep*> steps_;  // by exchange
  Rendered call_;                           // the request being submitted
  std::string problem_, json_;
};

}  // namespace tidemark::drive
