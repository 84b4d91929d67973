#include "tests/unit/reports/sample_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/core/random.h"

namespace tidemark::report::sample {
namespace {

struct Service {
  const char* name;
  std::uint32_t nodes, workers;
  double busy, cpu, hold_ms;
};
constexpr Service kServices[] = {{"gateway", 1, 32, 0.31, 0.28, 2.1},
                                 {"product", 2, 8, 0.83, 0.34, 9.6},
                                 {"order", 1, 16, 0.57, 0.21, 13.4},
                                 {"payment", 1, 16, 0.44, 0.12, 18.0},
                                 {"store", 1, 12, 0.38, 0.41, 1.7}};
constexpr double kRate = 612;

// A level that drifts around its mean, with a swell in the last third.
double swell(Random& random, double t, double length) {
  const double share = t / length;
  return 1 + 0.08 * random.normal() + (share > 0.66 && share < 0.75 ? 0.16 : 0) + 0.03 * std::sin(t / 5);
}

void fill(Histogram& histogram, Random& random, int requests, double mean_us, double cv) {
  for (int i = 0; i < requests; ++i) histogram.record(static_cast<std::int64_t>(random.lognormal(mean_us, cv)));
}

ThreeClocks clocks_of(const Histogram& response, const Histogram& service, const Histogram& lag) {
  return {quantiles_of(response), quantiles_of(service), quantiles_of(lag)};
}

struct StepShape {
  std::string name;
  double share, mean_us, cv;
};

// Series, windows and totals of a run over `length` seconds; `sampled` requests stand for one second of a step.
void add_load(ReportInput& input, const std::vector<StepShape>& steps, double rate, int length, int sampled) {
  Random random(7, "report/load");
  record::RunRecord& run = input.run;
  Summary summary;
  Histogram all_response, all_service, all_lag;
  std::vector<Histogram> by_step(steps.size());
  for (int t = 0; t < length; ++t) {
    const double level = swell(random, t, length);
    const auto flows = static_cast<std::uint64_t>(rate * (1 + 0.04 * random.normal()));
    record::SeriesPoint total{.t_s = static_cast<double>(t)};
    total.flows = {.planned = flows, .completed = flows, .aborted = 0, .dropped = 0, .in_flight = 0};
    record::WindowRecord second{.start_s = static_cast<double>(t), .length_s = 1};
    for (std::size_t i = 0; i < steps.size(); ++i) {
      Histogram response, lag;
      fill(response, random, sampled, steps[i].mean_us * level, steps[i].cv);
      fill(lag, random, sampled, 90, 0.6);
      const auto started = static_cast<std::uint64_t>(static_cast<double>(flows) * steps[i].share);
      const std::uint64_t failed = i == 1 && t % 9 == 4 ? 1 : 0;
      record::SeriesPoint point{.t_s = total.t_s, .step = steps[i].name};
      point.requests = {.started = started, .ok = started - failed, .failed = failed};
      point.clocks = clocks_of(response, response, lag);
      auto& book = summary.by_step[steps[i].name].requests;
      for (RequestBook* sum : {&book, &total.requests, &summary.requests}) {
        sum->started += started, sum->ok += started - failed, sum->failed += failed;
      }
      by_step[i].add(response);
      second.response.add(response);
      second.service.add(response);
      second.lag.add(lag);
      run.series.push_back(std::move(point));
    }
    total.clocks = clocks_of(second.response, second.service, second.lag);
    all_response.add(second.response), all_service.add(second.service), all_lag.add(second.lag);
    summary.flows.planned += flows, summary.flows.completed += flows;
    run.series.push_back(std::move(total));
    run.seconds.push_back(std::move(second));
  }
  for (std::size_t i = 0; i < steps.size(); ++i)
    summary.by_step[steps[i].name].clocks = clocks_of(by_step[i], by_step[i], all_lag);
  summary.clocks = clocks_of(all_response, all_service, all_lag);
  summary.duration_s = length;
  summary.offered_rate = static_cast<double>(summary.requests.started) / length;
  summary.achieved_rate = static_cast<double>(summary.requests.ok) / length;
  summary.run_id = "5f1a09c27be34d18";
  run.stored_summary = std::move(summary);
}

void add_node(ReportInput& input, const std::string& node, const Service& service, int length) {
  Random random(11, "report/" + node);
  WatermarkSample sample{.node = node, .service = service.name, .workers = service.workers};
  NodeSummary mark{.service = service.name};
  for (int t = 0; t <= length; ++t) {
    sample.t_s = t;
    const double busy = t == 0 ? 0 : std::clamp(service.busy * swell(random, t, length), 0.0, 0.98);
    const double cpu = t == 0 ? 0 : std::max(0.01, service.cpu * swell(random, t, length));
    sample.queued_max = busy > 0.85 ? static_cast<std::uint32_t>(40 * (busy - 0.8) + 3 * random.uniform()) : 0;
    sample.busy_seconds += busy * service.workers;
    sample.cpu_seconds += cpu;
    sample.completed += 300;
    sample.missed = node == "payment-1" && t == 31;
    if (busy > mark.busy_share_max) mark.busy_share_max = busy, mark.busy_share_max_t_s = t;
    mark.cpu_share_max = std::max(mark.cpu_share_max, cpu);
    mark.queued_max = std::max(mark.queued_max, sample.queued_max);
    mark.missed_samples += sample.missed ? 1 : 0;
    input.run.watermarks.push_back(sample);
  }
  if (mark.busy_share_max > 0.95) mark.saturated_at_s = 0.69 * length, mark.saturated_by = "workers";
  input.run.stored_summary->nodes[node] = mark;
}

void add_nodes(ReportInput& input, int length) {
  for (const Service& service : kServices) {
    for (std::uint32_t n = 1; n <= service.nodes; ++n)
      add_node(input, fmt::format("{}-{}", service.name, n), service, length);
  }
  for (const auto& [node, mark] : input.run.stored_summary->nodes) {
    if (mark.saturated_at_s >= 0 && input.run.stored_summary->first_saturated.empty())
      input.run.stored_summary->first_saturated = node + " workers";
  }
}

void add_spans(ReportInput& input) {
  struct Call {
    const char* from;
    const char* to;
    int of_ten;
  };
  constexpr Call calls[] = {{"gateway", "product", 8}, {"gateway", "order", 2}, {"product", "store", 3},
                            {"order", "payment", 2},   {"order", "store", 2},   {"payment", "store", 1}};
  for (int trace = 0; trace < 200; ++trace) {
    const std::string id = fmt::format("{:032x}", trace + 1);
    input.spans.push_back({.trace_id = id,
                           .id = "gateway",
                           .name = "GET /",
                           .kind = "SERVER",
                           .service = "gateway",
                           .node = "gateway-1",
                           .timestamp_us = trace,
                           .duration_us = 900});
    for (const Call& call : calls) {
      const bool browse = trace % 10 < 8;
      const bool on_path = std::string(call.to) == "product" || std::string(call.from) == "product" ? browse : !browse;
      if (!on_path || (trace / 10) % 10 >= call.of_ten * 3) continue;
      input.spans.push_back({.trace_id = id,
                             .id = call.to,
                             .parent_id = call.from,
                             .name = "call",
                             .kind = "SERVER",
                             .service = call.to,
                             .timestamp_us = trace,
                             .duration_us = 400});
    }
  }
}

capacity::ServiceModel service_model(const Service& service) {
  Random random(13, std::string("report/model/") + service.name);
  capacity::ServiceModel model{.service = service.name, .workers = service.workers};
  const double full = service.workers / (service.hold_ms / 1000);
  for (std::uint32_t nodes = 1; nodes <= 3; ++nodes) {
    for (int stage = 0; stage < 5; ++stage) {
      const double share = 0.2 + 0.17 * stage + 0.03 * random.normal();
      const double busy = share * service.workers,
                   wait = share > 0.75 ? service.workers * std::pow(share, 9) * 0.6 : 0.02;
      model.points.push_back({.run_id = fmt::format("cal-{}", nodes),
                              .stage = stage,
                              .nodes = nodes,
                              .flow_rate = full * share * nodes,
                              .rate_per_node = full * share * (1 + 0.015 * random.normal()),
                              .busy_per_node = busy,
                              .wait_per_node = wait,
                              .cpu_per_node = service.cpu * share,
                              .hold_s = service.hold_ms / 1000,
                              .saturated = share > 0.85});
    }
  }
  const double hold = service.hold_ms / 1000, slots = service.workers;
  model.fits = {{.law = "pool-limited",
                 .parameters = {{"hold_s", {hold, hold * 0.97, hold * 1.03}}, {"workers", {slots, slots, slots}}},
                 .residual_se = full * 0.012,
                 .aicc = 81.2,
                 .points = 15,
                 .usable = true},
                {.law = "usl",
                 .parameters = {{"lambda", {1 / hold, 0.96 / hold, 1.04 / hold}},
                                {"sigma", {0.012, 0.004, 0.02}},
                                {"kappa", {0, 0, 0.0004}}},
                 .residual_se = full * 0.031,
                 .aicc = 97.5,
                 .points = 15,
                 .usable = true,
                 .note = "kappa on its bound"},
                {.law = "linear",
                 .parameters = {{"lambda", {0.9 / hold, 0.8 / hold, 1.0 / hold}}},
                 .residual_se = full * 0.09,
                 .aicc = 121.0,
                 .points = 15,
                 .usable = true}};
  model.chosen = "pool-limited";
  model.reason = "Pool-limited: lowest AICc by 16.3, and the watermark says the workers filled first.";
  model.hold_s = {hold, hold * 0.97, hold * 1.03};
  model.hold_cv = 0.72;
  model.capacity_per_node = {full, full * 0.97, full * 1.03};
  model.scales_out = std::string(service.name) != "store";
  return model;
}

capacity::CapacityModel model() {
  capacity::CapacityModel out{.run_ids = {"cal-1", "cal-2", "cal-3"}, .mix = {{"browse", 0.8}, {"buy", 0.2}}};
  for (const Service& service : kServices) {
    out.services[service.name] = service_model(service);
    for (const auto& [flow, visits] :
         {std::pair{"browse",
                    service.name == std::string("order") || service.name == std::string("payment") ? 0.0 : 1.0},
          std::pair{"buy", service.name == std::string("product") ? 0.0 : 1.4}}) {
      const double busy = visits * service.hold_ms / 1000;
      out.demand[flow][service.name] = {
          .visits = visits, .busy_s = {busy, busy * 0.97, busy * 1.03}, .cpu_s = {busy / 9, busy / 9.4, busy / 8.6}};
    }
  }
  return out;
}

capacity::Plan plan() {
  capacity::Plan out{.request = {.rate = kRate, .mix = {{"browse", 0.8}, {"buy", 0.2}}, .slo = {}, .headroom = 0.2}};
  for (const Service& service : kServices) {
    auto& entry = out.services[service.name];
    entry = {.nodes_before_headroom = service.nodes,
             .nodes = service.nodes + (service.busy > 0.5 ? 1 : 0),
             .requests_per_second = kRate * service.busy,
             .busy_share = service.busy,
             .reason = fmt::format("{:.0f} % busy at {} before headroom, {:.0f} % at the rate with headroom.",
                                   service.busy * 100, service.nodes, service.busy * 120)};
  }
  out.bottleneck = "product";
  out.predicted = {{.step = "browse",
                    .quantile_us = {61'200, 58'000, 64'900},
                    .p50_us = 19'400,
                    .p95_us = 44'000,
                    .p99_us = 61'200,
                    .holds = true},
                   {.step = "buy",
                    .quantile_us = {69'000, 65'100, 73'300},
                    .p50_us = 31'000,
                    .p95_us = 54'300,
                    .p99_us = 69'000,
                    .holds = true}};
  out.predicted_less = {{.step = "browse",
                         .quantile_us = {131'000, 118'000, 149'000},
                         .p50_us = 34'400,
                         .p95_us = 96'000,
                         .p99_us = 131'000,
                         .holds = false},
                        {.step = "buy",
                         .quantile_us = {72'000, 67'000, 77'000},
                         .p50_us = 31'500,
                         .p95_us = 55'800,
                         .p99_us = 72'000,
                         .holds = true}};
  out.limits = {{"gateway", {734, 73}}};
  out.model_run_ids = {"cal-1", "cal-2", "cal-3"};
  out.notes = {"store is shared: at 1.9 times the target it would be the next to fill."};
  return out;
}

std::vector<capacity::Verification> verifications() {
  return {{.run_id = "5f1a09c27be34d18",
           .nodes = {{"gateway", 1}, {"order", 1}, {"payment", 1}, {"product", 2}, {"store", 1}},
           .rate = kRate,
           .achieved_rate = 611.6,
           .steps = {{"browse", 61'200, {58'300, 56'600, 60'400}, -0.047, "held"},
                     {"buy", 69'000, {71'200, 68'900, 74'000}, 0.032, "held"}},
           .verdict = "pass"},
          {.run_id = "c02b7e5514fd9a60",
           .nodes = {{"gateway", 1}, {"order", 1}, {"payment", 1}, {"product", 1}, {"store", 1}},
           .rate = kRate,
           .achieved_rate = 609.2,
           .one_less = true,
           .steps = {{"browse", 131'000, {124'000, 117'000, 133'000}, -0.053, "missed"},
                     {"buy", 72'000, {74'800, 71'300, 78'900}, 0.039, "held"}},
           .verdict = "pass"}};
}

nlohmann::json manifest() {
  return {{"schema", "tidemark.run/1"},
          {"run_id", "5f1a09c27be34d18"},
          {"kind", "verify"},
          {"seed", 42},
          {"tidemark_version", "0.1.0"},
          {"started_at", "2026-11-22T21:15:00Z"},
          {"scenario",
           {{"name", "shop sale"},
            {"target", "http://127.0.0.1:8080"},
            {"timeout_s", 30},
            {"flows", {{{"name", "browse"}, {"weight", 8}}, {{"name", "buy"}, {"weight", 2}}}}}},
          {"host", {{"name", "rehearsal-1"}, {"cores", 2}, {"kernel", "Linux 6.1.0"}}}};
}

}  // namespace

ReportInput rehearsal() {
  ReportInput input;
  input.title = "Capacity report: shop sale";
  input.run.manifest = manifest();
  add_load(input, {{"browse", 0.8, 22'000, 0.62}, {"buy", 0.2, 33'000, 0.45}}, kRate, 60, 80);
  add_nodes(input, 60);
  Summary& s = *input.run.stored_summary;
  s.thresholds = {{"response.p99 < 86ms", 86'000, s.clocks.response_us.p99, s.clocks.response_us.p99 * 0.97,
                   s.clocks.response_us.p99 * 1.04, "pass"},
                  {"failed_ratio < 0.001", 0.001, 0.00019, 0.00011, 0.0003, "pass"}};
  s.errors = {{"status 503 at buy", 5}, {"connection reset", 1}, {"check failed: $.total", 1}};
  s.audited = true;
  input.run.events = {{20, "stage", {}}, {40, "stage", {}}};
  input.model = model();
  input.plan = plan();
  input.verifications = verifications();
  add_spans(input);
  return input;
}

ReportInput killed_rehearsal() {
  ReportInput input = rehearsal();
  const auto late = [](const auto& entry) { return entry.t_s >= 23; };
  std::erase_if(input.run.series, late);
  std::erase_if(input.run.watermarks, late);
  std::erase_if(input.run.seconds, [](const auto& window) { return window.start_s >= 23; });
  input.run.stored_summary.reset();
  input.run.partial = true;
  input.run.damage = {"series.ndjson: 41 bytes from offset 12,204 fail their checksum", "summary.json: absent"};
  return input;
}

ReportInput bare_run() {
  ReportInput input = rehearsal();
  input.title = "Run against one server";
  input.model.reset(), input.plan.reset();
  input.verifications.clear(), input.spans.clear(), input.run.watermarks.clear();
  Summary& s = *input.run.stored_summary;
  s.nodes.clear(), s.errors.clear(), s.first_saturated.clear();
  s.audited = false;
  s.thresholds[0].limit = 40'000, s.thresholds[0].verdict = "fail", s.thresholds[0].expression = "response.p99 < 40ms";
  s.verdict = "fail";
  return input;
}

ReportInput long_run() {
  ReportInput input = rehearsal();
  input.run.series.clear(), input.run.seconds.clear(), input.run.watermarks.clear();
  std::vector<StepShape> steps;
  for (int i = 0; i < 50; ++i)
    steps.push_back({fmt::format("GET /api/v2/endpoint-{:02}", i), 0.02, 9'000.0 + 700 * i, 0.6});
  add_load(input, steps, 5'000, 3'600, 2);
  for (int n = 1; n <= 30; ++n) add_node(input, fmt::format("node-{}", n), kServices[n % 5], 3'600);
  return input;
}

const std::vector<std::string>& hostile_strings() {
  static const std::vector<std::string> strings = [] {
    std::vector<std::string> list = {"<script>alert(1)</script>",
                                     "</script><script>alert(2)</script>",
                                     "<img src=x onerror=alert(3)>",
                                     "\"><svg onload=alert(4)>",
                                     "'><img src=http://127.0.0.1:9/x>",
                                     "javascript:alert(5)",
                                     "<iframe src=\"javascript:alert(6)\"></iframe>",
                                     "<!--<script>alert(7)</script>",
                                     "--><script>alert(8)</script>",
                                     "]]><script>alert(9)</script>",
                                     "<a href=\"javascript:alert(10)\">click</a>",
                                     "&lt;script&gt;alert(11)&lt;/script&gt;",
                                     "&#60;script&#62;alert(12)",
                                     "&amp;amp;",
                                     "<style>*{display:none}</style>",
                                     "</style><script>alert(13)</script>",
                                     "<base href=\"http://evil.invalid/\">",
                                     "<meta http-equiv=refresh content=\"0;url=http://evil.invalid\">",
                                     "<link rel=stylesheet href=//evil.invalid>",
                                     "<object data=data:text/html,<script>alert(14)</script>>",
                                     "<form action=http://evil.invalid><input type=submit autofocus>",
                                     "<details open ontoggle=alert(15)>",
                                     "<video src=x onerror=alert(16)>",
                                     "<math><mtext></table><img src=x onerror=alert(17)>",
                                     "</title><script>alert(18)</script>",
                                     "</textarea><script>alert(19)</script>",
                                     "{{constructor.constructor('alert(20)')()}}",
                                     "${alert(21)}",
                                     "#{alert(22)}",
                                     "`+alert(23)+`",
                                     "\\\"};alert(24);//",
                                     "\\u003cscript\\u003ealert(25)",
                                     "\\x3cscript\\x3e",
                                     "%3Cscript%3Ealert(26)%3C/script%3E",
                                     "\xE2\x80\xA8"
                                     "alert(27)//",
                                     "\xE2\x80\xA9"
                                     "alert(28)//",
                                     "\xE2\x80\xAE"
                                     "txt.exe",
                                     "\xE2\x81\xA6isolate",
                                     "\xEF\xBB\xBF"
                                     "bom",
                                     "zero\xE2\x80\x8Bwidth",
                                     "{a|rich} {b|text}",
                                     "__proto__",
                                     "constructor",
                                     "toString",
                                     "hasOwnProperty",
                                     "../../../../etc/passwd",
                                     "C:\\Windows\\System32",
                                     "line\nbreak",
                                     "tab\there",
                                     "carriage\rreturn",
                                     "  leading and trailing  ",
                                     "\"quoted\" 'twice' `thrice`",
                                     "emoji \xF0\x9F\x9A\x80 rocket",
                                     "\xD8\xB9\xD8\xB1\xD8\xA8\xD9\x8A",
                                     "\xE4\xB8\xAD\xE6\x96\x87",
                                     "a=\"1\" onmouseover=alert(29) b=\"2\"",
                                     "<plaintext>",
                                     "<noscript><p title=\"</noscript><img src=x onerror=alert(30)>\">",
                                     "=cmd|' /C calc'!A0"};
    list.push_back(std::string(256, 'W'));
    return list;
  }();
  return strings;
}

ReportInput hostile_rehearsal() {
  ReportInput input = rehearsal();
  std::size_t next = 0;
  const auto hostile = [&next] { return hostile_strings()[next++ % hostile_strings().size()]; };
  Summary& s = *input.run.stored_summary;
  // Every string once as an error kind, where the page shows it whole; then every kind of name takes its turn.
  s.errors.clear();
  for (const std::string& text : hostile_strings()) s.errors[text] = s.errors.size() + 1;
  const auto step_names = std::pair{hostile(), hostile()};
  const auto renamed = [&step_names](const std::string& step) {
    return step.empty() ? step : step == "browse" ? step_names.first : step_names.second;
  };
  decltype(s.by_step) steps;
  for (auto& [step, entry] : s.by_step) steps[renamed(step)] = entry;
  s.by_step = steps;
  for (auto& point : input.run.series) point.step = renamed(point.step);
  std::map<std::string, std::string> services;
  for (const Service& service : kServices) services[service.name] = hostile();
  decltype(s.nodes) nodes;
  for (auto& [node, mark] : s.nodes)
    mark.service = services[mark.service], mark.saturated_by = hostile(), nodes[hostile() + node] = mark;
  s.nodes = nodes;
  for (auto& sample : input.run.watermarks) sample.service = services[sample.service];
  for (auto& span : input.spans) span.service = services[span.service];
  decltype(input.model->services) models;
  for (auto& [service, entry] : input.model->services)
    entry.service = services[service], entry.reason = hostile(), models[services[service]] = entry;
  input.model->services = models;
  decltype(input.plan->services) planned;
  for (auto& [service, entry] : input.plan->services) entry.reason = hostile(), planned[services[service]] = entry;
  input.plan->services = planned;
  input.plan->bottleneck = services["product"];
  for (auto& step : input.plan->predicted) step.step = hostile();
  for (auto& verification : input.verifications) {
    for (auto& step : verification.steps) step.step = hostile();
    verification.notes = {hostile()};
  }
  for (auto& threshold : s.thresholds) threshold.expression = hostile();
  s.leaks = {{hostile(), hostile()}, {hostile(), hostile()}};
  s.stop_reason = hostile(), s.first_saturated = hostile();
  s.validity_reasons = {hostile(), hostile()};
  s.run_id = hostile();
  input.run.damage = {hostile(), hostile()};
  input.run.partial = true;
  input.title = hostile();
  input.run.manifest["host"]["name"] = hostile();
  input.run.manifest["scenario"]["target"] = hostile();
  input.run.manifest[hostile()] = hostile();
  return input;
}

}  // namespace tidemark::report::sample
