// The scenario compiled for sending: every step as bytes, rendered before the clock starts where its templates are
// constant, else as pieces with numbered holes. Resolves each origin once, through the target guard, before any socket
// opens. Constant after compile(), except that the owner patches trace ids into `bytes`: one worker owns it.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/random.h"
#include "engine/drive/flow_program.h"
#include "engine/drive/template_compiler.h"
#include "engine/drive/tls_context.h"
#include "engine/schedule/arrivals.h"
#include "engine/schedule/scenario.h"
#include "engine/schedule/store_target.h"
#include "engine/traffic/shadow_tag.h"
#include "engine/traffic/target_policy.h"

namespace tidemark::drive {

struct Origin {
  std::string scheme;  // "http", "https", "redis", "mysql", "kafka"
  std::string host;
  std::uint16_t port = 80;
  std::string authority;             // as in the Host field
  boost::asio::ip::address address;  // the one that was checked: connections go here
  schedule::Protocol protocol = schedule::Protocol::http;
  schedule::HttpVersion http_version = schedule::HttpVersion::automatic;
  TlsContext tls;               // https only
  schedule::StoreTarget store;  // of a store; in a tagged run its database is the shadow one

  // HTTP/1.1 without TLS: the worker speaks it itself. Everything else goes through a Channel.
  bool plain() const {
    return protocol == schedule::Protocol::http && scheme == "http" && http_version != schedule::HttpVersion::http2;
  }
};

struct CompiledStep;
class GrpcMethod;
class GrpcSchema;

// One request with every hole filled, as a channel gets it. HTTP and gRPC: names of fields in lower case, the shadow
// tag and traceparent among them; gRPC: the body is the message as JSON, the target "/package.Service/Method". Stores:
// the words of the command in order, and fields.
struct Rendered {
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  static constexpr std::size_t kTraceIdAt = 3;  // in the value of traceparent, "00-<trace>-<span>-01"
  struct Field {
    std::string name, value;
  };

  const CompiledStep* step = nullptr;
  bool lasting = false;  // the strings stay where and what they are until the run's end, but for the trace ids
  std::string method, authority, target;
  std::vector<Field> fields;
  std::size_t trace_field = kNone;  // which field is traceparent
  std::string body;
  std::vector<std::string> words;
  std::int64_t deadline_ns = 0;  // since the run's start
};

struct CompiledStep {
  const schedule::Step* step = nullptr;  // into the scenario, which must outlive the plan
  std::uint32_t series = 0;              // index into RequestPlan::series
  std::uint32_t origin = 0;
  bool constant = true;
  bool head = false, idempotent = true;
  bool keep_headers = false, keep_body = false;
  bool keep_hints = false;                        // of the header only what cookies, redirects and decoding need
  bool decodes = false;                           // undo the answer's content encoding before anything looks at it
  bool sends_cookies = false;                     // those of the jar; not where the step writes a Cookie field itself
  bool follows_up = false;                        // more to do with every answer than checks and captures: `after`
  bool prepared_anew = false;                     // values to make before the request is rendered: `before`, or calls
  std::uint32_t redirects = 0;                    // to follow, at most
  CompiledCalls calls;                            // whose results the request holds
  int before = kNoFunction, after = kNoFunction;  // numbers of Lua functions, given by the worker
  static constexpr int kNoFunction = -1;
  std::string bytes;         // constant: the whole request
  std::size_t trace_at = 0;  // offset of the trace id in `bytes`, 0: no traceparent
  // Not constant: method and target, the fixed fields, the step's own fields, the body.
  Pieces target;
  bool target_from_log = false;  // the target comes with each arrival
  std::string fixed_fields;      // from " HTTP/1.1\r\n" on; trace_at is then an offset in here
  std::vector<std::pair<std::string, Pieces>> fields;
  Pieces body;
  bool sends_length = false;
  std::vector<std::uint32_t> capture_slots;  // per capture of the step
  // Of a step that goes through a channel, beside target, fields and body.
  Pieces authority;
  std::vector<Pieces> words;
  // gRPC: the method, shared by the copies of the plan, and a constant message as it is sent.
  std::shared_ptr<const GrpcMethod> grpc;
  std::string grpc_frame;
  Rendered prepared;  // constant: the whole request; else what is the same in each
};

struct CompiledFlow {
  const schedule::Flow* flow = nullptr;
  std::vector<CompiledStep> steps;
  FlowProgram program;                                           // empty: the steps follow one another
  std::map<const schedule::Template*, CompiledText> conditions;  // of the program
  std::vector<FeederColumn> columns;                             // that its templates use
  bool uses_state = false;  // has a FlowState from its start: values, a program, draws
  bool keeps_cookies = false;
  bool traced = false;  // requests carry a trace id
};

struct RequestPlan {
  // At most this many series of their own; the steps beyond share the last one, "other".
  static constexpr std::size_t kMaxSeries = 200;
  static constexpr std::size_t kTraceIdDigits = 32, kSpanIdDigits = 16;

  std::vector<Origin> origins;
  std::vector<CompiledFlow> flows;
  std::vector<std::string> series;  // names of steps; equal names share one
  std::vector<std::string> slots;   // names of variables: flow_id, run_id, the scenario's, captures, feeders' columns
  std::vector<std::string> groups;  // names; equal names share one
  FeederTables feeders;
  std::vector<std::pair<std::uint32_t, std::string>> given;  // slots whose value is known already
  static constexpr std::uint32_t kFlowIdSlot = 0, kRunIdSlot = 1, kFirstVariableSlot = 2;

  struct Inputs {
    const schedule::Scenario& scenario;
    bool replay = false;  // targets come with the arrivals
    const traffic::TagSigner* signer = nullptr;
    std::string run_id;
    traffic::TargetPolicy targets = {};
    const schedule::Secrets* secrets = nullptr;                 // none are used
    const FeederTables* feeders = nullptr;                      // loaded already; else they are loaded
    const std::map<std::string, std::string>* given = nullptr;  // captures of set-up
  };
  // Errors: exit 2 for a URL or variable that cannot be sent, exit 3 from the target guard.
  static Result<RequestPlan> compile(const Inputs& inputs);
};

// Appends the pieces, with `values` by slot. In a URL, spaces, controls and bytes above 126 are percent-encoded; in a
// field, line breaks and NUL become spaces, so that no value can end the field. In JSON, values stand inside a string.
enum class RenderFor { url, field, body, json };
void render(const Pieces& pieces, const std::vector<std::string>& values, RenderFor where, std::string& out);

// Renders a step that is not constant into `out` (cleared first). Returns the offset of the trace id, 0 if there is
// none.
std::size_t render_request(const CompiledStep& step, const std::vector<std::string>& values,
                           const std::string* logged_target, std::string& out);

// The same for a step that goes through a channel; `out` keeps its capacity from call to call.
void render_fields(const CompiledStep& step, const std::vector<std::string>& values, const std::string* logged_target,
                   Rendered& out);

// Draws the scenario's variables into `values` (resized to the plan's slots). `flow_number` is the sequence's counter.
void draw_values(const RequestPlan& plan, const schedule::Scenario& scenario, std::uint64_t flow_number,
                 const std::string& run_id, Random& random, std::vector<std::string>& values);

// 16 lower-case hexadecimal digits at `to`.
void write_hex16(std::uint64_t value, char* to);

// A flow's name as the shadow tag allows it: [a-z0-9_-]{1,32}.
std::string tag_flow_name(const std::string& name);

}  // namespace tidemark::drive
