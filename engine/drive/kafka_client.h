// librdkafka's producer behind the target guard: names and addresses of brokers come from the cluster itself, so each
// is decided when librdkafka is about to look it up and to connect to it, on librdkafka's own threads. What is refused
// opens no connection and is remembered. Made and used by one thread, which hears of deliveries inside serve().
#pragma once

#include <librdkafka/rdkafka.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "engine/core/error.h"
#include "engine/core/units.h"

namespace tidemark::drive {

class KafkaClient {
 public:
  class Listener {
   public:
    virtual void on_delivery(const rd_kafka_message_t& message) = 0;
    virtual void on_all_brokers_down() = 0;

   protected:
    ~Listener() = default;
  };

  // `bootstrap`: an address and port that the guard has decided on. `timeout`: a message that is not acknowledged by
  // then has failed. Exit 4 when librdkafka cannot be started. The listener outlives the client.
  static Result<std::unique_ptr<KafkaClient>> create(const std::string& bootstrap, Nanos timeout, Listener* listener);
  ~KafkaClient();  // what is not delivered yet is given up
  KafkaClient(const KafkaClient&) = delete;
  KafkaClient& operator=(const KafkaClient&) = delete;

  rd_kafka_t* handle() { return handle_; }
  int wake_fd() const { return wake_; }  // readable when serve() has something to do
  void serve();                          // calls the listener; never waits
  // Gives up on what waits in this process (and, with `in_flight`, on what awaits an answer): told as failed
  // deliveries.
  void give_up(bool in_flight);

  bool refused() const { return refused_.load(std::memory_order_acquire); }
  std::string refusal() const;  // why the guard refused a broker
  std::uint32_t open_sockets() const { return sockets_.load(std::memory_order_relaxed); }

 private:
  KafkaClient() = default;
  void refuse(const Error& error);
  bool configure(rd_kafka_conf_t* conf, const std::string& bootstrap, Nanos timeout, std::string& problem);

  Listener* listener_ = nullptr;
  rd_kafka_t* handle_ = nullptr;
  int wake_ = -1;
  // Written by librdkafka's threads.
  std::atomic<bool> refused_{false};
  std::atomic<std::uint32_t> sockets_{0};
  mutable std::mutex refusing_;  // guards refusal_
  std::string refusal_;
};

}  // namespace tidemark::drive
