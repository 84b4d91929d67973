#include "engine/schedule/access_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <unordered_map>
#include <utility>
#include <variant>

namespace tidemark::schedule {
namespace {

constexpr std::size_t kMostFlows = 1000;  // distinct (method, path); the rest share one flow a method
constexpr std::size_t kMostLineBytes = 1 << 20;
constexpr std::size_t kChunkBytes = 4 << 20;
constexpr std::size_t kLocated = 10;
constexpr std::size_t kStampBytes = 26;
constexpr std::size_t kMostRequests = std::numeric_limits<std::uint32_t>::max();

bool digits(std::string_view text, std::size_t at, std::size_t count, int& value) {
  value = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    if (text[i] < '0' || text[i] > '9') return false;
    value = value * 10 + (text[i] - '0');
  }
  return true;
}

bool is_method(std::string_view text) {
  return !text.empty() && text.size() <= 32 &&
         std::ranges::all_of(text, [](char c) { return (c >= 'A' && c <= 'Z') || c == '-' || c == '_'; });
}

// A flow's name travels in the shadow tag (a-z, 0-9, _ and -, at most 32): what fits of the path, made unique by a
// number.
std::string flow_name(std::string_view method, std::string_view path, std::size_t number) {
  std::string name = method == "HEAD" ? "head" : "get";
  for (const char c : path) {
    if (name.size() >= 26) break;
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    const bool kept = (lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9') || lower == '_';
    if (kept || name.back() != '-') name += kept ? lower : '-';
  }
  return fmt::format("{}{}{}", name, name.back() == '-' ? "" : "-", number);
}

// Collects lines in the order of the file; finish() sorts them and spreads each second.
class LogCollector {
 public:
  LogCollector(std::string name, double speed) : name_(std::move(name)), speed_(speed) {}

  void line(std::string_view text);
  void overlong() {
    ++number_;
    malformed();
  }
  Result<LogReplay> finish(const std::filesystem::path& file);

 private:
  void malformed() {
    ++replay_.malformed;
    if (replay_.first_malformed.size() < kLocated)
      replay_.first_malformed.push_back(fmt::format("{}:{}", name_, number_));
  }
  void sort();
  std::uint32_t flow_of(std::string_view method, std::string_view path);
  std::uint32_t add_flow(std::string name, std::string_view method, std::string_view path);

  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  std::string name_;
  double speed_;
  LogLineParser parser_;
  LogReplay replay_;  // until finish() an arrival's offset is its second since the epoch, as a count
  std::array<std::unordered_map<std::string, std::uint32_t, Hash, std::equal_to<>>, 2> flows_;  // GET, HEAD
  std::array<std::optional<std::uint32_t>, 2> other_;
  std::uint64_t number_ = 0;
  std::int64_t latest_ = std::numeric_limits<std::int64_t>::min();
};

std::uint32_t LogCollector::add_flow(std::string name, std::string_view method, std::string_view path) {
  Step step;
  step.name = name.starts_with("other") ? name : fmt::format("{} {}", method, path);
  step.method = method;
  step.url.pieces.push_back({std::string(path), ""});
  replay_.scenario.flows.push_back({std::move(name), 1, {std::move(step)}});
  return static_cast<std::uint32_t>(replay_.scenario.flows.size() - 1);
}

std::uint32_t LogCollector::flow_of(std::string_view method, std::string_view path) {
  const std::size_t head = method == "HEAD" ? 1 : 0;
  auto& known = flows_[head];
  if (const auto found = known.find(path); found != known.end()) return found->second;
  if (flows_[0].size() + flows_[1].size() < kMostFlows) {
    const std::uint32_t index = add_flow(flow_name(method, path, replay_.scenario.flows.size()), method, path);
    known.emplace(path, index);
    return index;
  }
  if (!other_[head]) other_[head] = add_flow(head == 1 ? "other-head" : "other", method, "/");
  return *other_[head];
}

void LogCollector::line(std::string_view text) {
  ++number_;
  if (text.ends_with('\r')) text.remove_suffix(1);
  if (text.empty()) return;
  if (text.size() > kMostLineBytes) return malformed();
  const auto parsed = parser_.parse(text);
  if (!parsed) return malformed();
  if (parsed->method != "GET" && parsed->method != "HEAD") {
    ++replay_.skipped_methods;
    return;
  }
  const std::string target = replay_target(parsed->target);
  if (target.empty() || target.size() > TextTable::kLongest || replay_.arrivals.size() >= kMostRequests) {
    return malformed();
  }
  if (parsed->second < latest_) ++replay_.reordered;
  latest_ = std::max(latest_, parsed->second);
  const std::string_view path = std::string_view(target).substr(0, target.find('?'));
  const std::uint32_t flow = flow_of(parsed->method, path);
  replay_.arrivals.push_back({Nanos(parsed->second), flow, replay_.arrivals.size()});
  ++replay_.scenario.flows[flow].weight;
  replay_.targets.push_back(target);
}

void LogCollector::sort() {
  std::ranges::stable_sort(replay_.arrivals, {}, &Arrival::offset);
  std::vector<std::uint32_t> order;
  order.reserve(replay_.arrivals.size());
  for (Arrival& arrival : replay_.arrivals) {
    order.push_back(static_cast<std::uint32_t>(arrival.number));
    arrival.number = order.size() - 1;
  }
  replay_.targets.reorder(order);
}

Result<LogReplay> LogCollector::finish(const std::filesystem::path& file) {
  auto& arrivals = replay_.arrivals;
  if (arrivals.empty()) {
    return fail(ExitCode::usage, name_,
                fmt::format("no GET or HEAD request in it ({} lines malformed, {} of other methods)", replay_.malformed,
                            replay_.skipped_methods),
                "a combined access log, as Apache and nginx write it");
  }
  if (replay_.reordered > 0) sort();
  const std::int64_t first = arrivals.front().offset.count();
  if (static_cast<double>(arrivals.back().offset.count() - first) / speed_ > 1e9) {
    return fail(ExitCode::usage, name_, "the replay would last longer than 30 years", "raise the speed");
  }
  for (std::size_t begin = 0; begin < arrivals.size();) {
    std::size_t end = begin;
    while (end < arrivals.size() && arrivals[end].offset == arrivals[begin].offset) ++end;
    const auto whole_s = static_cast<double>(arrivals[begin].offset.count() - first);
    for (std::size_t i = begin; i < end; ++i) {
      const double inside_s = (static_cast<double>(i - begin) + 0.5) / static_cast<double>(end - begin);
      arrivals[i].offset = Nanos(std::llround((whole_s + inside_s) / speed_ * 1e9));
    }
    begin = end;
  }
  for (Flow& flow : replay_.scenario.flows) flow.weight -= 1;  // add_flow began with the default weight
  replay_.scenario.name = "replay of " + file.filename().string();
  replay_.scenario.load.replay = ReplayLog{file, speed_};
  return std::move(replay_);
}

Result<std::monostate> check_speed(double speed) {
  if (std::isfinite(speed) && speed >= 1e-6 && speed <= 1e6) return std::monostate{};
  return fail(ExitCode::usage, "speed", fmt::format("{} must be from 0.000001 to 1000000", speed));
}

}  // namespace

std::optional<std::int64_t> parse_log_time(std::string_view stamp) {
  constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
  if (stamp.size() != kStampBytes || stamp[2] != '/' || stamp[6] != '/' || stamp[11] != ':' || stamp[14] != ':' ||
      stamp[17] != ':' || stamp[20] != ' ' || (stamp[21] != '+' && stamp[21] != '-')) {
    return std::nullopt;
  }
  int day = 0, year = 0, hour = 0, minute = 0, second = 0, zone_hours = 0, zone_minutes = 0;
  if (!digits(stamp, 0, 2, day) || !digits(stamp, 7, 4, year) || !digits(stamp, 12, 2, hour) ||
      !digits(stamp, 15, 2, minute) || !digits(stamp, 18, 2, second) || !digits(stamp, 22, 2, zone_hours) ||
      !digits(stamp, 24, 2, zone_minutes)) {
    return std::nullopt;
  }
  const std::size_t month = months.find(stamp.substr(3, 3));
  if (month == std::string_view::npos || month % 3 != 0) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month / 3 + 1)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok() || hour > 23 || minute > 59 || second > 60 || zone_hours > 23 || zone_minutes > 59)
    return std::nullopt;
  const int east = (stamp[21] == '-' ? -1 : 1) * (zone_hours * 3600 + zone_minutes * 60);
  const auto days = std::chrono::sys_days(date).time_since_epoch().count();
  return std::int64_t{days} * 86400 + hour * 3600 + minute * 60 + second - east;
}

