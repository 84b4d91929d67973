#include "engine/drive/request_plan.h"

#include <algorithm>
#include <cctype>
#include <map>

#include "engine/drive/body_compiler.h"
#include "engine/drive/content_coding.h"
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

const schedule::Secrets& no_secrets() {
  static const schedule::Secrets none;
  return none;
}

const std::map<std::string, std::string>& nothing_given() {
  static const std::map<std::string, std::string> nothing;
  return nothing;
}

class Compiler {
 public:
  Compiler(const RequestPlan::Inputs& inputs, const FeederTables& feeders)
      : inputs_(inputs),
        given_(inputs.given != nullptr ? *inputs.given : nothing_given()),
        templates_({.scenario = inputs.scenario,
                    .secrets = inputs.secrets != nullptr ? *inputs.secrets : no_secrets(),
                    .feeders = feeders,
                    .given = given_}) {
    plan_.feeders = feeders;
  }

  Result<RequestPlan> compile() {
    for (const auto& flow : inputs_.scenario.flows) {
      auto compiled = compile_flow(flow);
      if (!compiled) return tl::make_unexpected(std::move(compiled.error()));
      plan_.flows.push_back(std::move(*compiled));
    }
    if (plan_.flows.empty())
      return fail(ExitCode::usage, inputs_.scenario.name, "no flow to send", "give --target URL");
    plan_.slots = templates_.slots();
    for (const auto& [name, value] : given_) plan_.given.emplace_back(templates_.slot_of(name), value);
    return std::move(plan_);
  }

 private:
  Result<CompiledFlow> compile_flow(const schedule::Flow& flow) {
    CompiledFlow compiled{.flow = &flow};
    std::string tag;
    if (inputs_.signer != nullptr) {
      tag = inputs_.signer->sign(inputs_.run_id, tag_flow_name(flow.name)).header_value();
    }
    const auto loads = inputs_.scenario.loads();
    const bool returns = std::any_of(loads.begin(), loads.end(), [](const schedule::Load* load) {
      return load->model == schedule::Load::Model::closed;
    });
    for (const auto& step : flow.steps) {
      const bool more = returns || flow.steps.size() > 1 || !flow.blocks.empty() || redirects_of(step) > 0;
      compiled.keeps_cookies |= inputs_.scenario.cookies && more && step.protocol == schedule::Protocol::http;
    }
    for (const auto& step : flow.steps) {
      auto one = compile_step(step, flow.name + "." + step.name, tag, compiled.keeps_cookies);
      if (!one) return tl::make_unexpected(std::move(one.error()));
      compiled.uses_state |= !one->constant || !one->capture_slots.empty() || one->prepared_anew ||
                             !step.after.empty() || is_drawn(step.think);
      compiled.traced |= one->trace_at != 0 || one->prepared.trace_field != Rendered::kNone;
      compiled.steps.push_back(std::move(*one));
    }
    compiled.program = FlowProgram::compile(flow, [this](const std::string& name) { return group_of(name); });
    compiled.uses_state |= !compiled.program.empty();
    for (const auto& block : flow.blocks) {
      for (const auto* condition :
           {block.condition ? &*block.condition : nullptr, block.loop ? &*block.loop : nullptr}) {
        if (condition == nullptr) continue;
        if (auto done = compile_condition(*condition, flow.name, compiled); !done)
          return tl::make_unexpected(std::move(done.error()));
      }
    }
    find_columns(compiled);
    return compiled;
  }

  static bool is_drawn(const schedule::ThinkTime& think) {
    return think.kind != schedule::ThinkTime::Kind::none && think.kind != schedule::ThinkTime::Kind::constant;
  }

  std::uint32_t redirects_of(const schedule::Step& step) const {
    return step.protocol == schedule::Protocol::http ? step.redirects.value_or(inputs_.scenario.redirects) : 0;
  }

