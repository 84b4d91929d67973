#include "engine/net/gate_service.h"

#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "engine/net/http_client.h"
#include "engine/net/http_server.h"

namespace tidemark::net {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

constexpr const char* kSchema = "tidemark.gate/1";
constexpr const char* kKeyHeader = "x-tidemark-control";
constexpr milliseconds kLookAtStop{50};

std::string random_key() {
  std::array<unsigned char, 16> bytes{};
  while (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) continue;
  std::string hex;
  for (const unsigned char byte : bytes) {
    for (const int digit : {byte >> 4, byte & 15}) hex += "0123456789abcdef"[digit];
  }
  return hex;
}

// Written beside and renamed, so that a reader sees all of it or nothing.
Result<void> write_private(const std::filesystem::path& file, const std::string& text) {
  const std::filesystem::path fresh = file.string() + ".new";
  unlink(fresh.c_str());
  const int fd = open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  const bool written = fd >= 0 && write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const bool placed = written && rename(fresh.c_str(), file.c_str()) == 0;
  const int error = errno;
  if (fd >= 0) close(fd);
  if (!placed) return fail(ExitCode::environment, file.string(), std::strerror(error));
  return {};
}

class Service {
 public:
  explicit Service(const GateServiceOptions& chosen)
      : options(chosen),
        gate(
            io, chosen.limits, [this] { return std::optional(options.to); }, chosen.seed),
        control(io, ServerLimits{}, [this](Request request) { return answer(std::move(request)); }) {}

  Result<void> begin(const std::function<void(const Endpoint&)>& ready) {
    const auto port = gate.listen(options.listen.host, options.listen.port);
    if (!port) return tl::make_unexpected(port.error());
    at = {options.listen.host, *port};
    if (const auto set = gate.set(options.rules); !set) return set;
    if (!options.control_file.empty()) {
      const auto control_port = control.listen("127.0.0.1", 0);
      if (!control_port) return tl::make_unexpected(control_port.error());
      const json text{{"schema", kSchema},        {"pid", getpid()},
                      {"listen", at.authority()}, {"to", options.to.authority()},
                      {"control", *control_port}, {"key", key}};
      if (auto written = write_private(options.control_file, text.dump(2) + "\n"); !written) return written;
    }
    ready(at);
    return {};
  }

  Task<void> live(const std::atomic<int>* stop) {
    Timer timer(io.get_executor());
    while (stop->load() == 0) {
      timer.expires_after(kLookAtStop);
      co_await timer.async_wait(as_values);
    }
    co_await control.stop(milliseconds(0));
    co_await gate.stop();
  }

  const GateServiceOptions options;
  asio::io_context io{1};
  FaultGate gate;
  HttpServer control;

 private:
  json state() const {
    const auto& counts = gate.counters();
    return {{"listen", at.authority()},          {"to", options.to.authority()}, {"rules", to_words(gate.rules())},
            {"connections", gate.connections()}, {"accepted", counts.accepted},  {"refused", counts.refused},
            {"unreachable", counts.unreachable}, {"resets", counts.resets},      {"bytes_up", counts.bytes_up},
            {"bytes_down", counts.bytes_down},   {"writes", counts.writes}};
  }

  // GET and POST /rules; the body is {"words": [...]}.
  Task<Response> answer(Request request) {
    const auto* given = request.headers.find(kKeyHeader);
    if (given == nullptr || *given != key) co_return Response::json(401, R"({"error":"control-key"})");
    if (request.path() != "/rules") co_return Response::json(404, R"({"error":"not-found"})");
    if (request.method == "POST") {
      const json body = json::parse(request.body, nullptr, false);
      std::vector<std::string> words;
      try {
        body.at("words").get_to(words);
      } catch (const json::exception&) {
        co_return Response::json(400, R"({"error":"bad-order","what":"words must be a list of texts"})");
      }
      const auto rules = parse_gate_rules(words);
      const auto set = rules ? gate.set(*rules) : Result<void>(tl::make_unexpected(rules.error()));
      if (!set) {
        const json wrong{{"error", "bad-order"}, {"what", set.error().message()}};
        co_return Response::json(400, wrong.dump(-1, ' ', false, json::error_handler_t::replace));
      }
    }
    co_return Response::json(200, state().dump());
  }

  const std::string key = random_key();
  Endpoint at;
};

}  // namespace

Result<FaultGate::Counters> run_gate_service(const GateServiceOptions& options, const std::atomic<int>& stop,
                                             const std::function<void(const Endpoint&)>& ready) {
  Service service(options);
  if (const auto begun = service.begin(ready); !begun) return tl::make_unexpected(begun.error());
  std::exception_ptr failure;
  asio::co_spawn(service.io, service.live(&stop), [&](const std::exception_ptr& error) {
    failure = error;
    service.io.stop();
  });
  service.io.run();
  std::error_code ignored;
  if (!options.control_file.empty()) std::filesystem::remove(options.control_file, ignored);
  if (failure) std::rethrow_exception(failure);
  return service.gate.counters();
}

Result<std::string> order_gate(const std::filesystem::path& control_file, std::span<const std::string> words) {
  std::ifstream stream(control_file);
  const json info = stream ? json::parse(stream, nullptr, false) : json();
  const std::string place = control_file.string();
  const std::string advice = "tidemark fault gate --to HOST:PORT --control " + place + " starts one";
  if (!info.is_object()) return fail(ExitCode::environment, place, "no gate's control file is there", advice);
  Request request;
  Endpoint control;
  try {
    if (info.at("schema") != kSchema) return fail(ExitCode::environment, place + ": schema", "is not tidemark.gate/1");
    info.at("control").get_to(control.port);
    request.headers.set(kKeyHeader, info.at("key").get<std::string>());
  } catch (const json::exception& error) {
    return fail(ExitCode::environment, place, error.what());
  }
  request.method = words.empty() ? "GET" : "POST";
  request.target = "/rules";
  if (!words.empty()) {
    request.body = json{{"words", std::vector<std::string>(words.begin(), words.end())}}.dump(
        -1, ' ', false, json::error_handler_t::replace);
  }
  const auto answer = call_blocking(control, std::move(request), milliseconds(5000));
  if (answer.status != CallResult::Status::ok) return fail(ExitCode::environment, place, answer.error, advice);
  if (answer.response.status == 200) return answer.response.body;
  const json wrong = json::parse(answer.response.body, nullptr, false);
  const bool usage = answer.response.status == 400;
  return fail(usage ? ExitCode::usage : ExitCode::environment, place,
              wrong.is_object() ? wrong.value("what", answer.response.body) : answer.response.body);
}

}  // namespace tidemark::net
