#include "scenarios/shop/redis_connection.h"

#include <hiredis/async.h>
#include <hiredis/hiredis.h>

#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <optional>
#include <utility>

namespace tidemark::shop {

namespace asio = net::asio;

struct RedisConnection::Hooks : std::enable_shared_from_this<Hooks> {
  using Descriptor = asio::posix::basic_stream_descriptor<net::IoExecutor>;
  using Handle = void (*)(redisAsyncContext*);

  // One direction: whether hiredis wants it, and whether a wait is under way. A wait that is no longer wanted is left
  // to fire.
  struct Direction {
    Descriptor::wait_type type;
    Handle handle;
    bool wanted = false, waiting = false;
  };

  explicit Hooks(asio::io_context& io) : descriptor(io.get_executor()) {}

  void want(Direction& direction) {
    direction.wanted = true;
    if (direction.waiting) return;
    direction.waiting = true;
    descriptor.async_wait(direction.type, [self = shared_from_this(), &direction](const net::ErrorCode& error) {
      direction.waiting = false;
      if (error || self->context == nullptr || !direction.wanted) return;
      direction.handle(self->context);  // may end the connection: context is nullptr then
      if (self->context != nullptr && direction.wanted) self->want(direction);
    });
  }

  static Hooks* of(void* data) { return static_cast<Hooks*>(data); }

  void attach(redisAsyncContext* connected) {
    context = connected;
    descriptor.assign(context->c.fd);
    context->ev.data = this;
    context->ev.addRead = [](void* data) { of(data)->want(of(data)->read); };
    context->ev.delRead = [](void* data) { of(data)->read.wanted = false; };
    context->ev.addWrite = [](void* data) { of(data)->want(of(data)->write); };
    context->ev.delWrite = [](void* data) { of(data)->write.wanted = false; };
    // hiredis frees the context and closes the descriptor by itself after this.
    context->ev.cleanup = [](void* data) {
      Hooks* hooks = of(data);
      hooks->context = nullptr;
      hooks->read.wanted = hooks->write.wanted = false;
      hooks->descriptor.release();
    };
  }

  Descriptor descriptor;
  redisAsyncContext* context = nullptr;
  Direction read{Descriptor::wait_read, redisAsyncHandleRead};
  Direction write{Descriptor::wait_write, redisAsyncHandleWrite};
};

RedisConnection::RedisConnection(asio::io_context& io, const net::Endpoint& endpoint)
    : hooks_(std::make_shared<Hooks>(io)) {
  redisAsyncContext* context = redisAsyncConnect(endpoint.host.c_str(), endpoint.port);
  if (context == nullptr) return;
  if (context->err != 0) {
    redisAsyncFree(context);
    return;
  }
  hooks_->attach(context);
}

RedisConnection::~RedisConnection() {
  if (hooks_->context != nullptr) redisAsyncFree(hooks_->context);
}

bool RedisConnection::alive() const {
  return hooks_->context != nullptr;
}

bool RedisConnection::send(const std::vector<std::string_view>& args, Answer answer) {
  if (!alive()) return false;
  std::vector<const char*> starts;
  std::vector<std::size_t> sizes;
  for (const std::string_view arg : args) {
    starts.push_back(arg.data() == nullptr ? "" : arg.data());
    sizes.push_back(arg.size());
  }
  auto kept = std::make_unique<Answer>(std::move(answer));
  // hiredis calls back exactly once for a command it took, with a null reply at a disconnect.
  const auto deliver = [](redisAsyncContext*, void* reply, void* data) {
    const std::unique_ptr<Answer> wanted(static_cast<Answer*>(data));
    if (*wanted) (*wanted)(static_cast<const redisReply*>(reply));
  };
  const int taken = redisAsyncCommandArgv(hooks_->context, deliver, kept.get(), static_cast<int>(args.size()),
                                          starts.data(), sizes.data());
  if (taken != REDIS_OK) return false;
  static_cast<void>(kept.release());
  return true;
}

}  // namespace tidemark::shop
