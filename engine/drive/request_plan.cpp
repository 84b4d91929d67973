#include "engine/drive/request_plan.h"

#include <immintrin.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>
#include <map>

#include "engine/drive/grpc_method.h"
#include "engine/drive/store_origin.h"
#include "engine/traffic/target_guard.h"

namespace tidemark::drive {
namespace {

using schedule::Check;
using schedule::Template;

bool is_one_of(const std::string& text, std::initializer_list<const char*> words) {
  return std::any_of(words.begin(), words.end(), [&](const char* word) { return text == word; });
}

bool same_name(const std::string& a, const std::string& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

class Compiler {
 public:
  explicit Compiler(const RequestPlan::Inputs& inputs) : inputs_(inputs) {}

  Result<RequestPlan> compile() {
    collect_slots();
    for (const auto& flow : inputs_.scenario.flows) {
      CompiledFlow compiled;
      std::string tag;
      if (inputs_.signer != nullptr) {
        tag = inputs_.signer->sign(inputs_.run_id, tag_flow_name(flow.name)).header_value();
      }
      for (const auto& step : flow.steps) {
        auto one = compile_step(step, flow.name + "." + step.name, tag);
        if (!one) return tl::make_unexpected(std::move(one.error()));
        compiled.uses_values |= !one->constant || !one->capture_slots.empty();
        compiled.traced |= one->trace_at != 0 || one->prepared.trace_field != Rendered::kNone;
        compiled.steps.push_back(std::move(*one));
      }
      plan_.flows.push_back(std::move(compiled));
    }
    if (plan_.flows.empty())
      return fail(ExitCode::usage, inputs_.scenario.name, "no flow to send", "give --target URL");
    return std::move(plan_);
  }

 private:
  void collect_slots() {
    plan_.slots = {"flow_id", "run_id"};
    for (const auto& variable : inputs_.scenario.variables) plan_.slots.push_back(variable.name);
    for (const auto& flow : inputs_.scenario.flows)
      for (const auto& step : flow.steps)
        for (const auto& capture : step.captures) plan_.slots.push_back(capture.variable);
    for (std::size_t i = plan_.slots.size(); i-- > 0;) slot_of_[plan_.slots[i]] = static_cast<std::uint32_t>(i);
  }

  Result<Pieces> pieces_of(const Template& text, const std::string& place) {
    Pieces pieces;
    for (const auto& piece : text.pieces) {
      Piece& made = pieces.emplace_back();
      made.literal = piece.literal;
      if (!piece.call.empty()) {
        return fail(ExitCode::usage, place, source_of(text) + " calls a function, which runs cannot do yet");
      }
      if (piece.variable.empty()) continue;
      const auto slot = slot_of_.find(piece.variable);
      if (slot == slot_of_.end()) {
        return fail(ExitCode::usage, place, "unknown variable ${" + piece.variable + "}",
                    "declare it under variables, capture it, or give -e " + piece.variable + "=VALUE");
      }
      made.slot = slot->second;
    }
    return pieces;
  }

  Result<std::uint32_t> origin_of(const std::string& url, const schedule::Step& step, const std::string& place) {
    auto parsed = traffic::parse_target(url, {"http", "https"});
    if (!parsed) return tl::make_unexpected(std::move(parsed.error()));
    for (std::size_t i = 0; i < plan_.origins.size(); ++i) {
      const Origin& known = plan_.origins[i];
      if (known.host == parsed->host && known.port == parsed->port && known.scheme == parsed->scheme &&
          known.protocol == step.protocol && known.http_version == step.http_version)
        return static_cast<std::uint32_t>(i);
    }
    auto address = traffic::resolve_allowed(parsed->host);
    if (!address) {
      Error error = std::move(address.error());
      if (error.place.empty()) error.place = place;
      return tl::make_unexpected(std::move(error));
    }
    const std::string host = parsed->host.find(':') == std::string::npos ? parsed->host : "[" + parsed->host + "]";
    const bool default_port = parsed->port == (parsed->scheme == "https" ? 443 : 80);
    plan_.origins.push_back({.scheme = parsed->scheme,
                             .host = parsed->host,
                             .port = parsed->port,
                             .authority = default_port ? host : host + ":" + std::to_string(parsed->port),
                             .address = *address,
                             .protocol = step.protocol,
                             .http_version = step.http_version});
    Origin& made = plan_.origins.back();
    if (made.scheme == "https") {
      const bool only_h2 = step.protocol == schedule::Protocol::grpc;
      auto tls = make_tls_context(inputs_.scenario.tls, only_h2 ? schedule::HttpVersion::http2 : step.http_version);
      if (!tls) return tl::make_unexpected(std::move(tls.error()));
      made.tls = std::move(*tls);
    }
    return static_cast<std::uint32_t>(plan_.origins.size() - 1);
  }

  // Splits the origin off the target's first literal; what remains starts with "/".
  Result<void> split_origin(CompiledStep& compiled, const std::string& place) {
    if (compiled.target.empty()) compiled.target.push_back({"/", kNoSlot});
    std::string& first = compiled.target.front().literal;
    std::string base = inputs_.scenario.target;
    if (first.find("://") != std::string::npos) {
      const std::size_t slash = first.find_first_of("/?", first.find("://") + 3);
      if (slash == std::string::npos && compiled.target.front().slot != kNoSlot) {
        return fail(ExitCode::usage, place, "the host must not hold a variable", "put the variable into the path");
      }
      base = first.substr(0, slash);
      first = slash == std::string::npos ? "/" : first.substr(slash);
    }
    if (base.empty()) return fail(ExitCode::usage, place, "no target to send to", "give --target URL or --stack DIR");
    if ((first.empty() && compiled.target.front().slot == kNoSlot) || (!first.empty() && first.front() != '/')) {
      first.insert(first.begin(), '/');
    }
    auto origin = origin_of(base, *compiled.step, place);
    if (!origin) return tl::make_unexpected(std::move(origin.error()));
    compiled.origin = *origin;
    return {};
  }

  Result<std::uint32_t> store_origin_of(const schedule::Step& step, const std::string& place) {
    auto origin = store_origin(step, inputs_.signer != nullptr, place);
    if (!origin) return tl::make_unexpected(std::move(origin.error()));
    const auto known = std::find_if(plan_.origins.begin(), plan_.origins.end(), [&](const Origin& other) {
      return other.protocol == origin->protocol && other.store == origin->store;
    });
    const auto index = static_cast<std::uint32_t>(known - plan_.origins.begin());
    if (known == plan_.origins.end()) plan_.origins.push_back(std::move(*origin));
    return index;
  }

  // gRPC: the method is the path. Stores: the command's words.
  Result<void> compile_call(CompiledStep& compiled, const std::string& place) {
    const schedule::Step& step = *compiled.step;
    std::string base = step.grpc ? step.grpc->target : "";
    if (base.empty()) base = inputs_.scenario.target;
    if (step.grpc && base.empty())
      return fail(ExitCode::usage, place, "no target to send to", "give the step a target");
    auto origin = step.grpc ? origin_of(base, step, place) : store_origin_of(step, place);
    if (!origin) return tl::make_unexpected(std::move(origin.error()));
    compiled.origin = *origin;
    compiled.idempotent = false;
    if (step.grpc) {
      compiled.target = {{"/" + step.grpc->method, kNoSlot}};
      auto message = pieces_of(step.grpc->message, place);
      if (!message) return tl::make_unexpected(std::move(message.error()));
      compiled.body = std::move(*message);
      return find_method(compiled, place);
    }
    for (const auto& word : step.store->words) {
      auto pieces = pieces_of(word, place);
      if (!pieces) return tl::make_unexpected(std::move(pieces.error()));
      compiled.words.push_back(std::move(*pieces));
    }
    return {};
  }

  Result<void> find_method(CompiledStep& compiled, const std::string& place) {
    const schedule::GrpcCall& call = *compiled.step->grpc;
    auto& schema = schemas_[call.proto.string() + '\n' + call.descriptor_set.string()];
    if (!schema) {
      auto loaded = GrpcSchema::load(call);
      if (!loaded) return tl::make_unexpected(std::move(loaded.error()));
      schema = std::move(*loaded);
    }
    auto method = GrpcMethod::find(schema, call.method);
    if (!method) return tl::make_unexpected(std::move(method.error()));
    compiled.grpc = std::move(*method);
    std::string json;
    render(compiled.body, {}, RenderFor::json, json);
    std::string problem = compiled.grpc->unknown_field(json);
    if (problem.empty() && is_constant_text(compiled.body)) compiled.grpc->encode(json, compiled.grpc_frame, problem);
    if (problem.empty()) return {};
    return fail(ExitCode::usage, place, "grpc.message: " + problem, "write it as " + call.method + " wants it");
  }

  static const std::vector<std::pair<std::string, Template>>& headers_of(const schedule::Step& step) {
    return step.grpc ? step.grpc->metadata : step.store ? step.store->headers : step.headers;
  }

  // What a channel gets with each request of the step.
  void prepare(CompiledStep& compiled, const std::string& tag) {
    Rendered& prepared = compiled.prepared;
    prepared.method = compiled.step->grpc ? "POST" : compiled.step->method;
    if (compiled.authority.empty()) compiled.authority = {{plan_.origins[compiled.origin].authority, kNoSlot}};
    if (!tag.empty()) {
      prepared.fields.push_back({std::string(traffic::kShadowHeader), tag});
      prepared.trace_field = prepared.fields.size();
      prepared.fields.push_back({"traceparent", "00-" + std::string(RequestPlan::kTraceIdDigits, '0') + "-" +
                                                    std::string(RequestPlan::kSpanIdDigits, '0') + "-01"});
    }
    if (!compiled.constant) return;
    Rendered whole;
    render_fields(compiled, {}, nullptr, whole);
    prepared = std::move(whole);
    prepared.lasting = true;
  }

  std::uint32_t series_of(const std::string& name) {
    const auto known = std::find(plan_.series.begin(), plan_.series.end(), name);
    if (known != plan_.series.end()) return static_cast<std::uint32_t>(known - plan_.series.begin());
    if (plan_.series.size() == RequestPlan::kMaxSeries - 1) plan_.series.emplace_back("other");
    if (plan_.series.size() == RequestPlan::kMaxSeries) return RequestPlan::kMaxSeries - 1;
    plan_.series.push_back(name);
    return static_cast<std::uint32_t>(plan_.series.size() - 1);
  }

  Result<void> compile_fields(CompiledStep& compiled, const std::string& place, const std::string& tag) {
    bool own_host = false;
    const bool plain = plan_.origins[compiled.origin].plain();
    for (const auto& [name, value] : headers_of(*compiled.step)) {
      if (is_one_of(lower(name), {"content-length", "transfer-encoding", "connection"})) {
        return fail(ExitCode::usage, place, "header " + name + " is set by the generator", "remove it");
      }
      own_host |= same_name(name, "host");
      auto pieces = pieces_of(value, place);
      if (!pieces) return tl::make_unexpected(std::move(pieces.error()));
      if (!plain && compiled.step->protocol == schedule::Protocol::http && same_name(name, "host")) {
        compiled.authority = std::move(*pieces);
        continue;
      }
      compiled.fields.emplace_back(plain || compiled.step->store ? name : lower(name), std::move(*pieces));
    }
    if (!plain) return {};
    std::string& fixed = compiled.fixed_fields;
    fixed = " HTTP/1.1\r\n";
    if (!own_host) fixed += "Host: " + plan_.origins[compiled.origin].authority + "\r\n";
    if (!tag.empty()) {
      fixed += std::string(traffic::kShadowHeader) + ": " + tag + "\r\ntraceparent: 00-";
      compiled.trace_at = fixed.size();
      fixed += std::string(RequestPlan::kTraceIdDigits, '0') + "-" + std::string(RequestPlan::kSpanIdDigits, '0') +
               "-01\r\n";
    }
    return {};
  }

  Result<CompiledStep> compile_step(const schedule::Step& step, const std::string& place, const std::string& tag) {
    CompiledStep compiled;
    compiled.step = &step;
    compiled.series = series_of(step.name);
    compiled.head = step.method == "HEAD";
    compiled.idempotent = is_one_of(step.method, {"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"});
    for (const auto& capture : step.captures) {
      compiled.capture_slots.push_back(slot_of_.at(capture.variable));
      (capture.header.empty() ? compiled.keep_body : compiled.keep_headers) = true;
    }
    for (const auto& check : step.checks) {
      compiled.keep_body |= check.kind == Check::Kind::body_contains || check.kind == Check::Kind::body_matches ||
                            check.kind == Check::Kind::json_equals || check.kind == Check::Kind::json_exists;
      compiled.keep_headers |= !check.header.empty();
    }
    if (step.grpc || step.store) {
      if (auto call = compile_call(compiled, place); !call) return tl::make_unexpected(std::move(call.error()));
    } else {
      auto target = pieces_of(step.url, place);
      if (!target) return tl::make_unexpected(std::move(target.error()));
      compiled.target = std::move(*target);
      auto body = pieces_of(step.body, place);
      if (!body) return tl::make_unexpected(std::move(body.error()));
      compiled.body = std::move(*body);
      if (auto split = split_origin(compiled, place); !split) return tl::make_unexpected(std::move(split.error()));
    }
    if (auto fields = compile_fields(compiled, place, tag); !fields)
      return tl::make_unexpected(std::move(fields.error()));
    const bool empty_body = std::all_of(compiled.body.begin(), compiled.body.end(), [](const Piece& piece) {
      return piece.literal.empty() && piece.slot == kNoSlot;
    });
    compiled.sends_length = !empty_body || is_one_of(step.method, {"POST", "PUT", "PATCH"});
    compiled.target_from_log = inputs_.replay;
    compiled.constant = !inputs_.replay && is_constant(compiled);
    if (!plan_.origins[compiled.origin].plain()) {
      prepare(compiled, tag);
      return compiled;
    }
    if (compiled.constant) compiled.trace_at = render_request(compiled, {}, nullptr, compiled.bytes);
    return compiled;
  }

  static std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text;
  }

  static bool is_constant_text(const Pieces& pieces) {
    return std::all_of(pieces.begin(), pieces.end(), [](const Piece& piece) { return piece.slot == kNoSlot; });
  }

  static bool is_constant(const CompiledStep& step) {
    const auto constant = is_constant_text;
    return constant(step.target) && constant(step.body) && constant(step.authority) &&
           std::all_of(step.words.begin(), step.words.end(), constant) &&
           std::all_of(step.fields.begin(), step.fields.end(),
                       [&](const auto& field) { return constant(field.second); });
  }

  static constexpr std::uint32_t kNoSlot = 0xffff'ffff;
  const RequestPlan::Inputs& inputs_;
  RequestPlan plan_;
  std::map<std::string, std::uint32_t> slot_of_;
  std::map<std::string, std::shared_ptr<const GrpcSchema>> schemas_;  // by file: steps share them
};

constexpr std::array<char, 16> kHexDigits = {'0', '1', '2', '3', '4', '5', '6', '7',
                                             '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'};

void append_json(char c, std::string& out) {
  const auto byte = static_cast<unsigned char>(c);
  if (c == '"' || c == '\\') {
    out.push_back('\\');
    out.push_back(c);
  } else if (byte < ' ') {
    out.append("\\u00").push_back(kHexDigits[byte >> 4U]);
    out.push_back(kHexDigits[byte & 15U]);
  } else {
    out.push_back(c);
  }
}

void append_cleaned(std::string_view text, RenderFor where, std::string& out) {
  if (where == RenderFor::body) {
    out.append(text);
    return;
  }
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (where == RenderFor::url && (byte <= ' ' || byte > '~')) {
      out.push_back('%');
      out.push_back(static_cast<char>(std::toupper(kHexDigits[byte >> 4U])));
      out.push_back(static_cast<char>(std::toupper(kHexDigits[byte & 15U])));
    } else if (where == RenderFor::field && (c == '\r' || c == '\n' || c == '\0')) {
      out.push_back(' ');
    } else if (where == RenderFor::json) {
      append_json(c, out);
    } else {
      out.push_back(c);
    }
  }
}

}  // namespace

