#include "scenarios/shop/audit.h"

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <utility>

#include "engine/net/http_client.h"
#include "scenarios/shop/cache_audit.h"
#include "scenarios/shop/payload.h"

namespace tidemark::shop {

using nlohmann::json;

namespace {

constexpr std::chrono::seconds kAnswerTime{10};  // of one page
constexpr std::size_t kShownBytes = 80;          // of a key in a leak's line

AuditedWorld world_named(std::string_view text, char separator) {
  const std::string_view name = text.substr(0, text.find(separator));
  if (name.size() == text.size()) return AuditedWorld::unknown;
  if (name == "live") return AuditedWorld::live;
  return name == "shadow" ? AuditedWorld::shadow : AuditedWorld::unknown;
}

// Printable, bounded: keys and names come from whoever wrote them.
std::string shown(std::string_view text) {
  std::string out(text.substr(0, kShownBytes));
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) > 0x7e) c = '?';
  }
  return text.size() > kShownBytes ? out + "..." : out;
}

class Book {
 public:
  explicit Book(AuditResult* result) : result_(result) {}

  void table(const std::string& where) { result_->scanned[where] += 0; }
  void check(const std::string& where, AuditedWorld world, const std::string& what, std::string_view payload) {
    ++result_->scanned[where];
    const auto problem = leak_in(world, payload);
    if (!problem) return;
    ++result_->leak_count;
    if (result_->leaks.size() < kLeaksListed) result_->leaks.push_back({where, what + ": " + *problem});
  }

 private:
  AuditResult* result_;
};

Result<json> fetch(const observe::ScrapeTarget& node, const std::string& target) {
  net::Request request;
  request.target = target;
  const net::CallResult result = net::call_blocking(node.endpoint, std::move(request), kAnswerTime);
  const std::string place = "node " + node.node;
  if (result.status != net::CallResult::Status::ok) {
    return fail(ExitCode::environment, place, "does not answer the audit: " + result.error,
                "is the stack still running?");
  }
  if (result.response.status != 200) {
    return fail(ExitCode::environment, place, target + " answered " + std::to_string(result.response.status));
  }
  json body = json::parse(result.response.body, nullptr, /*allow_exceptions=*/false);
  if (!body.is_object()) return fail(ExitCode::environment, place, target + " answered no JSON object");
  return body;
}

Result<void> scan_table(const observe::ScrapeTarget& node, const std::string& world, const std::string& table,
                        Book* book) {
  const std::string where = "store/" + world + "/" + shown(table);
  book->table(where);
  std::string after;
  do {
    const auto page = fetch(node, "/audit/scan?limit=500&world=" + world + "&table=" + query_encoded(table) +
                                      "&after=" + query_encoded(after));
    if (!page) return tl::make_unexpected(page.error());
    for (const json& row : page->at("rows")) {
      book->check(where, world == "live" ? AuditedWorld::live : AuditedWorld::shadow,
                  "row " + shown(row.at("key").get<std::string>()), row.at("payload").get_ref<const std::string&>());
    }
    after = page->at("next").get<std::string>();
  } while (!after.empty());
  return {};
}

Result<void> scan_store(const observe::ScrapeTarget& node, Book* book) {
  for (const std::string world : {"live", "shadow"}) {
    const auto tables = fetch(node, "/audit/tables?world=" + world);
    if (!tables) return tl::make_unexpected(tables.error());
    for (const json& table : tables->at("tables")) {
      if (auto done = scan_table(node, world, table.get<std::string>(), book); !done) return done;
    }
  }
  return {};
}

Result<void> scan_partition(const observe::ScrapeTarget& node, const std::string& topic, std::uint32_t partition,
                            Book* book) {
  const std::string where = "events/" + shown(topic);
  const AuditedWorld world = world_named(topic, '.');
  std::uint64_t after = 0;
  while (true) {
    const auto page = fetch(node, "/audit/scan?topic=" + query_encoded(topic) +
                                      "&partition=" + std::to_string(partition) + "&after=" + std::to_string(after));
    if (!page) return tl::make_unexpected(page.error());
    for (const json& event : page->at("events")) {
      const std::string what = "event " + std::to_string(partition) + "@" +
                               std::to_string(event.at("offset").get<std::uint64_t>()) + " of " +
                               shown(event.at("producer").get<std::string>());
      book->check(where, world, what, event.at("payload").get_ref<const std::string&>());
    }
    after = page->at("next").get<std::uint64_t>();
    if (!page->at("more").get<bool>()) return {};
  }
}

Result<void> scan_events(const observe::ScrapeTarget& node, Book* book) {
  const auto topics = fetch(node, "/audit/topics");
  if (!topics) return tl::make_unexpected(topics.error());
  for (const json& topic : topics->at("topics")) {
    book->table("events/" + shown(topic.get<std::string>()));
    for (std::uint32_t partition = 0; partition < topics->at("partitions").get<std::uint32_t>(); ++partition) {
      if (auto done = scan_partition(node, topic.get<std::string>(), partition, book); !done) return done;
    }
  }
  return {};
}

Result<void> scan_cache(const observe::ScrapeTarget& node, const std::string& tag_key, Book* book) {
  book->table("cache/live");
  book->table("cache/shadow");
  const auto port = fetch(node, "/resp-port");
  if (!port) return tl::make_unexpected(port.error());
  const net::Endpoint resp{node.endpoint.host, port->at("port").get<std::uint16_t>()};
  return read_cache(resp, tag_key, [&](const std::string& key, const std::string& value) {
    const AuditedWorld world = world_named(key, ':');
    const char* where = world == AuditedWorld::live     ? "cache/live"
                        : world == AuditedWorld::shadow ? "cache/shadow"
                                                        : "cache/other";
    book->check(where, world, "key " + shown(key), value);
  });
}

}  // namespace

std::optional<std::string> leak_in(AuditedWorld world, std::string_view payload) {
  if (world == AuditedWorld::unknown) return "lies in neither the live nor the shadow world";
  const PayloadRun found = run_of(payload);
  if (found.kind == PayloadRun::Kind::unreadable) {
    return payload.empty() ? "has no payload" : "payload is no JSON object with a text field \"_run\"";
  }
  const bool tagged = found.kind == PayloadRun::Kind::present && !found.run.empty();
  if (world == AuditedWorld::live && tagged) return "data of run " + shown(found.run) + " in a live place";
  if (world == AuditedWorld::shadow && !tagged) return "live data (no run id) in a shadow place";
  return std::nullopt;
}

Result<AuditResult> audit(const StackInfo& stack) {
  AuditResult result;
  Book book(&result);
  const std::map<std::string, std::function<Result<void>(const observe::ScrapeTarget&)>> scans{
      {"store", [&](const auto& node) { return scan_store(node, &book); }},
      {"cache", [&](const auto& node) { return scan_cache(node, stack.tag_key, &book); }},
      {"events", [&](const auto& node) { return scan_events(node, &book); }}};
  for (const auto& [service, scan] : scans) {
    bool any = false;
    for (const observe::ScrapeTarget& node : stack.nodes) {
      if (node.service != service) continue;
      any = true;
      try {
        if (const auto done = scan(node); !done) return tl::make_unexpected(done.error());
      } catch (const json::exception& wrong) {
        return fail(ExitCode::environment, "node " + node.node,
                    std::string("answered the audit unreadably: ") + wrong.what());
      }
    }
    if (!any) return fail(ExitCode::environment, "stack", "has no " + service + " node to audit");
  }
  return result;
}

}  // namespace tidemark::shop
