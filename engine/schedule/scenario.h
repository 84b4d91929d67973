// The scenario: what to send and when, as plain values after parsing. docs/scenario.md is its reference, the JSON
// Schema is scenarios/schema/scenario.schema.json. Thread-safe: constant after parse.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/pattern.h"
#include "engine/core/units.h"
#include "engine/schedule/condition.h"
#include "engine/schedule/feeder.h"
#include "engine/schedule/template.h"
#include "engine/schedule/think_time.h"

namespace tidemark::schedule {

struct Capture {
  enum class Kind {
    json,    // the value at `json_pointer` (RFC 6901) of the body; text without its quotes
    header,  // the value of the answer's first header `header`
    regex,   // what group `group` of `pattern` matched in the body
    cookie,  // the value of the cookie `cookie` that the answer sets
  };
  std::string variable{};
  Kind kind = Kind::json;
  std::string json_pointer{}, header{}, cookie{};
  Pattern pattern{};
  int group = 0;  // 0: the whole match; the parser's default is 1 where the pattern has a group
  // Taken when the answer has nothing there; without it the request fails.
  std::optional<std::string> fallback{};
};

struct Check {
  enum class Kind {
    status,           // == low
    status_range,     // low..high
    body_contains,    // text
    body_matches,     // pattern
    json_equals,      // pointer, and the expected value as JSON text
    json_exists,      // pointer; null exists
    header_equals,    // header, text
    header_contains,  // header, text
    header_matches,   // header, pattern
    response_below,   // limit
  } kind = Kind::status_range;
  int low = 200, high = 299;  // status codes
  std::string pointer{}, text{}, header{};
  Pattern pattern{};
  Nanos limit{};
};

struct FormField {
  std::string name;
  Template value;
};

// One part of a multipart/form-data body (RFC 7578).
struct Part {
  std::string name{};
  Template value{};              // or
  std::filesystem::path file{};  // its bytes, read before the clock starts
  std::string filename{};        // "": none with a value, the file's own name with a file
  std::string type{};            // content type; "": none with a value, application/octet-stream with a file
};

enum class Protocol : std::uint8_t { http, grpc, redis, mysql, kafka };
enum class HttpVersion : std::uint8_t {
  automatic,  // http: 1.1; https: what the server picks, HTTP/2 or 1.1
  http1,
  http2,  // http: with prior knowledge (h2c)
};

struct GrpcCall {                                   // one unary call
  std::string target{};                             // "http://host:port" (h2c) or https; empty: the scenario's
  std::filesystem::path proto{}, descriptor_set{};  // exactly one
  std::string method{};                             // "shop.Product/Get"
  Template message{};                               // JSON; a hole stands inside a string
  std::vector<std::pair<std::string, Template>> metadata{};
};

struct StoreCall {  // one command of a store; the step's protocol says which
  enum class Value : std::uint8_t { text, number, null };