Result<RequestPlan> RequestPlan::compile(const Inputs& inputs) {
  return Compiler(inputs).compile();
}

void render(const Pieces& pieces, const std::vector<std::string>& values, RenderFor where, std::string& out) {
  for (const Piece& piece : pieces) {
    append_cleaned(piece.literal, where == RenderFor::json ? RenderFor::body : where, out);
    if (piece.slot < values.size()) append_cleaned(values[piece.slot], where, out);
  }
}

std::size_t render_request(const CompiledStep& step, const std::vector<std::string>& values,
                           const std::string* logged_target, std::string& out) {
  out.assign(step.step->method);
  out.push_back(' ');
  if (step.target_from_log && logged_target != nullptr) {
    append_cleaned(*logged_target, RenderFor::url, out);
  } else {
    render(step.target, values, RenderFor::url, out);
  }
  const std::size_t trace_at = step.trace_at == 0 ? 0 : out.size() + step.trace_at;
  out.append(step.fixed_fields);
  for (const auto& [name, pieces] : step.fields) {
    out.append(name).append(": ");
    render(pieces, values, RenderFor::field, out);
    out.append("\r\n");
  }
  if (step.sends_length) {
    std::string body;
    render(step.body, values, RenderFor::body, body);
    out.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n\r\n").append(body);
  } else {
    out.append("\r\n");
  }
  return trace_at;
}

