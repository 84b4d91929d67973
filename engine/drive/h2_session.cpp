#include "engine/drive/h2_session.h"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace tidemark::drive {
namespace {

constexpr std::int32_t kWindow = (1 << 30) - 1;  // memory is bounded by the limit on bodies, not by the window

std::string_view view(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

// RFC 9113, 8.2.2: fields about the connection are not sent.
bool forbidden(std::string_view name) {
  return name == "connection" || name == "keep-alive" || name == "proxy-connection" || name == "transfer-encoding" ||
         name == "upgrade" || name == "host";
}

bool is_hint(std::string_view name) {
  return name == "set-cookie" || name == "location" || name == "content-encoding";
}

std::uint8_t* bytes_of(std::string_view text) {
  return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));  // nghttp2 only reads them
}

}  // namespace

// What nghttp2 calls. The user data is the session's.
struct H2Session::Callbacks {
  static H2Session& self(void* user) { return *static_cast<H2Session*>(user); }

  static int begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    self(user).reading_ = self(user).stream_of(frame->hd.stream_id);
    return 0;
  }

  static int header(nghttp2_session*, const nghttp2_frame*, const std::uint8_t* name, std::size_t name_size,
                    const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* user) {
    Stream* stream = self(user).reading_;
    if (stream == nullptr) return 0;
    const std::string_view key = view(name, name_size);
    const std::string_view text = view(value, value_size);
    if (key == ":status") {
      std::from_chars(text.data(), text.data() + text.size(), stream->status);
      return 0;
    }
    stream->header_bytes += name_size + value_size + 4;
    if (stream->header_bytes > self(user).limits_.header_bytes) {
      self(user).reset(*stream, "answer's header fields are too large");
      return 0;
    }
    if (stream->keep.headers || (stream->keep.hints && is_hint(key)))
      stream->header_lines.append(key).append(": ").append(text).push_back('\n');
    return 0;
  }

  static int data(nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* bytes, std::size_t size,
                  void* user) {
    Stream* stream = self(user).stream_of(id);
    if (stream == nullptr) return 0;
    stream->body_bytes += size;
    if (stream->body_bytes > self(user).limits_.body_bytes) {
      self(user).reset(*stream, "answer's body is too large");
      return 0;
    }
    if (stream->keep.body) stream->body.append(view(bytes, size));
    return 0;
  }

  static int frame(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type == NGHTTP2_SETTINGS) self(user).settled_ = true;
    if (frame->hd.type == NGHTTP2_GOAWAY) {
      self(user).going_away_ = true;
      self(user).last_processed_ = frame->goaway.last_stream_id;
      return 0;
    }
    const bool carries_answer = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    if (!carries_answer) return 0;
    Stream* stream = self(user).stream_of(frame->hd.stream_id);
    if (stream == nullptr) return 0;
    if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) {
      if (frame->hd.type == NGHTTP2_HEADERS && stream->status >= 100 && stream->status < 200) {
        stream->header_lines.clear();  // an interim answer; the final one follows
      }
      return 0;
    }
    stream->ended = true;
    // An answer before the whole request was sent: the rest of it is of no use.
    if (nghttp2_session_get_stream_local_close(session, stream->id) == 0)
      nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, stream->id, NGHTTP2_CANCEL);
    return 0;
  }

  static int stream_close(nghttp2_session*, std::int32_t id, std::uint32_t error_code, void* user) {
    if (Stream* stream = self(user).stream_of(id); stream != nullptr) self(user).finish(*stream, error_code);
    return 0;
  }

  static int error(nghttp2_session*, int code, const char*, std::size_t, void* user) {
    self(user).no_http2_ |= code == NGHTTP2_ERR_SETTINGS_EXPECTED;
    return 0;
  }

  static ssize_t read_body(nghttp2_session*, std::int32_t, std::uint8_t* into, std::size_t most, std::uint32_t* flags,
                           nghttp2_data_source* source, void*) {
    auto& stream = *static_cast<Stream*>(source->ptr);
    const std::size_t size = std::min(most, stream.request_body.size() - stream.request_sent);
    std::memcpy(into, stream.request_body.data() + stream.request_sent, size);
    stream.request_sent += size;
    if (stream.request_sent == stream.request_body.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(size);
  }

  static nghttp2_session_callbacks* table() {
    static nghttp2_session_callbacks* const made = [] {
      nghttp2_session_callbacks* callbacks = nullptr;
      nghttp2_session_callbacks_new(&callbacks);
      nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, begin_headers);
      nghttp2_session_callbacks_set_on_header_callback(callbacks, header);
      nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, data);
      nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, frame);
      nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, stream_close);
      nghttp2_session_callbacks_set_error_callback2(callbacks, error);
      return callbacks;
    }();
    return made;
  }
};