  Template target{};  // engine/schedule/store_target.h; of holes only ${env:NAME}
  // Redis: the command; MySQL: statement, then values; Kafka: topic, value, and the key if there is one.
  std::vector<Template> words{};
  std::vector<std::uint32_t> keys{};  // Redis: the words that are keys
  bool keys_given = false;            // ... by the scenario, not by the table of commands
  bool tag = false;                   // Redis: TAG goes before the command, for the bundled stack's cache
  std::vector<Value> values{};        // MySQL: what the words behind the statement are
  std::string shadow_database{};      // MySQL, of a tagged run; empty: "shadow_" and the database's name
  std::vector<std::pair<std::string, Template>> headers{};  // Kafka
};

struct Step {
  std::string name{};
  Protocol protocol = Protocol::http;
  HttpVersion http_version = HttpVersion::automatic;
  std::optional<GrpcCall> grpc{};
  std::optional<StoreCall> store{};
  std::string method = "GET";
  Template url{};  // absolute, or a path on the scenario's target
  std::vector<std::pair<std::string, Template>> headers{};
  // At most one of the three is given. The last two bring their content-type, unless `headers` has one.
  Template body{};
  std::vector<FormField> form{};  // application/x-www-form-urlencoded, in this order
  std::vector<Part> multipart{};
  std::optional<std::uint32_t> redirects{};  // instead of the scenario's
  std::string before{}, after{};             // Lua functions: before the request is rendered, after its checks
  std::vector<Capture> captures{};
  std::vector<Check> checks{};  // empty: status 200..399; other protocols: 0
  ThinkTime think{};            // after this step, before the next one's planned start
};

// Steps [first, end) of a flow under a condition, a repetition or a name. Blocks of a flow nest or are disjoint, never
// cross, and are listed with the outer before the inner (equal ranges: the outer first). In order: `condition` is asked
// once, when the flow comes to the block; if it fails, the flow goes on at `end`. Then the steps are done `repeat`
// times, or, with `loop`, as long as `loop` holds before each pass, at most `repeat` times.
struct Block {
  std::uint32_t first = 0, end = 0;      // first < end
  std::string group{};                   // "": not a group. The time of each pass is recorded, think times left out
  std::optional<Condition> condition{};  // if:
  std::optional<Condition> loop{};       // while:
  std::uint32_t repeat = 1;              // repeat:, at_most:
};

struct Flow {
  std::string name{};
  double weight = 1;          // > 0
  std::vector<Step> steps{};  // every request, in the order of the file
  std::vector<Block> blocks{};
};

// A variable drawn once per flow instance.
struct Variable {
  std::string name;
  enum class Kind { constant, random, sequence, choice } kind = Kind::constant;
  std::int64_t low = 0, high = 0;   // random: uniform in [low, high]; sequence: from low upwards
  std::vector<std::string> values;  // constant: one; choice: uniform among them
};

struct Stage {
  Rate from, to;  // equal: constant
  Nanos duration{};
};

struct Shape {  // a two-column CSV of (time, count): docs/scenario.md
  std::filesystem::path file;
  Nanos duration{};                // the file's span is compressed into this
  std::optional<Rate> mean, peak;  // exactly one: the scaled curve's mean, or its highest bin
};

struct ReplayLog {
  std::filesystem::path file;  // combined access log
  double speed = 1;            // recorded gaps are divided by this
};

struct RecordedOffsets {
  std::filesystem::path file;  // one offset a line, and the flow's name where it is known: docs/scenario.md
  double speed = 1;            // recorded offsets are divided by this
};

struct Bursts {  // `size` flows at once, at 0, every, 2 every, ... while before `duration`
  std::uint64_t size = 1;
  Nanos every{}, duration{};
};

struct Sine {               // rate(t) = mean + amplitude sin(2 pi (t + phase) / period)
  Rate mean, amplitude;     // amplitude <= mean
  Nanos period{}, phase{};  // 0 <= phase < period
  Nanos duration{};
};

struct UserStage {  // how many virtual users there are: a straight line from one to the other
  std::uint32_t from = 0, to = 0;
  Nanos duration{};
};

// One load. A scenario has one, or several at once, each with a model of its own.
struct Load {
  enum class Model { open, closed } model = Model::open;
  std::vector<std::string> flows;  // names of those it starts; empty: all
  // Sockets at most. 0: computed (open, or closed with `users`). A closed load without `users` has as many users.
  std::uint32_t connections = 0;
  // After the last planned start, what is under way may go on for so long; unset: the time-out.
  std::optional<Nanos> grace;

  // Open: exactly one of the six.
  enum class Arrivals { poisson, even } arrivals = Arrivals::poisson;
  std::vector<Stage> stages;
  std::optional<Shape> shape;
  std::optional<ReplayLog> replay;
  std::optional<RecordedOffsets> offsets;
  std::optional<Bursts> bursts;
  std::optional<Sine> sine;

  // Closed: a user starts its next flow `think` after its last one ended, and not before `pacing` after that started.
  std::vector<UserStage> users;  // or `connections` users for `duration`
  Nanos duration{};
  ThinkTime think{};
  Nanos pacing{};

