#include "engine/record/record_lines.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "engine/core/summary_json.h"

namespace tidemark::record {
namespace {

tl::unexpected<Error> malformed(std::string_view place, std::string what) {
  return fail(ExitCode::partial_record, std::string(place), std::move(what));
}

std::string format_clock(std::string_view name, const Histogram& histogram) {
  const Quantiles q = quantiles_of(histogram);
  return fmt::format(R"(,"{}_us":{{"count":{},"p50":{},"p90":{},"p95":{},"p99":{},"p999":{},"max":{},"mean":{}}})",
                     name, q.count, q.p50, q.p90, q.p95, q.p99, q.p999, q.max, q.mean);
}

// A finite number that fills the whole field.
bool parse_number(std::string_view field, double& out) {
  const auto [end, status] = std::from_chars(field.data(), field.data() + field.size(), out);
  return status == std::errc() && end == field.data() + field.size() && std::isfinite(out);
}

}  // namespace

std::string format_json_line(const nlohmann::json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::string format_intervals_header(std::int64_t wall_ns) {
  return fmt::format(
      "#[Histogram log format version 1.3]\n"
      "#[Values are microseconds; Interval_Max is in milliseconds]\n"
      "#[StartTime: {0}.{1:03} (seconds since epoch)]\n"
      "#[BaseTime: {0}.{1:03} (seconds since epoch)]\n"
      "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"\n",
      wall_ns / 1'000'000'000, wall_ns / 1'000'000 % 1000);
}

std::string format_interval(double start_s, double length_s, const StepInterval& step) {
  std::string lines;
  const std::array<const Histogram*, kClocks.size()> histograms = {&step.response, &step.service, &step.lag};
  for (std::size_t i = 0; i < kClocks.size(); ++i) {
    lines += fmt::format("Tag={},{},{},{:.3f},{}\n", interval_tag(kClocks[i], step.step), start_s, length_s,
                         static_cast<double>(histograms[i]->max()) / 1000, histograms[i]->encode());
  }
  return lines;
}

std::string format_series(double start_s, const StepInterval& step, const FlowBook* flows) {
  const RequestBook& book = step.requests;
  std::string line =
      fmt::format(R"({{"t_s":{},"step":{})", start_s,
                  nlohmann::json(step.step).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  if (flows != nullptr) {
    line += fmt::format(R"(,"flows":{{"planned":{},"completed":{},"aborted":{},"dropped":{},"in_flight":{}}})",
                        flows->planned, flows->completed, flows->aborted, flows->dropped, flows->in_flight);
  }
  line += fmt::format(R"(,"requests":{{"started":{},"ok":{},"failed":{},"timed_out":{},"in_flight":{}}})", book.started,
                      book.ok, book.failed, book.timed_out, book.in_flight);
  return line + format_clock("response", step.response) + format_clock("service", step.service) +
         format_clock("lag", step.lag) + "}\n";
}

std::string format_event(double t_s, const std::string& kind, const nlohmann::json& fields) {
  return format_json_line({{"t_s", t_s}, {"kind", kind}, {"fields", fields}});
}

Result<IntervalLine> parse_interval(std::string_view line, std::string_view place) {
  constexpr std::string_view kTag = "Tag=";
  if (!line.starts_with(kTag)) return malformed(place, "a histogram line without a tag");
  std::array<std::string_view, 4> fields;
  std::string_view rest = line.substr(kTag.size());
  for (std::string_view& field : fields) {
    const std::size_t comma = rest.find(',');
    if (comma == std::string_view::npos) return malformed(place, "a histogram line of fewer than five fields");
    field = rest.substr(0, comma);
    rest.remove_prefix(comma + 1);
  }
  const auto tag = parse_interval_tag(fields[0]);
  if (!tag) return malformed(place, fmt::format("tag {} is not one of ours", fields[0]));
  double start_s = 0, length_s = 0, max_ms = 0;
  if (!parse_number(fields[1], start_s)) return malformed(place, "the start is not a number");
  if (!parse_number(fields[2], length_s)) return malformed(place, "the length is not a number");
  if (!parse_number(fields[3], max_ms)) return malformed(place, "the maximum is not a number");
  auto histogram = Histogram::decode(rest, place);
  if (!histogram) return tl::make_unexpected(histogram.error());
  return IntervalLine{*tag, start_s, length_s, std::move(*histogram)};
}

Result<SeriesPoint> parse_series(const nlohmann::json& json, std::string_view place) {
  SeriesPoint point;
  JsonFields fields(json, place);
  fields.number("t_s", point.t_s);
  fields.text("step", point.step);
  if (point.step.empty()) fields.object("flows", [&](JsonFields& inner) { read_flows(inner, point.flows); });
  fields.object("requests", [&](JsonFields& inner) { read_requests(inner, point.requests); });
  read_clocks(fields, point.clocks);
  if (fields.error()) return tl::make_unexpected(*fields.error());
  return point;
}

Result<EventRecord> parse_event(const nlohmann::json& json, std::string_view place) {
  EventRecord event;
  JsonFields fields(json, place);
  fields.number("t_s", event.t_s);
  fields.text("kind", event.kind);
  fields.object("fields", [&](JsonFields&) { event.fields = json.at("fields"); });
  if (fields.error()) return tl::make_unexpected(*fields.error());
  return event;
}

}  // namespace tidemark::record
