// Recorded offsets: a file that says, line by line, when flows start.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <iterator>
#include <map>
#include <utility>

#include "engine/schedule/arrival_kinds.h"
#include "engine/schedule/offset_file.h"
#include "engine/schedule/value_reader.h"

namespace tidemark::schedule {
namespace {

constexpr std::size_t kMostOffsets = 50'000'000;
constexpr std::uintmax_t kMostBytes = 1ULL << 31;
constexpr std::size_t kMostProblems = 20;
constexpr std::int64_t kLongestNs = std::int64_t{30} * 24 * 3600 * 1'000'000'000;

std::string_view trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

// Seconds as a decimal number, exactly to the nanosecond; or a duration with its unit.
std::optional<Nanos> offset_of(std::string_view text) {
  const bool plain = !text.empty() && text.find_first_not_of("0123456789.") == std::string_view::npos;
  if (!plain) return parse_duration(text);
  const std::size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  std::string_view part = point == std::string_view::npos ? std::string_view() : text.substr(point + 1);
  if (part.find('.') != std::string_view::npos || (whole.empty() && part.empty())) return std::nullopt;
  std::int64_t seconds = 0, nanos = 0;
  if (!whole.empty()) {
    const auto read = std::from_chars(whole.data(), whole.data() + whole.size(), seconds);
    if (read.ec != std::errc{} || seconds > kLongestNs / 1'000'000'000) return std::nullopt;
  }
  part = part.substr(0, 9);
  for (std::size_t i = 0; i < 9; ++i) nanos = nanos * 10 + (i < part.size() ? part[i] - '0' : 0);
  return Nanos(seconds * 1'000'000'000 + nanos);
}

class OffsetArrivals : public ArrivalStream {
 public:
  OffsetArrivals(std::vector<Arrival> arrivals, std::vector<std::string> notes)
      : arrivals_(std::move(arrivals)), notes_(std::move(notes)) {}

  std::optional<Arrival> next() override {
    if (position_ == arrivals_.size()) return std::nullopt;
    return arrivals_[position_++];
  }
  double expected_before(Nanos offset) const override {
    return static_cast<double>(arrivals_before(arrivals_, offset));
  }
  double expected_count() const override { return static_cast<double>(arrivals_.size()); }
  std::vector<StageMark> stages() const override {
    // Offsets of one instant still have a length to divide by.
    const Nanos end = std::max<Nanos>(arrivals_.back().offset, std::chrono::milliseconds(1));
    return {{Nanos{}, end, Rate::per_second(expected_count() / to_seconds(end))}};
  }
  std::vector<std::string> notes() const override { return notes_; }

 private:
  std::vector<Arrival> arrivals_;
  std::vector<std::string> notes_;
  std::size_t position_ = 0;
};

}  // namespace

Result<OffsetFile> parse_offsets(std::string_view text, const std::string& name,
                                 const std::vector<std::string>& flows) {
  OffsetFile file;
  std::vector<std::string> problems;
  std::uint64_t line = 0, untold = 0;
  const auto problem = [&](const std::string& what) {
    if (problems.size() == kMostProblems) {
      ++untold;
    } else {
      problems.push_back(fmt::format("{}:{}: {}", name, line, what));
    }
  };
  while (!text.empty()) {
    ++line;
    const std::string_view whole = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), whole.size() + 1));
    const std::string_view row = trimmed(whole.substr(0, whole.find('#')));
    if (row.empty()) continue;
    const std::size_t comma = row.find(',');
    const std::string_view stamp = trimmed(row.substr(0, comma));
    const auto offset = offset_of(stamp);
    if (!offset || *offset < Nanos{} || offset->count() > kLongestNs) {
      problem(fmt::format("'{}' is no offset: seconds, or a number and ns, us, ms, s, m or h, up to 30 days",
                          stamp.substr(0, 40)));
      continue;
    }
    std::uint32_t flow = OffsetFile::kDrawn;
    if (comma != std::string_view::npos) {
      const std::string flow_name(trimmed(row.substr(comma + 1)).substr(0, 64));
      const auto found = std::ranges::find(flows, flow_name);
      if (found == flows.end()) {
        problem(fmt::format("no flow of this load is called '{}'{}", flow_name, did_you_mean(flow_name, flows)));
        continue;
      }
      flow = static_cast<std::uint32_t>(found - flows.begin());
    }
    if (!file.entries.empty() && *offset < file.entries.back().offset) ++file.reordered;
    file.entries.push_back({*offset, flow});
    if (file.entries.size() > kMostOffsets)
      return fail(ExitCode::usage, name, fmt::format("holds more than {} offsets", kMostOffsets));
  }
  if (untold > 0) problems.push_back(fmt::format("{}: and {} more", name, untold));
  if (!problems.empty()) {
    std::string all = problems.front();
    for (std::size_t i = 1; i < problems.size(); ++i) all += "\n" + problems[i];
    return fail(ExitCode::usage, "offsets", all, "one offset a line, then a comma and a flow's name where it is known");
  }
  if (file.entries.empty())
    return fail(ExitCode::usage, name, "holds no offset", "one a line, in seconds or with a unit");
  std::ranges::stable_sort(file.entries, {}, &OffsetFile::Entry::offset);
  return file;
}

Result<Stream> offset_arrivals(const StreamSource& source) {
  const auto& path = source.load->offsets->file;
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  std::ifstream input(path, std::ios::binary);
  if (error || !input) return fail(ExitCode::usage, path.string(), "cannot be read");
  if (size > kMostBytes) return fail(ExitCode::usage, path.string(), "is larger than 2 GiB");
  const std::string text{std::istreambuf_iterator<char>(input), std::istreambuf_iterator<char>()};
  std::vector<std::string> names;
  std::vector<std::uint32_t> indices;
  for (std::uint32_t i = 0; i < source.flows->size(); ++i) {
    if (!source.load->starts((*source.flows)[i])) continue;
    names.push_back((*source.flows)[i].name);
    indices.push_back(i);
  }
  auto file = parse_offsets(text, path.string(), names);
  if (!file) return tl::make_unexpected(std::move(file.error()));
  FlowChoice choice = source.choice();
  std::vector<Arrival> arrivals;
  arrivals.reserve(file->entries.size());
  for (const auto& entry : file->entries) {
    const double scaled = static_cast<double>(entry.offset.count()) / source.load->offsets->speed;
    const Nanos offset(std::llround(std::min(scaled, static_cast<double>(kLongestNs))));
    const std::uint32_t flow = entry.flow == OffsetFile::kDrawn ? choice.next() : indices[entry.flow];
    arrivals.push_back({offset, flow, arrivals.size()});
  }
  std::vector<std::string> notes;
  if (file->reordered > 0) notes.push_back(fmt::format("{} offsets stood after a later one: sorted", file->reordered));
  return std::make_unique<OffsetArrivals>(std::move(arrivals), std::move(notes));
}

}  // namespace tidemark::schedule