std::optional<std::int64_t> LogLineParser::time(std::string_view stamp) {
  if (stamp == last_stamp_) return last_second_;
  const auto second = parse_log_time(stamp);
  if (!second) return std::nullopt;
  last_stamp_ = stamp;
  last_second_ = *second;
  return second;
}

std::optional<LogLine> LogLineParser::parse(std::string_view line) {
  // The user may hold blanks and brackets, so the time is the first bracket of the right length and shape.
  std::size_t open = line.find('[');
  while (open != std::string_view::npos &&
         (open + kStampBytes + 1 >= line.size() || line[open + kStampBytes + 1] != ']')) {
    open = line.find('[', open + 1);
  }
  if (open == std::string_view::npos || open == 0) return std::nullopt;
  const auto second = time(line.substr(open + 1, kStampBytes));
  if (!second) return std::nullopt;
  std::string_view rest = line.substr(open + kStampBytes + 2);
  if (!rest.starts_with(" \"")) return std::nullopt;
  rest.remove_prefix(2);
  // The closing quote is the first one that no backslash escapes.
  std::size_t close = rest.find('"');
  while (close != std::string_view::npos && close > 0 && rest[close - 1] == '\\') {
    std::size_t slashes = 1;
    while (slashes < close && rest[close - 1 - slashes] == '\\') ++slashes;
    if (slashes % 2 == 0) break;
    close = rest.find('"', close + 1);
  }
  if (close == std::string_view::npos) return std::nullopt;
  const std::string_view request = rest.substr(0, close);
  const std::size_t blank = request.find(' ');
  if (blank == std::string_view::npos) return std::nullopt;
  LogLine result{*second, request.substr(0, blank), request.substr(blank + 1)};
  if (!is_method(result.method)) return std::nullopt;
  const std::size_t protocol = result.target.rfind(' ');
  if (protocol != std::string_view::npos) {
    if (!result.target.substr(protocol + 1).starts_with("HTTP/")) return std::nullopt;
    result.target = result.target.substr(0, protocol);
  }
  if (result.target.empty()) return std::nullopt;
  return result;
}