void render_fields(const CompiledStep& step, const std::vector<std::string>& values, const std::string* logged_target,
                   Rendered& out) {
  const Rendered& same = step.prepared;
  const auto fill = [&values](const Pieces& pieces, RenderFor where, std::string& into) {
    into.clear();
    render(pieces, values, where, into);
  };
  out.method = same.method;
  fill(step.authority, RenderFor::field, out.authority);
  if (step.target_from_log && logged_target != nullptr) {
    out.target.clear();
    append_cleaned(*logged_target, RenderFor::url, out.target);
  } else {
    fill(step.target, RenderFor::url, out.target);
  }
  out.fields.resize(same.fields.size() + step.fields.size());
  std::copy(same.fields.begin(), same.fields.end(), out.fields.begin());
  for (std::size_t i = 0; i < step.fields.size(); ++i) {
    Rendered::Field& field = out.fields[same.fields.size() + i];
    field.name = step.fields[i].first;
    fill(step.fields[i].second, RenderFor::field, field.value);
  }
  out.trace_field = same.trace_field;
  fill(step.body, step.step->grpc ? RenderFor::json : RenderFor::body, out.body);
  out.words.resize(step.words.size());
  for (std::size_t i = 0; i < step.words.size(); ++i) fill(step.words[i], RenderFor::body, out.words[i]);
}

