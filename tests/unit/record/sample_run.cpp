#include "tests/unit/record/sample_run.h"

#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "tests/unit/core/sample_values.h"

namespace tidemark::record {

using nlohmann::json;

TempDir::TempDir() {
  // Memory where there is some: these tests sync thousands of small files.
  const std::filesystem::path memory = "/dev/shm";
  const auto parent = ::access(memory.c_str(), W_OK) == 0 ? memory : std::filesystem::temp_directory_path();
  std::string name = (parent / "tidemark-record-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
  path_ = name;
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

json sample_manifest() {
  return {{"schema", "tidemark.manifest/1"},
          {"run_id", "00112233445566aa"},
          {"kind", "run"},
          {"seed", 42},
          {"tidemark_version", "0.1.0"},
          {"started_at", "2026-01-02T03:04:05Z"},
          {"clock", {{"monotonic_ns", 123}, {"wall_ns", 1'767'323'045'123'000'000}}},
          {"host", {{"name", "test"}, {"cores", 2}, {"kernel", "6.1"}}},
          {"scenario", {{"name", "sample"}}},
          {"steps", sample_steps()}};
}

const std::vector<std::string>& sample_steps() {
  static const std::vector<std::string> steps = {"browse/list, 100 %", "total"};
  return steps;
}

void merge_clocks(StepInterval& into, const StepInterval& from) {
  into.response.add(from.response);
  into.service.add(from.service);
  into.lag.add(from.lag);
}

void SampleLoad::fill(StepInterval& step, std::uint64_t& in_flight) {
  RequestBook& book = step.requests;
  book.started = random_.below(20);
  std::uint64_t ended = random_.below(book.started + in_flight + 1);
  in_flight += book.started - ended;
  book.in_flight = in_flight;
  for (; ended > 0; --ended) {
    const std::uint64_t kind = random_.below(10);
    ++(kind == 0 ? book.failed : kind == 1 ? book.timed_out : book.ok);
    const auto service = static_cast<std::int64_t>(random_.lognormal(5000, 1));
    const auto lag = static_cast<std::int64_t>(random_.exponential(50));
    step.service.record(service);
    step.lag.record(lag);
    step.response.record(service + lag);
  }
}

Second SampleLoad::next() {
  Second second;
  second.interval.start_s = index_++;
  in_flight_.resize(sample_steps().size());
  RequestBook& total = second.interval.total.requests;
  for (std::size_t i = 0; i < in_flight_.size(); ++i) {
    StepInterval& step = second.steps.emplace_back();
    step.step = sample_steps()[i];
    fill(step, in_flight_[i]);
    total.started += step.requests.started;
    total.ok += step.requests.ok;
    total.failed += step.requests.failed;
    total.timed_out += step.requests.timed_out;
    total.in_flight += step.requests.in_flight;
    merge_clocks(second.interval.total, step);
  }
  FlowBook& flows = second.interval.flows;
  flows.planned = random_.below(10);
  flows.completed = random_.below(flows.planned + flows_in_flight_ + 1);
  flows_in_flight_ += flows.planned - flows.completed;
  flows.in_flight = flows_in_flight_;
  return second;
}

Summary write_seconds(RunWriter& writer, int seconds, std::uint64_t seed, int window) {
  SampleLoad load(seed);
  std::vector<StepInterval> open(sample_steps().size());
  for (int t = 0; t < seconds; ++t) {
    const Second second = load.next();
    writer.second(second.interval, second.steps);
    for (std::size_t i = 0; i < open.size(); ++i) {
      open[i].step = second.steps[i].step;
      merge_clocks(open[i], second.steps[i]);
    }
    if ((t + 1) % window == 0 || t + 1 == seconds) {
      const int length = t % window + 1;
      writer.window(t + 1 - length, length, open);
      open.assign(open.size(), StepInterval{});
    }
    WatermarkSample sample = sample_watermark();
    sample.t_s = t;
    sample.completed += static_cast<std::uint64_t>(t);
    writer.watermark(sample);
    Span span = sample_span();
    span.timestamp_us += t;
    writer.span(span);
    writer.event(t, "stage", {{"index", t}, {"note", "line\nbreak"}});
    writer.failure({{"t_s", t}, {"kind", "status 500"}, {"answer", {{"body", "line\nbreak \xff"}}}});
    if (!writer.seal()) break;
  }
  Summary summary = sample_summary();
  summary.duration_s = seconds;
  return summary;
}

namespace {

bool same(const Quantiles& a, const Quantiles& b) {
  return a.count == b.count && a.p50 == b.p50 && a.p90 == b.p90 && a.p95 == b.p95 && a.p99 == b.p99 &&
         a.p999 == b.p999 && a.max == b.max && a.mean == b.mean;
}

bool same(const RequestBook& a, const RequestBook& b) {
  return a.started == b.started && a.ok == b.ok && a.failed == b.failed && a.timed_out == b.timed_out &&
         a.in_flight == b.in_flight;
}

bool same(const FlowBook& a, const FlowBook& b) {
  return a.planned == b.planned && a.completed == b.completed && a.aborted == b.aborted && a.dropped == b.dropped &&
         a.in_flight == b.in_flight;
}

bool same(const SeriesPoint& a, const SeriesPoint& b) {
  return a.t_s == b.t_s && a.step == b.step && same(a.flows, b.flows) && same(a.requests, b.requests) &&
         same(a.clocks.response_us, b.clocks.response_us) && same(a.clocks.service_us, b.clocks.service_us) &&
         same(a.clocks.lag_us, b.clocks.lag_us);
}

bool same(const WindowRecord& a, const WindowRecord& b) {
  return a.start_s == b.start_s && a.length_s == b.length_s && a.step == b.step && a.response == b.response &&
         a.service == b.service && a.lag == b.lag;
}

bool same(const WatermarkSample& a, const WatermarkSample& b) {
  return json(a) == json(b);
}

bool same(const EventRecord& a, const EventRecord& b) {
  return a.t_s == b.t_s && a.kind == b.kind && a.fields == b.fields;
}

template <class T>
bool is_prefix(const std::vector<T>& part, const std::vector<T>& whole) {
  if (part.size() > whole.size()) return false;
  for (std::size_t i = 0; i < part.size(); ++i) {
    if (!same(part[i], whole[i])) return false;
  }
  return true;
}

}  // namespace

std::string what_is_no_prefix(const RunRecord& part, const RunRecord& whole) {
  if (part.manifest != whole.manifest) return "manifest";
  if (!is_prefix(part.series, whole.series)) return "series";
  if (!is_prefix(part.windows, whole.windows)) return "windows";
  if (!is_prefix(part.seconds, whole.seconds)) return "seconds";
  if (!is_prefix(part.watermarks, whole.watermarks)) return "watermarks";
  if (!is_prefix(part.events, whole.events)) return "events";
  if (part.stored_summary && json(*part.stored_summary) != json(*whole.stored_summary)) return "stored summary";
  return "";
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void write_file(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

}  // namespace tidemark::record
