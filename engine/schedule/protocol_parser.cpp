#include "engine/schedule/protocol_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/schedule/scenario_parts.h"

namespace tidemark::schedule {
namespace {

using nlohmann::json;

constexpr std::int64_t kMostStreams = 10'000;  // on one connection

// What stands between the quotes of a JSON string.
std::string inside_quotes(const std::string& text) {
  const std::string quoted = json(text).dump(-1, ' ', false, json::error_handler_t::replace);
  return quoted.substr(1, quoted.size() - 2);
}

void append_literal(Template& to, const std::string& text) {
  if (text.empty()) return;
  if (to.pieces.empty() || !to.pieces.back().is_literal()) to.pieces.emplace_back();
  to.pieces.back().literal += text;
}

class MessageReader {
 public:
  MessageReader(const TemplateReader& text, Template& into) : text_(text), into_(into) {}

  void read(const YamlNode& node, const std::string& field) {
    switch (node.kind) {
      case YamlNode::Kind::null:
        return append_literal(into_, "null");
      case YamlNode::Kind::scalar:
        return scalar(node, field);
      case YamlNode::Kind::sequence:
        append_literal(into_, "[");
        for (std::size_t i = 0; i < node.items.size(); ++i) {
          if (i > 0) append_literal(into_, ",");
          read(*node.items[i], fmt::format("{}[{}]", field, i));
        }
        return append_literal(into_, "]");
      case YamlNode::Kind::map:
        break;
    }
    append_literal(into_, "{");
    bool first = true;
    for (const auto& [key, value] : node.pairs) {
      append_literal(into_, fmt::format("{}\"{}\":", std::exchange(first, false) ? "" : ",", inside_quotes(key->text)));
      read(*value, field + "." + key->text);
    }
    append_literal(into_, "}");
  }

 private:
  void scalar(const YamlNode& node, const std::string& field) {
    append_literal(into_, "\"");
    for (auto piece : text_(node, field).pieces) {
      if (!piece.is_literal()) {
        into_.pieces.push_back(std::move(piece));
      } else {
        append_literal(into_, inside_quotes(piece.literal));
      }
    }
    append_literal(into_, "\"");
  }

  const TemplateReader& text_;
  Template& into_;
};

// "package.Service/Method"
bool is_grpc_method(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto is_dotted = [](std::string_view name) {
    while (true) {
      const std::size_t dot = std::min(name.find('.'), name.size());
      if (!is_name(name.substr(0, dot))) return false;
      if (dot == name.size()) return true;
      name.remove_prefix(dot + 1);
    }
  };
  return slash != std::string_view::npos && is_dotted(text.substr(0, slash)) && is_name(text.substr(slash + 1));
}

// Names as HTTP/2 has them; "grpc-" is the protocol's own.
bool is_metadata_name(std::string_view text) {
  return !text.empty() && text.size() <= 256 && !text.starts_with("grpc-") && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  });
}

void read_metadata(ValueReader& reader, const YamlNode& node, const std::string& path, const TemplateReader& text,
                   GrpcCall& call) {
  if (!reader.is_map(node, path)) return;
  if (node.pairs.size() > kMostPerStep) reader.problem(node.line, path, "more than 100 entries");
  for (const auto& [key, value] : node.pairs) {
    const std::string field = path + "." + key->text;
    if (!is_metadata_name(key->text))
      reader.problem(key->line, field, "a name is a-z, 0-9, -, _ and ., and does not begin with grpc-");
    if (key->text.ends_with("-bin")) reader.problem(key->line, field, "binary metadata is not supported");
    call.metadata.emplace_back(key->text, text(*value, field));
  }
}

}  // namespace

HttpVersion read_http_version(ValueReader& reader, const YamlNode& node, const std::string& field) {
  static const std::vector<std::string> words = {"1.1", "2"};
  const auto index = reader.word(node, field, words);
  return !index ? HttpVersion::automatic : *index == 0 ? HttpVersion::http1 : HttpVersion::http2;
}

std::string http_version_text(HttpVersion version) {
  return version == HttpVersion::http1 ? "1.1" : version == HttpVersion::http2 ? "2" : "";
}