void draw_values(const RequestPlan& plan, const schedule::Scenario& scenario, std::uint64_t flow_number,
                 const std::string& run_id, Random& random, std::vector<std::string>& values) {
  using Kind = schedule::Variable::Kind;
  values.resize(plan.slots.size());
  values[RequestPlan::kFlowIdSlot] = std::to_string(flow_number);
  values[RequestPlan::kRunIdSlot] = run_id;
  std::uint32_t slot = RequestPlan::kFirstVariableSlot;
  for (const auto& variable : scenario.variables) {
    std::string& value = values[slot++];
    const auto span = static_cast<std::uint64_t>(variable.high - variable.low) + 1;  // 0: all 2^64
    switch (variable.kind) {
      case Kind::constant:
        value = variable.values.empty() ? "" : variable.values.front();
        break;
      case Kind::choice:
        value = variable.values.empty() ? "" : variable.values[random.below(variable.values.size())];
        break;
      case Kind::random:
        value =
            std::to_string(variable.low + static_cast<std::int64_t>(span == 0 ? random.next() : random.below(span)));
        break;
      case Kind::sequence:
        value = std::to_string(variable.low + static_cast<std::int64_t>(flow_number));
        break;
    }
  }
}

namespace {

// Eight hexadecimal digits at once: a nibble to each byte, then 0-9 and a-f by arithmetic on all bytes together.
std::uint64_t eight_digits(std::uint32_t value) {
  const std::uint64_t nibbles = __builtin_bswap64(_pdep_u64(value, 0x0f0f'0f0f'0f0f'0f0f));
  const std::uint64_t letters = ((nibbles + 0x0606'0606'0606'0606) >> 4U) & 0x0101'0101'0101'0101;
  return nibbles + 0x3030'3030'3030'3030 + letters * ('a' - '0' - 10);
}

}  // namespace

void write_hex16(std::uint64_t value, char* to) {
  const std::uint64_t high = eight_digits(static_cast<std::uint32_t>(value >> 32U));
  const std::uint64_t low = eight_digits(static_cast<std::uint32_t>(value));
  std::memcpy(to, &high, sizeof(high));
  std::memcpy(to + sizeof(high), &low, sizeof(low));
}

std::string tag_flow_name(const std::string& name) {
  std::string tagged;
  for (const char c : name.substr(0, 32)) {
    const auto lower = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    const bool allowed =
        (lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9') || lower == '_' || lower == '-';
    tagged.push_back(allowed ? lower : '_');
  }
  return tagged.empty() ? "flow" : tagged;
}

}  // namespace tidemark::drive