  bool starts(const Flow& flow) const;
  Nanos length() const;  // of the sending phase; a replay's and offsets' is known after loading: 0 here
  std::vector<UserStage> user_stages() const;  // closed: `users`, or what `connections` and `duration` stand for
};

// A condition on what a run measured, and whether breaking it ends the run. docs/thresholds.md has the grammar.
struct Threshold {
  std::string expression;  // as written, without the clause about stopping the run
  std::string metric;      // "response", "failed_ratio", "errors", "node", ...: engine/schedule/threshold_metrics.h
  std::string step, flow, group, kind, node;  // what the braces name: at most one; all empty: everything
  std::string statistic;  // of a clock "p50".."p99999", "max", "mean"; of a node "busy", "cpu", ...; else empty
  bool below = true;      // "<" or ">"
  double limit = 0;       // microseconds, ratio, count, or per second
  Nanos over{};           // > 0: it must hold in every window of this length
  Nanos after{};          // what was measured before this moment of the run does not count
  bool abort = false;     // the run stops when it is broken ...
  std::uint32_t for_intervals = 3;  // ... in so many intervals in a row
};

// Lua for what templates cannot say: functions for ${lua:name(...)} holes and for steps' `before` and `after`.
struct Script {
  std::filesystem::path file{};  // or
  std::string source{};
  bool given() const { return !file.empty() || !source.empty(); }
};

struct TlsOptions {
  bool verify = true;                          // certificate chain and host name
  std::filesystem::path ca{};                  // PEM; empty: the system's
  std::filesystem::path certificate{}, key{};  // of the client, PEM; empty: none
  std::string server_name{};  // SNI and the name that must be in the certificate; empty: the URL's host
};

struct Scenario {
  std::string name = "scenario";
  std::string target;  // "http://127.0.0.1:8080"; may stay empty until a stack gives it
  Nanos timeout = std::chrono::seconds(30);
  HttpVersion http_version = HttpVersion::automatic;  // of steps that do not say it
  std::uint32_t streams = 100;                        // HTTP/2: at once on one connection; the server may allow fewer
  TlsOptions tls;
  std::map<std::string, std::string> parameters;  // after -e KEY=VALUE
  std::vector<Variable> variables;
  std::vector<Feeder> feeders;
  Script lua;
  // A flow instance (open model) or a virtual user (closed) keeps the cookies it is given and sends them back.
  bool cookies = true;
  std::uint32_t redirects = 0;  // followed per request, at most; 0: a 3xx answer is the step's answer
  bool compression = false;     // asks for gzip and zstd, and decodes them before checks and captures look
  // Done once, before the first flow and after the last; no steps: none. Captures of set-up are visible to every flow
  // and to tear-down. Neither is counted in the load's books and series.
  Flow setup, teardown;
  std::vector<Flow> flows;
  Load load;                        // the first, or only, load
  std::vector<Load> further_loads;  // that run beside it, from the same instant
  std::vector<Threshold> thresholds;

  std::vector<const Load*> loads() const;  // all of them, in order
  Nanos duration() const;                  // of the sending phase: of the longest load
};

// How a scenario's text and the files it includes are read; replaced in tests. The default takes regular files up to
// YamlLimits::bytes.
using ReadText = std::function<Result<std::string>(const std::filesystem::path&)>;
Result<std::string> read_scenario_text(const std::filesystem::path& file);

// Reads a YAML scenario. `overrides` are -e KEY=VALUE parameters, substituted for ${KEY} in scalar values before
// parsing. Files it includes are merged in; those it only names (feeders, shapes, parts, Lua) are not opened here. All
// problems are reported, one a line, each as "FILE:LINE: FIELD: WHAT", with the nearest valid word for a misspelt key.
Result<Scenario> load_scenario(const std::filesystem::path& file, const std::map<std::string, std::string>& overrides);
Result<Scenario> parse_scenario(const std::string& yaml, const std::string& name_for_errors,
                                const std::map<std::string, std::string>& overrides,
                                const std::filesystem::path& base_dir = ".", const ReadText& read = read_scenario_text);
Result<Threshold> parse_threshold(const std::string& expression);

// Calls visit(template) for each template of a step, of a scenario.
void for_each_template(const Step& step, const std::function<void(const Template&)>& visit);
void for_each_template(const Scenario& scenario, const std::function<void(const Template&)>& visit);

// One flow "get" of one step "get" on `url`: the command line without a file.
Scenario single_url_scenario(const std::string& url);

// The resolved scenario as stored in the manifest: parsing it gives the same scenario. Secrets stay ${env:NAME}.
nlohmann::json to_json(const Scenario& scenario);

}  // namespace tidemark::schedule