TlsOptions read_tls(ValueReader& reader, const YamlNode& node) {
  TlsOptions tls;
  if (!reader.is_map(node, "tls")) return tls;
  const Fields fields(reader, node, "tls", {"verify", "ca", "certificate", "key", "server_name"});
  if (const YamlNode* verify = fields.find("verify")) {
    static const std::vector<std::string> words = {"false", "true"};
    tls.verify = reader.word(*verify, "tls.verify", words).value_or(1) == 1;
  }
  const auto file = [&](const char* key, std::filesystem::path& into) {
    if (const YamlNode* found = fields.find(key)) into = reader.file(*found, fields.path(key));
  };
  file("ca", tls.ca);
  file("certificate", tls.certificate);
  file("key", tls.key);
  if (!tls.key.empty() && tls.certificate.empty()) reader.problem(node.line, "tls.key", "a key without a certificate");
  if (const YamlNode* name = fields.find("server_name")) {
    tls.server_name = reader.text(*name, "tls.server_name").value_or("");
    if (tls.server_name.empty() || tls.server_name.size() > 253)
      reader.problem(name->line, "tls.server_name", "1 to 253 bytes");
  }
  return tls;
}

std::uint32_t read_streams(ValueReader& reader, const YamlNode& node) {
  const std::uint32_t usual = Scenario{}.streams;
  if (!reader.is_map(node, "http2")) return usual;
  const Fields fields(reader, node, "http2", {"streams"});
  const YamlNode* streams = fields.require("streams");
  if (streams == nullptr) return usual;
  return static_cast<std::uint32_t>(reader.integer(*streams, "http2.streams", 1, kMostStreams).value_or(usual));
}

GrpcCall read_grpc(ValueReader& reader, const YamlNode& node, const std::string& path, const TemplateReader& text) {
  GrpcCall call;
  if (!reader.is_map(node, path)) return call;
  const Fields fields(reader, node, path, {"target", "proto", "descriptor_set", "method", "message", "metadata"});
  if (const YamlNode* target = fields.find("target")) {
    call.target = reader.text(*target, fields.path("target")).value_or("");
    if (!is_target(call.target))
      reader.problem(target->line, fields.path("target"),
                     "must be scheme, host and port, as in http://127.0.0.1:50051");
  }
  const YamlNode* proto = fields.find("proto");
  const YamlNode* set = fields.find("descriptor_set");
  if (proto != nullptr) call.proto = reader.file(*proto, fields.path("proto"));
  if (set != nullptr) call.descriptor_set = reader.file(*set, fields.path("descriptor_set"));
  if ((proto == nullptr) == (set == nullptr))
    reader.problem(node.line, path, "needs exactly one of proto: FILE, descriptor_set: FILE");
  if (const YamlNode* method = fields.require("method")) {
    call.method = reader.text(*method, fields.path("method")).value_or("");
    if (!is_grpc_method(call.method))
      reader.problem(method->line, fields.path("method"), "must be package.Service/Method, as in shop.Product/Get");
  }
  const YamlNode* message = fields.find("message");
  if (message == nullptr || message->kind == YamlNode::Kind::null) {
    append_literal(call.message, "{}");
  } else if (reader.is_map(*message, fields.path("message"))) {
    MessageReader(text, call.message).read(*message, fields.path("message"));
  }
  if (const YamlNode* metadata = fields.find("metadata"))
    read_metadata(reader, *metadata, fields.path("metadata"), text, call);
  return call;
}

json tls_json(const TlsOptions& tls) {
  json result = json::object();
  if (!tls.verify) result["verify"] = false;
  const auto put = [&result](const char* key, const std::string& value) {
    if (!value.empty()) result[key] = source_of(Template::of(value));
  };
  put("ca", tls.ca.string());
  put("certificate", tls.certificate.string());
  put("key", tls.key.string());
  put("server_name", tls.server_name);
  return result;
}

json grpc_json(const GrpcCall& call) {
  const auto escaped = [](const std::string& text) { return source_of(Template::of(text)); };
  json result = {{"method", call.method}, {"message", json::parse(source_of(call.message), nullptr, false)}};
  if (!call.target.empty()) result["target"] = escaped(call.target);
  if (!call.proto.empty()) result["proto"] = escaped(call.proto.string());
  if (!call.descriptor_set.empty()) result["descriptor_set"] = escaped(call.descriptor_set.string());
  for (const auto& [name, value] : call.metadata) result["metadata"][name] = source_of(value);
  return result;
}

}  // namespace tidemark::schedule
