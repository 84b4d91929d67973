#include "cli/live_outputs.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <optional>

#include "engine/live/fd_writer.h"
#include "engine/live/feed.h"
#include "engine/live/metrics_endpoint.h"
#include "engine/live/stream_lines.h"
#include "engine/live/terminal_output.h"

namespace tidemark::cli {
namespace {

constexpr std::size_t kStreamDepth = 64;  // seconds that a slow reader of the stream may be behind

const std::map<std::string, live::ProgressMode> kModes = {{"auto", live::ProgressMode::automatic},
                                                          {"live", live::ProgressMode::live},
                                                          {"plain", live::ProgressMode::plain},
                                                          {"none", live::ProgressMode::none}};

}  // namespace

struct LiveOutputs::Impl {
  std::optional<live::TerminalOutput> terminal;
  std::unique_ptr<live::MetricsEndpoint> endpoint;
  int stream_fd = -1;
  bool stream_on_stdout = false, ended = false;
  std::optional<live::FdWriter> stream;
  std::optional<std::size_t> stream_index;
  live::Feed feed;  // last: its threads use the others

  ~Impl() {
    feed.stop();
    stream.reset();
    if (stream_fd >= 0 && !stream_on_stdout) close(stream_fd);
  }

  Result<void> open_stream(const std::string& file);
  void open_terminal(live::ProgressMode mode, double interval_s);
};

Result<void> LiveOutputs::Impl::open_stream(const std::string& file) {
  stream_on_stdout = file == "-";
  stream_fd = stream_on_stdout ? STDOUT_FILENO : ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (stream_fd < 0) return fail(ExitCode::environment, "--stream " + file, std::strerror(errno), "name another file");
  stream.emplace(stream_fd);
  stream_index = 0;
  feed.add(kStreamDepth, [this](const Progress& progress, std::uint64_t dropped, const std::atomic<bool>& give_up) {
    stream->write(live::stream_line(progress, dropped), give_up);
  });
  return {};
}

void LiveOutputs::Impl::open_terminal(live::ProgressMode mode, double interval_s) {
  const auto resolved = live::resolve(mode, isatty(STDERR_FILENO) == 1, std::getenv("CI"), std::getenv("TERM"));
  if (resolved == live::ProgressMode::none) return;
  const char* no_colour = std::getenv("NO_COLOR");
  const bool colour = no_colour == nullptr || *no_colour == '\0';
  terminal.emplace(STDERR_FILENO,
                   live::TerminalOutput::Options{.mode = resolved, .colour = colour, .interval_s = interval_s});
  feed.add(1, [this](const Progress& progress, std::uint64_t, const std::atomic<bool>& give_up) {
    terminal->deliver(progress, give_up);
  });
}

void add_progress_arguments(CLI::App& command, ProgressArguments& arguments) {
  command
      .add_option("--progress", arguments.mode,
                  "live: redrawn in place; plain: a line each --progress-interval; none; auto: live on a terminal, "
                  "plain elsewhere and where CI is set")
      ->check(CLI::IsMember({"auto", "live", "plain", "none"}))
      ->capture_default_str();
  command.add_option("--progress-interval", arguments.interval_s, "seconds between two plain lines")
      ->check(CLI::Range(1.0, 3600.0))
      ->capture_default_str();
  command.add_option("--stream", arguments.stream,
                     "NDJSON, a line each second while it runs, to a file or - (standard output)");
  command.add_option("--metrics-listen", arguments.listen,
                     "serve GET /metrics for Prometheus on this loopback ADDRESS:PORT while it runs");
}

LiveOutputs::LiveOutputs(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LiveOutputs::~LiveOutputs() = default;

Result<std::unique_ptr<LiveOutputs>> LiveOutputs::open(const ProgressArguments& arguments, bool quiet) {
  auto impl = std::make_unique<Impl>();
  if (!arguments.stream.empty()) {
    if (auto opened = impl->open_stream(arguments.stream); !opened) return tl::make_unexpected(opened.error());
  }
  if (!arguments.listen.empty()) {
    auto endpoint = live::MetricsEndpoint::listen(arguments.listen);
    if (!endpoint) return tl::make_unexpected(endpoint.error());
    impl->endpoint = std::move(*endpoint);
    const std::string host = arguments.listen.substr(0, arguments.listen.rfind(':'));
    std::fprintf(stderr, "metrics: http://%s:%u/metrics\n", host.c_str(), impl->endpoint->port());
    impl->feed.add(1, [raw = impl->endpoint.get()](const Progress& progress, std::uint64_t dropped,
                                                   const std::atomic<bool>&) { raw->set(progress, dropped); });
  }
  if (!quiet) impl->open_terminal(kModes.at(arguments.mode), arguments.interval_s);
  return std::unique_ptr<LiveOutputs>(new LiveOutputs(std::move(impl)));
}

std::function<void(const drive::Progress&)> LiveOutputs::progress() {
  return [impl = impl_.get()](const drive::Progress& progress) { impl->feed.publish(progress); };
}

void LiveOutputs::clear() {
  if (impl_->terminal) impl_->terminal->clear();
}

void LiveOutputs::note(const std::string& text) {
  if (impl_->terminal) impl_->terminal->set_note(text);
}

void LiveOutputs::end(const Summary* summary) {
  if (std::exchange(impl_->ended, true)) return;
  impl_->feed.stop();
  clear();
  if (!impl_->stream) return;
  const std::uint64_t dropped = impl_->feed.dropped(*impl_->stream_index);
  const std::atomic<bool> at_once{true};
  if (summary != nullptr) impl_->stream->write(live::stream_end(*summary, dropped), at_once);
  if (impl_->stream->closed()) std::fprintf(stderr, "stream: its reader was gone or too slow before the end\n");
  if (dropped > 0) {
    std::fprintf(stderr, "stream: %llu lines dropped because the reader was slow\n",
                 static_cast<unsigned long long>(dropped));
  }
}

bool LiveOutputs::owns_stdout() const {
  return impl_->stream_on_stdout;
}

}  // namespace tidemark::cli
