#include "engine/drive/kafka_client.h"

#include <netdb.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>
#include <vector>

#include "engine/traffic/target_guard.h"

namespace tidemark::drive {
namespace {

namespace ip = boost::asio::ip;

constexpr std::uint64_t kOne = 1;  // what librdkafka writes into the eventfd

KafkaClient& of(void* opaque) {
  return *static_cast<KafkaClient*>(opaque);
}

ip::address address_of(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, address, sizeof(v4));
    return ip::address_v4(ntohl(v4.sin_addr.s_addr));
  }
  sockaddr_in6 v6{};
  std::memcpy(&v6, address, sizeof(v6));
  ip::address_v6::bytes_type bytes{};
  std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
  return ip::address_v6(bytes, v6.sin6_scope_id);
}

std::string millis(Nanos time, std::int64_t low, std::int64_t high) {
  const auto count = std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
  return std::to_string(std::clamp<std::int64_t>(count, low, high));
}

}  // namespace

Result<std::unique_ptr<KafkaClient>> KafkaClient::create(const std::string& bootstrap, Nanos timeout,
                                                         Listener* listener) {
  std::unique_ptr<KafkaClient> client(new KafkaClient());
  client->listener_ = listener;
  client->wake_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (client->wake_ < 0)
    return fail(ExitCode::environment, "kafka", std::strerror(errno), "raise the limit on open files");
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  std::string problem;
  if (!client->configure(conf, bootstrap, timeout, problem)) {
    rd_kafka_conf_destroy(conf);
    return fail(ExitCode::internal, "kafka", problem);
  }
  char text[256] = "";
  client->handle_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text));
  if (client->handle_ == nullptr) {
    rd_kafka_conf_destroy(conf);
    return fail(ExitCode::environment, "kafka", text);
  }
  rd_kafka_queue_t* queue = rd_kafka_queue_get_main(client->handle_);
  rd_kafka_queue_io_event_enable(queue, client->wake_, &kOne, sizeof(kOne));
  rd_kafka_queue_destroy(queue);
  return client;
}

bool KafkaClient::configure(rd_kafka_conf_t* conf, const std::string& bootstrap, Nanos timeout, std::string& problem) {
  const std::vector<std::pair<const char*, std::string>> settings = {
      {"bootstrap.servers", bootstrap},
      {"client.id", "tidemark"},
      {"linger.ms", "0"},  // a message goes when it is due: batches form only while the broker is slower than that
      {"socket.nagle.disable", "true"},
      {"message.timeout.ms", millis(timeout, 1, 3'600'000)},
      {"request.timeout.ms", millis(timeout, 1, 900'000)},
      {"socket.connection.setup.timeout.ms", millis(timeout, 1000, 30'000)},
      {"topic.metadata.propagation.max.ms", millis(timeout, 1, 5'000)},
      {"reconnect.backoff.ms", "100"},
      {"reconnect.backoff.max.ms", "1000"},
      {"queue.buffering.max.messages", "100000"},
      {"queue.buffering.max.kbytes", "262144"},
  };
  char text[256] = "";
  for (const auto& [name, value] : settings) {
    if (rd_kafka_conf_set(conf, name, value.c_str(), text, sizeof(text)) == RD_KAFKA_CONF_OK) continue;
    problem = text;
    return false;
  }
  rd_kafka_conf_set_opaque(conf, this);
  rd_kafka_conf_set_log_cb(conf, [](const rd_kafka_t*, int, const char*, const char*) {});  // not onto the terminal
  rd_kafka_conf_set_dr_msg_cb(conf, [](rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
    if (of(opaque).listener_ != nullptr) of(opaque).listener_->on_delivery(*message);
  });
  rd_kafka_conf_set_error_cb(conf, [](rd_kafka_t*, int error, const char*, void* opaque) {
    if (error != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || of(opaque).listener_ == nullptr) return;
    of(opaque).listener_->on_all_brokers_down();
  });
  rd_kafka_conf_set_resolve_cb(
      conf, [](const char* node, const char* service, const addrinfo* hints, addrinfo** found, void* opaque) {
        if (node == nullptr) {  // librdkafka's way of giving the list back
          freeaddrinfo(*found);
          return 0;
        }
        const auto address = traffic::resolve_allowed(node);
        if (!address) {
          of(opaque).refuse(address.error());
          return EAI_FAIL;
        }
        addrinfo numeric = *hints;
        numeric.ai_flags = AI_NUMERICHOST;
        return getaddrinfo(address->to_string().c_str(), service, &numeric, found);
      });
  rd_kafka_conf_set_connect_cb(conf, [](int fd, const sockaddr* to, int size, const char* id, void* opaque) {
    const auto allowed = traffic::decide_resolved(id, {address_of(to)});
    if (!allowed) {
      of(opaque).refuse(allowed.error());
      return EACCES;
    }
    const bool begun = ::connect(fd, to, static_cast<socklen_t>(size)) == 0 || errno == EINPROGRESS;
    return begun ? 0 : errno;
  });
  rd_kafka_conf_set_socket_cb(conf, [](int domain, int type, int protocol, void* opaque) {
    const int fd = ::socket(domain, type | SOCK_CLOEXEC, protocol);
    if (fd >= 0) of(opaque).sockets_.fetch_add(1, std::memory_order_relaxed);
    return fd;
  });
  rd_kafka_conf_set_closesocket_cb(conf, [](int fd, void* opaque) {
    of(opaque).sockets_.fetch_sub(1, std::memory_order_relaxed);
    return ::close(fd);
  });
  return true;
}

KafkaClient::~KafkaClient() {
  listener_ = nullptr;
  if (handle_ != nullptr) {
    give_up(true);
    rd_kafka_destroy_flags(handle_, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
  }
  if (wake_ >= 0) close(wake_);
}

void KafkaClient::serve() {
  std::uint64_t count = 0;
  while (read(wake_, &count, sizeof(count)) == static_cast<ssize_t>(sizeof(count))) continue;
  while (rd_kafka_poll(handle_, 0) > 0) continue;
}

void KafkaClient::give_up(bool in_flight) {
  const int what = RD_KAFKA_PURGE_F_QUEUE | (in_flight ? RD_KAFKA_PURGE_F_INFLIGHT : 0);
  rd_kafka_purge(handle_, what | RD_KAFKA_PURGE_F_NON_BLOCKING);
}

void KafkaClient::refuse(const Error& error) {
  {
    const std::lock_guard lock(refusing_);
    if (refusal_.empty()) refusal_ = "broker refused: " + error.place + ": " + error.what;
  }
  refused_.store(true, std::memory_order_release);
  // The owner is told at once; a full counter means that it will be anyway.
  static_cast<void>(!write(wake_, &kOne, sizeof(kOne)));
}

std::string KafkaClient::refusal() const {
  const std::lock_guard lock(refusing_);
  return refusal_;
}

}  // namespace tidemark::drive