std::string replay_target(std::string_view recorded) {
  if (recorded.starts_with("http://") || recorded.starts_with("https://")) {
    const std::size_t path = recorded.find('/', recorded.find("://") + 3);
    recorded = path == std::string_view::npos ? "/" : recorded.substr(path);
  }
  if (!recorded.starts_with('/')) return {};
  recorded = recorded.substr(0, recorded.find('#'));
  const auto plain = [](char c) { return c > ' ' && c < 0x7f && c != '\\' && c != '"'; };
  if (std::ranges::all_of(recorded, plain)) return std::string(recorded);
  std::string target;
  const auto hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); };
  for (std::size_t i = 0; i < recorded.size(); ++i) {
    const auto byte = static_cast<unsigned char>(recorded[i]);
    if (plain(recorded[i])) {
      target += recorded[i];
    } else if (byte == '\\' && i + 3 < recorded.size() && recorded[i + 1] == 'x' && hex(recorded[i + 2]) &&
               hex(recorded[i + 3])) {
      target += fmt::format("%{}", recorded.substr(i + 2, 2));
      i += 3;
    } else if (byte == '\\' && i + 1 < recorded.size() && (recorded[i + 1] == '"' || recorded[i + 1] == '\\')) {
      target += fmt::format("%{:02X}", static_cast<unsigned>(recorded[++i]));
    } else if (byte >= 0x80 || byte == '\\' || byte == '"' || byte == ' ') {
      target += fmt::format("%{:02X}", static_cast<unsigned>(byte));
    } else {
      return {};
    }
  }
  return target;
}

Result<LogReplay> parse_access_log(std::string_view log, const std::string& name, double speed) {
  if (const auto checked = check_speed(speed); !checked) return tl::make_unexpected(checked.error());
  LogCollector collector(name, speed);
  while (!log.empty()) {
    const std::string_view line = log.substr(0, log.find('\n'));
    collector.line(line);
    log.remove_prefix(std::min(log.size(), line.size() + 1));
  }
  return collector.finish(name);
}

Result<LogReplay> load_access_log(const std::filesystem::path& file, double speed) {
  if (const auto checked = check_speed(speed); !checked) return tl::make_unexpected(checked.error());
  std::ifstream input(file, std::ios::binary);
  std::error_code ignored;
  if (!input || std::filesystem::is_directory(file, ignored)) {
    return fail(ExitCode::usage, file.string(), "cannot be read");
  }
  LogCollector collector(file.string(), speed);
  std::string buffer;     // the unfinished line of the last chunk, then the next chunk
  bool skipping = false;  // inside a line that was too long and is counted already
  while (input) {
    const std::size_t kept = buffer.size();
    buffer.resize(kept + kChunkBytes);
    input.read(buffer.data() + kept, static_cast<std::streamsize>(kChunkBytes));
    buffer.resize(kept + static_cast<std::size_t>(input.gcount()));
    std::string_view rest = buffer;
    for (std::size_t end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
      if (!std::exchange(skipping, false)) collector.line(rest.substr(0, end));
      rest.remove_prefix(end + 1);
    }
    if (rest.size() > kMostLineBytes) {
      if (!std::exchange(skipping, true)) collector.overlong();
      rest = {};
    }
    if (skipping) rest = {};
    buffer.erase(0, buffer.size() - rest.size());
  }
  if (!buffer.empty()) collector.line(buffer);
  return collector.finish(file);
}

}  // namespace tidemark::schedule
