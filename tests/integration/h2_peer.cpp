// The half of wire_fixture.h that speaks HTTP/2 as a server.
#include <arpa/inet.h>
#include <nghttp2/nghttp2.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "wire_fixture.h"

namespace tidemark::test {
namespace {

nghttp2_nv field(const std::string& name, const std::string& value) {
  const auto bytes = [](const std::string& text) {
    return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
  };
  return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

}  // namespace

struct H2Peer::Peer {
  struct Stream {
    H2Request request;
    H2Reply reply;
    std::size_t sent = 0;
  };

  Peer(H2Peer& owner, int socket, std::uint64_t number) : owner(owner), fd(socket), number(number) {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, begin);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, closed);
    nghttp2_session_server_new(&session, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);
    const nghttp2_settings_entry limit{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, owner.streams_};
    nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, &limit, 1);
  }
  ~Peer() {
    nghttp2_session_del(session);
    close(fd);
  }

  static Peer& self(void* user) { return *static_cast<Peer*>(user); }

  static int begin(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    Peer& peer = self(user);
    H2Request& request = peer.open[frame->hd.stream_id].request;
    request.stream = frame->hd.stream_id;
    request.connection = peer.number;
    peer.owner.most_at_once_ = std::max(peer.owner.most_at_once_.load(), static_cast<std::uint32_t>(peer.open.size()));
    return 0;
  }
  static int header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_size,
                    const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* user) {
    auto& fields = self(user).open[frame->hd.stream_id].request.fields;
    fields[std::string(reinterpret_cast<const char*>(name), name_size)] =
        std::string(reinterpret_cast<const char*>(value), value_size);
    return 0;
  }
  static int data(nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* bytes, std::size_t size,
                  void* user) {
    self(user).open[id].request.body.append(reinterpret_cast<const char*>(bytes), size);
    return 0;
  }
  static int frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type == NGHTTP2_RST_STREAM) ++self(user).owner.resets_;
    const bool request = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    if (request && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) self(user).perform(frame->hd.stream_id);
    return 0;
  }
  static int closed(nghttp2_session*, std::int32_t id, std::uint32_t, void* user) {
    self(user).open.erase(id);
    return 0;
  }
  static ssize_t body(nghttp2_session* session, std::int32_t id, std::uint8_t* into, std::size_t most,
                      std::uint32_t* flags, nghttp2_data_source*, void* user) {
    Stream& stream = self(user).open[id];
    const bool cut = stream.reply.act == H2Reply::Act::cut;
    const std::size_t whole = cut ? stream.reply.body.size() / 2 : stream.reply.body.size();
    const std::size_t size = std::min(most, whole - stream.sent);
    std::memcpy(into, stream.reply.body.data() + stream.sent, size);
    stream.sent += size;
    if (stream.sent < whole) return static_cast<ssize_t>(size);
    if (cut) {
      self(user).over = size == 0;
      return size == 0 ? static_cast<ssize_t>(NGHTTP2_ERR_DEFERRED) : static_cast<ssize_t>(size);
    }
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (stream.reply.trailers.empty()) return static_cast<ssize_t>(size);
    *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    std::vector<nghttp2_nv> trailers;
    for (const auto& [name, value] : stream.reply.trailers) trailers.push_back(field(name, value));
    nghttp2_submit_trailer(session, id, trailers.data(), trailers.size());
    return static_cast<ssize_t>(size);
  }

  void perform(std::int32_t id) {
    Stream& stream = open[id];
    stream.reply = owner.handler_(stream.request);
    ++owner.served_;
    const H2Reply& reply = stream.reply;
    const std::string status = std::to_string(reply.status);
    std::vector<nghttp2_nv> fields = {field(":status", status)};
    for (const auto& [name, value] : reply.fields) fields.push_back(field(name, value));
    nghttp2_data_provider provider{.source = {}, .read_callback = body};
    switch (reply.act) {
      case H2Reply::Act::answer:
      case H2Reply::Act::cut:
        nghttp2_submit_response(session, id, fields.data(), fields.size(), &provider);
        break;
      case H2Reply::Act::silence:
        break;
      case H2Reply::Act::reset:
        nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id, reply.error);
        break;
      case H2Reply::Act::refuse:
        nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id, NGHTTP2_REFUSED_STREAM);
        break;
      case H2Reply::Act::go_away:
        if (!std::exchange(gone, true))
          nghttp2_submit_goaway(session, NGHTTP2_FLAG_NONE, std::max(id - 2, 0), NGHTTP2_NO_ERROR, nullptr, 0);
        break;
      case H2Reply::Act::raw:
        raw = reply.body;
        break;
    }
  }

  bool flush() {
    const std::uint8_t* bytes = nullptr;
    for (ssize_t size = 0; (size = nghttp2_session_mem_send(session, &bytes)) > 0;)
      if (send(fd, bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL) != size) return false;
    if (!raw.empty()) send(fd, raw.data(), raw.size(), MSG_NOSIGNAL);
    raw.clear();
    return !over && nghttp2_session_want_read(session) + nghttp2_session_want_write(session) > 0;
  }

  bool receive() {
    std::array<std::uint8_t, 16384> bytes;
    const ssize_t count = recv(fd, bytes.data(), bytes.size(), 0);
    if (count <= 0) return false;
    return nghttp2_session_mem_recv(session, bytes.data(), static_cast<std::size_t>(count)) == count && flush();
  }

  H2Peer& owner;
  int fd;
  std::uint64_t number;
  nghttp2_session* session = nullptr;
  std::map<std::int32_t, Stream> open;
  std::string raw;
  bool over = false, gone = false;
};

H2Peer::H2Peer(std::function<H2Reply(const H2Request&)> handler, std::uint32_t streams)
    : handler_(std::move(handler)), streams_(streams) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener_, 1024) != 0) std::abort();
  getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  wake_ = eventfd(0, EFD_CLOEXEC);
  thread_ = std::thread([this] { serve(); });
}

H2Peer::~H2Peer() {
  eventfd_write(wake_, 1);
  thread_.join();
  close(listener_);
  close(wake_);
}

void H2Peer::serve() {
  while (true) {
    std::vector<pollfd> watched = {{wake_, POLLIN, 0}, {listener_, POLLIN, 0}};
    for (const auto& [fd, peer] : peers_) watched.push_back({fd, POLLIN, 0});
    if (poll(watched.data(), watched.size(), -1) < 0) continue;
    if (watched[0].revents != 0) break;
    for (std::size_t i = 2; i < watched.size(); ++i) {
      if (watched[i].revents != 0 && !peers_[watched[i].fd]->receive()) peers_.erase(watched[i].fd);
    }
    if (watched[1].revents == 0) continue;
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    auto& peer = peers_[fd] = std::make_unique<Peer>(*this, fd, accepted_++);
    if (!peer->flush()) peers_.erase(fd);
  }
  peers_.clear();
}

}  // namespace tidemark::test
