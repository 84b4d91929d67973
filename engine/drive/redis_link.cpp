#include "engine/drive/redis_link.h"

#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <sys/ioctl.h>

#include <algorithm>

#include "engine/drive/reply_json.h"

namespace tidemark::drive {
namespace {

constexpr std::size_t kReadBytes = 16 * 1024;  // hiredis reads so much at a time
constexpr std::size_t kUncountedReads = 64;    // reads of one reply before its bytes are looked at
constexpr const char* kTooLarge = "reply above 16 MiB";

// hiredis calls back from inside its own functions, where its context must not be freed or written to. So callbacks
// only note what happened, and tell() acts on it once hiredis has returned.
class RedisLink final : public StoreLink {
 public:
  RedisLink(const LinkPlace& place, const RedisServer& server) : place_(place), server_(server), interest_(place) {}
  RedisLink(const RedisLink&) = delete;
  RedisLink& operator=(const RedisLink&) = delete;
  ~RedisLink() override { close(); }

  bool connect() override;
  bool send(const StoreRequest& request) override;
  void on_event(bool readable, bool writable) override;
  void close() override;

 private:
  static RedisLink& of(void* data) { return *static_cast<RedisLink*>(data); }
  static void on_connected(const redisAsyncContext* context, int status);
  static void on_reply(redisAsyncContext* context, void* reply, void*);
  void take(const redisReply& reply);
  void introduce();
  void put(const std::vector<std::string_view>& words);
  bool watch();
  bool too_large();
  void tell();

  const LinkPlace place_;
  const RedisServer& server_;
  SocketInterest interest_;
  redisAsyncContext* context_ = nullptr;  // hiredis frees it by itself when the connection ends
  bool reading_ = false, writing_ = false;
  bool connected_ = false, open_ = false;
  int introductions_ = 0;   // AUTH and SELECT that have no reply yet
  bool skip_next_ = false;  // a reply that nobody asked for
  bool keep_body_ = false, answered_ = false;
  std::size_t reads_ = 0, bytes_ = 0;  // of the reply under way
  int status_ = 0;
  std::string body_, problem_;
  std::vector<const char*> starts_;
  std::vector<std::size_t> sizes_;
};

bool RedisLink::connect() {
  context_ = redisAsyncConnect(server_.address.c_str(), server_.port);
  if (context_ == nullptr || context_->err != 0) {
    problem_ = context_ == nullptr ? "out of memory" : context_->errstr;
    if (context_ != nullptr) redisAsyncFree(context_);
    context_ = nullptr;
    return true;
  }
  context_->data = this;
  context_->ev.data = this;
  context_->ev.addRead = [](void* data) { of(data).reading_ = true; };
  context_->ev.delRead = [](void* data) { of(data).reading_ = false; };
  context_->ev.addWrite = [](void* data) { of(data).writing_ = true; };
  context_->ev.delWrite = [](void* data) { of(data).writing_ = false; };
  context_->ev.cleanup = [](void* data) { of(data).context_ = nullptr; };
  redisAsyncSetConnectCallback(context_, on_connected);
  return !watch();
}

void RedisLink::on_connected(const redisAsyncContext* context, int status) {
  RedisLink& link = of(context->data);
  link.connected_ = status == REDIS_OK;
  if (status != REDIS_OK) link.problem_ = context->c.errstr;
}

bool RedisLink::watch() {
  if (context_ == nullptr) return true;
  if (interest_.set(context_->c.fd, reading_, writing_)) return true;
  problem_ = "epoll: no descriptor can be watched any more";
  close();
  return false;
}

// Who we are and which database: before the first command, and unnoticed where the defaults will do.
void RedisLink::introduce() {
  connected_ = false;
  if (!server_.password.empty()) {
    ++introductions_;
    if (server_.user.empty()) {
      put({"AUTH", server_.password});
    } else {
      put({"AUTH", server_.user, server_.password});
    }
  }
  if (!server_.database.empty()) {
    ++introductions_;
    put({"SELECT", server_.database});
  }
  if (introductions_ > 0 && context_ != nullptr) redisAsyncHandleWrite(context_);
  open_ = introductions_ == 0;
}

void RedisLink::put(const std::vector<std::string_view>& words) {
  starts_.clear();
  sizes_.clear();
  for (const std::string_view word : words) {
    starts_.push_back(word.data());
    sizes_.push_back(word.size());
  }
  redisAsyncCommandArgv(context_, on_reply, nullptr, static_cast<int>(starts_.size()), starts_.data(), sizes_.data());
}

bool RedisLink::send(const StoreRequest& request) {
  keep_body_ = request.keep_body;
  answered_ = false;
  reads_ = bytes_ = 0;
  if (context_ == nullptr) return true;
  skip_next_ = !request.before.empty();
  if (skip_next_) put({request.before.begin(), request.before.end()});
  put({request.arguments.begin(), request.arguments.end()});
  redisAsyncHandleWrite(context_);  // may end the connection
  return context_ == nullptr || !watch();
}

void RedisLink::on_reply(redisAsyncContext* context, void* reply, void*) {
  if (context->data == nullptr) return;  // being closed
  RedisLink& link = of(context->data);
  if (reply == nullptr) {
    if (link.problem_.empty()) link.problem_ = context->errstr == nullptr ? "connection lost" : context->errstr;
    return;
  }
  link.take(*static_cast<const redisReply*>(reply));
}

void RedisLink::take(const redisReply& reply) {
  const bool refused = reply.type == REDIS_REPLY_ERROR;
  if (introductions_ > 0) {
    --introductions_;
    if (refused && problem_.empty()) problem_.assign(reply.str, reply.len);
    open_ = introductions_ == 0 && problem_.empty();
    return;
  }
  if (std::exchange(skip_next_, false)) return;
  answered_ = true;
  status_ = refused ? 1 : 0;
  body_.clear();
  if (keep_body_) append_redis_reply(reply, body_);
}

bool RedisLink::too_large() {
  if (++reads_ <= kUncountedReads) return false;
  int pending = 0;
  ioctl(context_->c.fd, FIONREAD, &pending);
  bytes_ += std::min(static_cast<std::size_t>(pending), kReadBytes);
  return bytes_ > kMostReplyBytes - kUncountedReads * kReadBytes;
}

void RedisLink::on_event(bool readable, bool writable) {
  const bool was_open = open_;
  if (context_ != nullptr && writable && writing_) redisAsyncHandleWrite(context_);
  if (context_ != nullptr && connected_ && !was_open) introduce();
  if (context_ != nullptr && readable && reading_) {
    if (too_large()) {
      problem_ = kTooLarge;
    } else {
      redisAsyncHandleRead(context_);
    }
  }
  if (context_ == nullptr && problem_.empty()) problem_ = "closed by the server";
  if (problem_.empty()) watch();
  if (!problem_.empty()) return place_.owner->on_link_lost(place_.number, problem_);
  if (open_ && !was_open) return place_.owner->on_link_open(place_.number);
  tell();
}

void RedisLink::tell() {
  if (!std::exchange(answered_, false)) return;
  const std::string body = std::exchange(body_, {});  // the owner may send the next command before it returns
  place_.owner->on_link_answer(place_.number, {.status = status_, .header_lines = {}, .body = body});
}

void RedisLink::close() {
  if (context_ == nullptr) return;
  context_->data = nullptr;  // its callbacks come now, and nobody listens
  redisAsyncFree(context_);
}

}  // namespace

std::unique_ptr<StoreLink> make_redis_link(const LinkPlace& place, const RedisServer& server) {
  return std::make_unique<RedisLink>(place, server);
}

}  // namespace tidemark::drive