  std::uint32_t group_of(const std::string& name) {
    const auto known = std::find(plan_.groups.begin(), plan_.groups.end(), name);
    if (known == plan_.groups.end()) {
      plan_.groups.push_back(name);
      return static_cast<std::uint32_t>(plan_.groups.size() - 1);
    }
    return static_cast<std::uint32_t>(known - plan_.groups.begin());
  }

  Result<void> compile_condition(const schedule::Condition& condition, const std::string& place, CompiledFlow& flow) {
    std::optional<Error> failed;
    for_each_template(condition, [&](const Template& text) {
      CompiledText compiled;
      auto pieces = templates_.compile(text, place, compiled.calls);
      if (!pieces) {
        failed = std::move(pieces.error());
        return;
      }
      compiled.pieces = std::move(*pieces);
      flow.conditions[&text] = std::move(compiled);
    });
    if (failed) return tl::make_unexpected(std::move(*failed));
    return {};
  }

  // The feeders' columns that stand in any template of the flow.
  void find_columns(CompiledFlow& flow) const {
    std::vector<std::uint32_t> used;
    const auto add = [&used](const Pieces& pieces) {
      for (const Piece& piece : pieces) used.push_back(piece.slot);
    };
    const auto add_calls = [&add](const CompiledCalls& calls) {
      for (const auto& call : calls) std::for_each(call.arguments.begin(), call.arguments.end(), add);
    };
    for (const auto& step : flow.steps) {
      for (const Pieces* pieces : {&step.target, &step.body, &step.authority}) add(*pieces);
      std::for_each(step.words.begin(), step.words.end(), add);
      for (const auto& [name, pieces] : step.fields) add(pieces);
      add_calls(step.calls);
    }
    for (const auto& [text, compiled] : flow.conditions) {
      add(compiled.pieces);
      add_calls(compiled.calls);
    }
    for (const auto& column : templates_.columns()) {
      if (std::find(used.begin(), used.end(), column.slot) != used.end()) flow.columns.push_back(column);
    }
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
    auto address = traffic::resolve_allowed(parsed->host, inputs_.targets);
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
      // What follows without a slash between would be part of the host.
      if (slash == std::string::npos && (compiled.target.front().slot != kNoSlot || compiled.target.size() > 1)) {
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
    auto origin = store_origin(step, {.tagged = inputs_.signer != nullptr, .targets = inputs_.targets}, place);
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
      auto message = templates_.compile(step.grpc->message, place, compiled.calls);
      if (!message) return tl::make_unexpected(std::move(message.error()));
      compiled.body = std::move(*message);
      return find_method(compiled, place);
    }
    for (const auto& word : step.store->words) {
      auto pieces = templates_.compile(word, place, compiled.calls);
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

  Result<void> check_host_field(const Template& value, const CompiledStep& compiled, const std::string& place) {
    if (!value.constant()) {
      return fail(ExitCode::refused_target, place, "the Host header must not hold a variable", "write the host out");
    }
    return traffic::check_host_field(value.text(), plan_.origins[compiled.origin].host, inputs_.targets);
  }

  Result<void> compile_fields(CompiledStep& compiled, const std::string& place, const std::string& tag) {
    bool own_host = false;
    const bool plain = plan_.origins[compiled.origin].plain();
    for (const auto& [name, value] : headers_of(*compiled.step)) {
      if (is_one_of(lower(name), {"content-length", "transfer-encoding", "connection"})) {
        return fail(ExitCode::usage, place, "header " + name + " is set by the generator", "remove it");
      }
      if (same_name(name, "host")) {
        own_host = true;
        if (auto checked = check_host_field(value, compiled, place); !checked) return checked;
      }
      auto pieces = templates_.compile(value, place, compiled.calls);
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

  // What of an answer somebody will look at.
  void compile_interest(CompiledStep& compiled, bool keeps_cookies) {
    using Kind = schedule::Capture::Kind;
    const schedule::Step& step = *compiled.step;
    for (const auto& capture : step.captures) {
      compiled.capture_slots.push_back(templates_.slot_of(capture.variable));
      compiled.keep_body |= capture.kind == Kind::json || capture.kind == Kind::regex;
      compiled.keep_headers |= capture.kind == Kind::header;
      compiled.keep_hints |= capture.kind == Kind::cookie;
    }
    for (const auto& check : step.checks) {
      compiled.keep_body |= check.kind == Check::Kind::body_contains || check.kind == Check::Kind::body_matches ||
                            check.kind == Check::Kind::json_equals || check.kind == Check::Kind::json_exists;
      compiled.keep_headers |= !check.header.empty();
    }
    if (!step.after.empty()) compiled.keep_body = compiled.keep_headers = true;
    if (step.protocol != schedule::Protocol::http) return;
    compiled.redirects = redirects_of(step);
    compiled.decodes = compiled.keep_body;
    const bool own_cookie = std::any_of(step.headers.begin(), step.headers.end(),
                                        [](const auto& header) { return same_name(header.first, "cookie"); });
    compiled.sends_cookies = keeps_cookies && !own_cookie;
    compiled.keep_hints |= keeps_cookies || compiled.redirects > 0 || compiled.decodes;
    compiled.follows_up = !step.after.empty();
  }

  Result<void> compile_http(CompiledStep& compiled, const std::string& place) {
    const schedule::Step& step = *compiled.step;
    auto target = templates_.compile(step.url, place, compiled.calls);
    if (!target) return tl::make_unexpected(std::move(target.error()));
    compiled.target = std::move(*target);
    auto body = compile_body(step, place, templates_, compiled.calls);
    if (!body) return tl::make_unexpected(std::move(body.error()));
    compiled.body = std::move(body->pieces);
    if (auto split = split_origin(compiled, place); !split) return tl::make_unexpected(std::move(split.error()));
    const auto add = [&](const char* name, std::string value) {
      const bool own = std::any_of(step.headers.begin(), step.headers.end(),
                                   [&](const auto& header) { return same_name(header.first, name); });
      if (!own && !value.empty()) compiled.fields.emplace_back(name, Pieces{{std::move(value), kNoSlot}});
    };
    add("content-type", std::move(body->content_type));
    if (inputs_.scenario.compression) add("accept-encoding", std::string(kAcceptedCodings));
    return {};
  }

  Result<CompiledStep> compile_step(const schedule::Step& step, const std::string& place, const std::string& tag,
                                    bool keeps_cookies) {
    CompiledStep compiled;
    compiled.step = &step;
    compiled.series = series_of(step.name);
    compiled.head = step.method == "HEAD";
    compiled.idempotent = is_one_of(step.method, {"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"});
    compile_interest(compiled, keeps_cookies);
    auto target = step.grpc || step.store ? compile_call(compiled, place) : compile_http(compiled, place);
    if (!target) return tl::make_unexpected(std::move(target.error()));
    if (auto fields = compile_fields(compiled, place, tag); !fields)
      return tl::make_unexpected(std::move(fields.error()));
    compiled.prepared_anew = !step.before.empty() || !compiled.calls.empty();
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
  const std::map<std::string, std::string>& given_;
  TemplateCompiler templates_;
  RequestPlan plan_;
  std::map<std::string, std::shared_ptr<const GrpcSchema>> schemas_;  // by file: steps share them
};

}  // namespace

Result<RequestPlan> RequestPlan::compile(const Inputs& inputs) {
  FeederTables feeders = inputs.feeders != nullptr ? *inputs.feeders : FeederTables();
  for (std::size_t i = feeders.size(); i < inputs.scenario.feeders.size(); ++i) {
    auto table = schedule::FeederTable::load(inputs.scenario.feeders[i]);
    if (!table) return tl::make_unexpected(std::move(table.error()));
    feeders.push_back(std::make_shared<const schedule::FeederTable>(std::move(*table)));
  }
  return Compiler(inputs, feeders).compile();
}

}  // namespace tidemark::drive