H2Session::H2Session(Events& events, const Limits& limits) : events_(events), limits_(limits) {
  nghttp2_option* option = nullptr;
  nghttp2_option_new(&option);
  nghttp2_option_set_no_closed_streams(option, 1);  // no tree of past streams: nobody here sets priorities
  nghttp2_option_set_peer_max_concurrent_streams(option, limits.streams);  // until its SETTINGS say more or less
  nghttp2_session_client_new2(&session_, Callbacks::table(), this, option);
  nghttp2_option_del(option);
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kWindow},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<std::uint32_t>(limits.header_bytes)},
  };
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings, std::size(settings));
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kWindow);
}

H2Session::~H2Session() {
  nghttp2_session_del(session_);
}

bool H2Session::accepts() const {
  return !going_away_ && problem_.empty() && nghttp2_session_check_request_allowed(session_) != 0;
}

bool H2Session::has_room() const {
  const std::uint32_t theirs = nghttp2_session_get_remote_settings(session_, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
  return settled_ && under_way_ < std::min(limits_.streams, theirs) && accepts();
}

nghttp2_nv H2Session::field(std::string_view name, std::string_view value, bool lasting, bool indexed) const {
  const int copies = lasting ? NGHTTP2_NV_FLAG_NO_COPY_NAME | (indexed ? NGHTTP2_NV_FLAG_NO_COPY_VALUE : 0) : 0;
  const int index = indexed ? 0 : NGHTTP2_NV_FLAG_NO_INDEX;
  return {.name = bytes_of(name),
          .value = bytes_of(value),
          .namelen = name.size(),
          .valuelen = value.size(),
          .flags = static_cast<std::uint8_t>(copies | index)};
}

std::uint32_t H2Session::submit(std::uint32_t exchange, const Rendered& request, std::string_view scheme, Keep keep) {
  if (free_.empty()) {
    free_.push_back(streams_.emplace_back(std::make_unique<Stream>()).get());
    free_.back()->handle = static_cast<std::uint32_t>(streams_.size() - 1);
  }
  Stream& stream = *free_.back();
  const bool lasting = request.lasting;
  fields_.clear();
  fields_.push_back(field(":method", request.method, lasting, true));
  fields_.push_back(field(":scheme", scheme, lasting, true));
  fields_.push_back(field(":authority", request.authority, lasting, true));
  fields_.push_back(field(":path", request.target, lasting, true));
  for (std::size_t i = 0; i < request.fields.size(); ++i) {
    const auto& [name, value] = request.fields[i];
    // A trace id is never seen twice: in the table it would only push out what is.
    if (!forbidden(name)) fields_.push_back(field(name, value, lasting, i != request.trace_field));
  }
  nghttp2_data_provider provider{.source = {.ptr = &stream}, .read_callback = Callbacks::read_body};
  stream.request_body = request.body;
  const std::int32_t id = nghttp2_submit_request(session_, nullptr, fields_.data(), fields_.size(),
                                                 request.body.empty() ? nullptr : &provider, &stream);
  if (id < 0) return kNone;
  free_.pop_back();
  stream.exchange = exchange;
  stream.id = id;
  stream.keep = keep;
  ++under_way_;
  return stream.handle;
}

void H2Session::cancel(std::uint32_t handle) {
  Stream& stream = *streams_[handle];
  if (stream.id == 0 || stream.reported) return;
  stream.reported = true;
  --under_way_;
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream.id, NGHTTP2_CANCEL);
}

