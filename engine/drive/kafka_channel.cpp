#include "engine/drive/kafka_channel.h"

#include <array>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "engine/drive/kafka_client.h"
#include "engine/drive/reply_json.h"
#include "engine/drive/store_names.h"
#include "engine/traffic/target_guard.h"

namespace tidemark::drive {
namespace {

constexpr std::size_t kMostUnderWay = 100'000;  // librdkafka's queue is as long
constexpr const char* kAllDown = "connect: no broker can be reached";

std::string bootstrap_of(const Origin& origin) {
  const std::string address = origin.address.to_string();
  return (origin.address.is_v6() ? "[" + address + "]" : address) + ":" + std::to_string(origin.port);
}

class KafkaChannel final : public Channel, private KafkaClient::Listener {
 public:
  explicit KafkaChannel(const ChannelContext& context);

  bool submit(std::uint32_t exchange, const Rendered& request) override;
  void cancel(std::uint32_t exchange) override;
  void flush() override;
  void on_event(std::uint32_t socket, bool readable, bool writable) override;
  std::int64_t next_timer() const override { return failed_.empty() ? INT64_MAX : 0; }
  std::uint32_t open_connections() const override { return client_ ? client_->open_sockets() : 0; }

 private:
  static constexpr std::uint32_t kNobody = 0xffff'ffff;
  struct Failed {
    std::uint32_t exchange = 0;
    std::string why;
    bool connecting = false;
  };

  void on_delivery(const rd_kafka_message_t& message) override;
  void on_all_brokers_down() override;
  rd_kafka_resp_err_t produce(std::uint32_t message, const Rendered& request);
  void fail_later(std::uint32_t exchange, std::string why, bool connecting);
  void answer(std::uint32_t exchange, const rd_kafka_message_t& message);

  Channel::Owner& owner_;
  const bool tagged_;
  std::string problem_;  // nothing can be sent any more
  // By number of a message that librdkafka has: the exchange that awaits it, or nobody. The numbers of messages that
  // came back are used again.
  std::vector<std::uint32_t> awaited_by_, free_messages_;
  std::vector<std::uint32_t> message_of_;  // by exchange
  std::vector<Failed> failed_;             // told at the next flush: not from inside submit()
  bool refused_ = false;                   // submit() said no, and on_room() is owed
  std::string topic_, body_;
  std::unique_ptr<KafkaClient> client_;  // last: its threads end before the rest goes
};

KafkaChannel::KafkaChannel(const ChannelContext& context) : owner_(context.owner), tagged_(context.tagged) {
  auto client = KafkaClient::create(bootstrap_of(context.origin), context.scenario.timeout, this);
  if (!client) {
    problem_ = client.error().what;
    return;
  }
  client_ = std::move(*client);
  if (!context.loop.add(client_->wake_fd(), context.tag, false)) problem_ = "epoll: no descriptor can be watched";
}

void KafkaChannel::fail_later(std::uint32_t exchange, std::string why, bool connecting) {
  failed_.push_back({exchange, std::move(why), connecting});
}

bool KafkaChannel::submit(std::uint32_t exchange, const Rendered& request) {
  if (!problem_.empty()) {
    fail_later(exchange, problem_, true);
    return true;
  }
  if (free_messages_.empty()) {
    if (awaited_by_.size() == kMostUnderWay) {
      refused_ = true;
      return false;
    }
    free_messages_.push_back(static_cast<std::uint32_t>(awaited_by_.size()));
    awaited_by_.push_back(kNobody);
  }
  const std::uint32_t message = free_messages_.back();
  const rd_kafka_resp_err_t error = produce(message, request);
  if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
    refused_ = true;
    return false;
  }
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    fail_later(exchange, rd_kafka_err2str(error), false);
    return true;
  }
  free_messages_.pop_back();
  awaited_by_[message] = exchange;
  if (exchange >= message_of_.size()) message_of_.resize(exchange + 1, kNobody);
  message_of_[exchange] = message;
  owner_.on_sent(exchange);
  return true;
}

