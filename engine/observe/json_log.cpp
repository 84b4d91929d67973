#include "engine/observe/json_log.h"

#include <fmt/chrono.h>
#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <nlohmann/json.hpp>

namespace tidemark::observe {
namespace {

constexpr std::size_t kQueue = 4096;

std::string iso_time_now() {
  const auto now = std::chrono::system_clock::now();
  const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03d}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(now)), millis);
}

}  // namespace

struct JsonLog::Impl {
  std::string service, node;
  std::shared_ptr<spdlog::details::thread_pool> writer;  // shared with the logger, as spdlog's interface asks
  std::shared_ptr<spdlog::async_logger> logger;          // shared with the lines that are queued
};

JsonLog::JsonLog(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
JsonLog::~JsonLog() {
  impl_->logger->flush();
  impl_->logger.reset();
  impl_->writer.reset();  // joins once the queue is written
}

Result<std::unique_ptr<JsonLog>> JsonLog::open(const std::filesystem::path& file, std::string service,
                                               std::string node) {
  auto impl = std::make_unique<Impl>();
  try {
    impl->writer = std::make_shared<spdlog::details::thread_pool>(kQueue, 1);
    impl->logger =
        std::make_shared<spdlog::async_logger>(node, std::make_shared<spdlog::sinks::basic_file_sink_mt>(file.string()),
                                               impl->writer, spdlog::async_overflow_policy::overrun_oldest);
  } catch (const spdlog::spdlog_ex& error) {
    return fail(ExitCode::environment, file.string(), error.what());
  }
  impl->logger->set_pattern("%v");
  impl->logger->flush_on(spdlog::level::info);
  impl->service = std::move(service);
  impl->node = std::move(node);
  return std::unique_ptr<JsonLog>(new JsonLog(std::move(impl)));
}

void JsonLog::write(const std::string& level, const std::string& trace_id, const std::string& message,
                    const std::vector<std::pair<std::string, std::string>>& context) {
  nlohmann::ordered_json line{
      {"time", iso_time_now()}, {"level", level}, {"service", impl_->service}, {"node", impl_->node}};
  if (!trace_id.empty()) line["trace_id"] = trace_id;
  line["message"] = message;
  for (const auto& [name, value] : context) line[name] = value;
  impl_->logger->log(spdlog::level::from_str(level == "warning" ? "warn" : level),
                     line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

std::uint64_t JsonLog::dropped() const {
  return impl_->writer->overrun_counter();
}

}  // namespace tidemark::observe