bool H2Session::feed(std::string_view bytes) {
  const ssize_t taken = nghttp2_session_mem_recv(session_, bytes_of(bytes), bytes.size());
  if (taken < 0) problem_ = std::string("http/2: ") + nghttp2_strerror(static_cast<int>(taken));
  return problem_.empty();
}

bool H2Session::collect(std::string& out) {
  while (true) {
    const std::uint8_t* bytes = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session_, &bytes);
    if (size < 0 && problem_.empty()) problem_ = std::string("http/2: ") + nghttp2_strerror(static_cast<int>(size));
    if (size <= 0) break;
    out.append(view(bytes, static_cast<std::size_t>(size)));
  }
  // When the peer breaks the rules, nghttp2 ends the session by itself, with a GOAWAY that was just appended.
  if (problem_.empty() && !going_away_ && nghttp2_session_want_read(session_) == 0)
    problem_ = no_http2_ ? "http/2: the server does not speak HTTP/2" : "http/2: the server broke the protocol";
  return problem_.empty();
}

bool H2Session::over() const {
  return nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0;
}

void H2Session::abandon(std::string_view why) {
  if (problem_.empty()) problem_ = why;
  for (std::size_t i = 0; i < streams_.size(); ++i) {
    Stream& stream = *streams_[i];
    if (stream.id == 0) continue;
    const bool told = stream.reported;
    const bool refused = going_away_ && stream.id > last_processed_;
    const std::uint32_t exchange = stream.exchange;
    nghttp2_session_set_stream_user_data(session_, stream.id, nullptr);
    release(stream);
    if (told) continue;
    --under_way_;
    events_.on_h2_failure(exchange, why, refused);
  }
}

H2Session::Stream* H2Session::stream_of(std::int32_t id) const {
  return static_cast<Stream*>(nghttp2_session_get_stream_user_data(session_, id));
}

// The stream is closed, in whichever way: says how, once.
void H2Session::finish(Stream& stream, std::uint32_t error_code) {
  if (reading_ == &stream) reading_ = nullptr;
  nghttp2_session_set_stream_user_data(session_, stream.id, nullptr);
  if (!stream.reported) {
    stream.reported = true;
    --under_way_;
    if (!stream.failure.empty()) {
      events_.on_h2_failure(stream.exchange, stream.failure, false);
    } else if (stream.ended && stream.status != 0) {
      events_.on_h2_answer(stream.exchange, {stream.status, stream.header_lines, stream.body});
    } else {
      const std::string why = std::string("http/2: stream reset: ") + nghttp2_http2_strerror(error_code);
      events_.on_h2_failure(stream.exchange, why, error_code == NGHTTP2_REFUSED_STREAM);
    }
  }
  release(stream);
}

// Ends a stream over a limit of ours; finish() follows when the reset is sent.
void H2Session::reset(Stream& stream, std::string_view why) {
  if (!stream.failure.empty()) return;
  stream.failure = why;
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream.id, NGHTTP2_CANCEL);
}

void H2Session::release(Stream& stream) {
  stream.id = 0;
  stream.status = 0;
  stream.ended = stream.reported = false;
  stream.header_bytes = stream.body_bytes = stream.request_sent = 0;
  stream.header_lines.clear();
  stream.body.clear();
  stream.request_body.clear();
  stream.failure = {};
  free_.push_back(&stream);
}

}  // namespace tidemark::drive
