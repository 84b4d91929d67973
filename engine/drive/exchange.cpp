#include "engine/drive/exchange.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "engine/core/base64.h"
#include "engine/drive/content_coding.h"
#include "engine/drive/response_framing.h"
#include "engine/traffic/scrubber.h"

namespace tidemark::drive {
namespace {

std::size_t head_length(std::string_view message) {
  const std::size_t end = message.find("\r\n\r\n");
  return end == std::string_view::npos ? message.size() : end + 4;
}

bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t more = lead < 0x80                   ? 0
                             : lead >= 0xc2 && lead < 0xe0 ? 1
                             : lead >= 0xe0 && lead < 0xf0 ? 2
                             : lead >= 0xf0 && lead < 0xf5 ? 3
                                                           : 4;
    if (more == 4 || i + more >= text.size() + (more == 0 ? 1 : 0)) return false;
    for (std::size_t k = 1; k <= more; ++k) {
      if ((static_cast<unsigned char>(text[i + k]) & 0xc0U) != 0x80) return false;
    }
    i += more + 1;
  }
  return true;
}

// Text as it is; other bytes in Base64.
void put_body(nlohmann::json& into, const std::string& body) {
  if (is_utf8(body)) {
    into["body"] = body;
  } else {
    into["body_base64"] = base64_encode(body);
  }
}

double ms(std::int64_t nanos) {
  return static_cast<double>(nanos) * 1e-6;
}

const char* word(Outcome outcome) {
  return outcome == Outcome::ok ? "ok" : outcome == Outcome::failed ? "failed" : "timed_out";
}

std::string shown(const std::string& body) {
  if (!is_utf8(body)) return fmt::format("[{} bytes that are no text]", body.size());
  return body;
}

using Out = std::back_insert_iterator<std::string>;

// Every line behind a mark, so that requests and answers are told apart.
void marked(Out out, char mark, std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    fmt::format_to(out, "{} {}\n", mark, line);
  }
}

}  // namespace

void read_raw(Exchange& exchange) {
  if (exchange.raw.empty()) return;
  ResponseFraming framing;
  framing.start({.head_request = exchange.request.starts_with("HEAD "), .keep_headers = true, .keep_body = true});
  framing.feed(exchange.raw);
  exchange.status = framing.status();
  exchange.header_lines = framing.header_lines();
  std::string_view coding;
  find_header(exchange.header_lines, "content-encoding", coding);
  if (!decode_content(coding, framing.body(), exchange.body).empty()) exchange.body = framing.body();
  // Nothing that reads as HTTP: the bytes themselves are all there is to show.
  if (exchange.status == 0) exchange.body = exchange.raw;
  exchange.raw.clear();
}

void scrub(Exchange& exchange, const schedule::Secrets& secrets) {
  const auto clean = [&secrets](std::string text) { return secrets.empty() ? text : secrets.redacted(text); };
  const std::size_t head = head_length(exchange.request);
  const std::string body = exchange.request.substr(head, Exchange::kMostBytes);
  exchange.cut |= exchange.request.size() - head > body.size() || exchange.body.size() > Exchange::kMostBytes;
  exchange.request = clean(traffic::scrub_header(std::string_view(exchange.request).substr(0, head)) +
                           traffic::scrub_body(clean(body)));
  exchange.header_lines = clean(traffic::scrub_header(exchange.header_lines));
  exchange.body = clean(traffic::scrub_body(clean(exchange.body.substr(0, Exchange::kMostBytes))));
  exchange.kind = clean(exchange.kind);
  for (auto& [name, value] : exchange.captured) {
    value = traffic::is_secret_name(name) ? std::string(traffic::kScrubbed) : clean(traffic::scrub_body(value));
  }
}

nlohmann::json to_json(const Exchange& exchange) {
  const std::size_t head = head_length(exchange.request);
  nlohmann::json request = {{"head", exchange.request.substr(0, head)}};
  put_body(request, exchange.request.substr(head));
  nlohmann::json json = {{"t_s", static_cast<double>(exchange.ended_ns) * 1e-9},
                         {"kind", exchange.kind},
                         {"outcome", word(exchange.outcome)},
                         {"flow", exchange.flow},
                         {"flow_number", exchange.flow_number},
                         {"step", exchange.step},
                         {"origin", exchange.origin},
                         {"redirects", exchange.hop},
                         {"sent", exchange.sent},
                         {"response_ms", ms(exchange.ended_ns - exchange.planned_ns)},
                         {"request", std::move(request)},
                         {"answer", nullptr}};
  if (exchange.answered) {
    nlohmann::json answer = {{"status", exchange.status}, {"header", exchange.header_lines}};
    put_body(answer, exchange.body);
    json["answer"] = std::move(answer);
  }
  if (exchange.cut) json["cut"] = true;
  return json;
}

std::string to_text(const Exchange& exchange) {
  std::string text;
  const Out out(text);
  fmt::format_to(out, "--- {} / {}{} to {}\n", exchange.flow, exchange.step,
                 exchange.hop == 0 ? "" : fmt::format(", redirect {}", exchange.hop), exchange.origin);
  const std::size_t head = head_length(exchange.request);
  marked(out, '>', std::string_view(exchange.request).substr(0, head));
  marked(out, '>', shown(exchange.request.substr(head)));
  if (exchange.answered) {
    fmt::format_to(out, "< {}\n", exchange.status);
    marked(out, '<', exchange.header_lines);
    fmt::format_to(out, "<\n");
    marked(out, '<', shown(exchange.body));
    if (exchange.cut) fmt::format_to(out, "  (cut at 64 KiB)\n");
  }
  for (const auto& [name, value] : exchange.captured) fmt::format_to(out, "  captured {} = {}\n", name, value);
  for (const auto& check : exchange.checks) {
    fmt::format_to(out, "  check    {}: {}\n", check.text, check.held ? "held" : "FAILED");
  }
  fmt::format_to(out, "  {}{} in {:.3f} ms{}\n", word(exchange.outcome),
                 exchange.kind.empty() ? "" : " (" + exchange.kind + ")", ms(exchange.ended_ns - exchange.planned_ns),
                 exchange.sent
                     ? fmt::format(", {:.3f} ms of them after the send", ms(exchange.ended_ns - exchange.sent_ns))
                     : ", never sent");
  return text;
}

}  // namespace tidemark::drive