rd_kafka_resp_err_t KafkaChannel::produce(std::uint32_t message, const Rendered& request) {
  const auto memory = [](rd_kafka_vtype_t type, const std::string& bytes) {
    rd_kafka_vu_t field{};
    field.vtype = type;
    field.u.mem.ptr = const_cast<char*>(bytes.data());  // only read: the message is copied
    field.u.mem.size = bytes.size();
    return field;
  };
  const KafkaWords words(request.words);
  topic_ = tagged_ ? shadow_topic(words.topic) : words.topic;
  std::array<rd_kafka_vu_t, 6> fields{};
  std::size_t count = 0;
  fields[count].vtype = RD_KAFKA_VTYPE_TOPIC;
  fields[count++].u.cstr = topic_.c_str();
  if (words.key != nullptr) fields[count++] = memory(RD_KAFKA_VTYPE_KEY, *words.key);
  fields[count++] = memory(RD_KAFKA_VTYPE_VALUE, words.value);
  fields[count].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
  fields[count++].u.i = RD_KAFKA_MSG_F_COPY;
  fields[count].vtype = RD_KAFKA_VTYPE_OPAQUE;
  fields[count++].u.ptr = reinterpret_cast<void*>(std::uintptr_t{message});
  rd_kafka_headers_t* headers = nullptr;
  if (!request.fields.empty()) {
    headers = rd_kafka_headers_new(request.fields.size());
    for (const auto& [name, value] : request.fields) {
      rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), value.data(),
                          static_cast<ssize_t>(value.size()));
    }
    fields[count].vtype = RD_KAFKA_VTYPE_HEADERS;
    fields[count++].u.headers = headers;
  }
  rd_kafka_error_t* error = rd_kafka_produceva(client_->handle(), fields.data(), count);
  if (error == nullptr) return RD_KAFKA_RESP_ERR_NO_ERROR;  // librdkafka owns the headers now
  if (headers != nullptr) rd_kafka_headers_destroy(headers);
  const rd_kafka_resp_err_t code = rd_kafka_error_code(error);
  rd_kafka_error_destroy(error);
  return code;
}

void KafkaChannel::cancel(std::uint32_t exchange) {
  std::erase_if(failed_, [exchange](const Failed& failed) { return failed.exchange == exchange; });
  if (exchange >= message_of_.size()) return;
  const std::uint32_t message = std::exchange(message_of_[exchange], kNobody);
  if (message != kNobody) awaited_by_[message] = kNobody;
}

void KafkaChannel::flush() {
  for (const Failed& failed : std::exchange(failed_, {}))
    owner_.on_failure(failed.exchange, failed.why, failed.connecting);
}

void KafkaChannel::on_event(std::uint32_t /*socket*/, bool /*readable*/, bool /*writable*/) {
  if (problem_.empty() && client_->refused()) {
    problem_ = client_->refusal();
    client_->give_up(true);
  }
  client_->serve();
  if (!std::exchange(refused_, false)) return;
  owner_.on_room();
}

void KafkaChannel::on_all_brokers_down() {
  client_->give_up(false);
}

void KafkaChannel::on_delivery(const rd_kafka_message_t& message) {
  const auto number = static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(message._private));
  const std::uint32_t exchange = std::exchange(awaited_by_[number], kNobody);
  free_messages_.push_back(number);
  if (exchange == kNobody) return;
  message_of_[exchange] = kNobody;
  if (message.err >= 0) return answer(exchange, message);
  const bool given_up =
      message.err == RD_KAFKA_RESP_ERR__PURGE_QUEUE || message.err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT;
  if (!given_up) return owner_.on_failure(exchange, rd_kafka_err2str(message.err), false);
  owner_.on_failure(exchange, problem_.empty() ? kAllDown : problem_, true);
}

void KafkaChannel::answer(std::uint32_t exchange, const rd_kafka_message_t& message) {
  body_ = "{";
  if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    body_ += R"("topic":)";
    append_json_text(rd_kafka_topic_name(message.rkt), body_);
    body_ += ",\"partition\":" + std::to_string(message.partition) + ",\"offset\":" + std::to_string(message.offset);
  } else {
    body_ += "\"error\":" + std::to_string(message.err) + ",\"message\":";
    append_json_text(rd_kafka_err2str(message.err), body_);
  }
  body_ += "}";
  const std::string body = body_;  // the owner may submit, and so come back here, before it returns
  owner_.on_answer(exchange, {.status = message.err, .header_lines = {}, .body = body});
}

}  // namespace

bool has_kafka() {
  return true;
}

std::unique_ptr<Channel> make_kafka_channel(const ChannelContext& context) {
  return std::make_unique<KafkaChannel>(context);
}

Result<void> check_brokers(const Origin& origin, Nanos limit) {
  const std::string place = "kafka://" + origin.host + ":" + std::to_string(origin.port);
  auto client = KafkaClient::create(bootstrap_of(origin), limit, nullptr);
  if (!client) return tl::make_unexpected(std::move(client.error()));
  const rd_kafka_metadata_t* metadata = nullptr;
  const auto limit_ms = std::chrono::duration_cast<std::chrono::milliseconds>(limit).count();
  const auto error = rd_kafka_metadata((*client)->handle(), 0, nullptr, &metadata, static_cast<int>(limit_ms));
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return fail(ExitCode::environment, place, std::string("no list of brokers: ") + rd_kafka_err2str(error),
                "is a Kafka broker listening there?");
  }
  Result<void> decided;
  for (int i = 0; i < metadata->broker_cnt && decided; ++i) {
    const auto& broker = metadata->brokers[i];
    auto address = traffic::resolve_allowed(broker.host);
    if (address) continue;
    Error refused = std::move(address.error());
    refused.place = place + ": broker " + std::to_string(broker.id) + ", " + refused.place;
    decided = tl::make_unexpected(std::move(refused));
  }
  rd_kafka_metadata_destroy(metadata);
  return decided;
}

}  // namespace tidemark::drive
