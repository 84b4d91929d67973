#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "engine/schedule/protocol_parser.h"
#include "engine/schedule/scenario_parts.h"
#include "engine/schedule/step_parts.h"

namespace tidemark::schedule {
namespace {

const std::vector<std::string>& methods() {
  static const std::vector<std::string> words = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
  return words;
}

bool any_literal(const Template& text, bool (*bad)(char)) {
  return std::ranges::any_of(text.pieces, [bad](const auto& piece) { return std::ranges::any_of(piece.literal, bad); });
}

bool is_control(char c) {
  return (c >= 0 && c < ' ') || c == 0x7f;
}
bool is_control_or_blank(char c) {
  return is_control(c) || c == ' ';
}
bool is_control_but_tab(char c) {
  return is_control(c) && c != '\t';
}

class RequestReader {
 public:
  RequestReader(ValueReader& reader, const Scope& scope, Step& step) : reader_(reader), scope_(scope), step_(step) {}

  void url(const YamlNode& node, const std::string& field);
  void headers(const YamlNode& node, const std::string& path);
  void bodies(const Fields& fields);

 private:
  void form(const YamlNode& node, const std::string& path);
  void field(const YamlNode& node, const std::string& path);
  void multipart(const YamlNode& node, const std::string& path);
  Part part(const YamlNode& node, const std::string& path);
  // Text that goes into a header of the part.
  std::string plain(const YamlNode& node, const std::string& field);

  ValueReader& reader_;
  const Scope& scope_;
  Step& step_;
};

void RequestReader::url(const YamlNode& node, const std::string& field) {
  const bool empty = node.kind == YamlNode::Kind::scalar && node.text.empty();
  step_.url = read_template(reader_, node, field, scope_);
  if (step_.url.empty() && !empty) return;
  const std::string begin = empty ? "" : step_.url.pieces.front().literal;
  if ((empty || step_.url.pieces.front().is_literal()) && !begin.starts_with('/') && !begin.starts_with("http://") &&
      !begin.starts_with("https://")) {
    reader_.problem(node.line, field, fmt::format("'{}' must begin with /, http:// or https://", begin));
  }
  if (any_literal(step_.url, is_control_or_blank)) {
    reader_.problem(node.line, field, "holds a blank or a control character: write it as %20");
  }
}

void RequestReader::headers(const YamlNode& node, const std::string& path) {
  if (!reader_.is_map(node, path)) return;
  if (node.pairs.size() > kMostPerStep) {
    reader_.problem(node.line, path, fmt::format("more than {} headers", kMostPerStep));
    return;
  }
  for (const auto& [key, value] : node.pairs) {
    const std::string field = path + "." + key->text;
    if (!is_header_name(key->text)) reader_.problem(key->line, field, "not a header name");
    Template text = read_template(reader_, *value, field, scope_);
    if (any_literal(text, is_control_but_tab)) {
      reader_.problem(value->line, field, "holds a line break or a control character");
    }
    step_.headers.emplace_back(key->text, std::move(text));
  }
}

void RequestReader::bodies(const Fields& fields) {
  const YamlNode* body = fields.find("body");
  const YamlNode* as_form = fields.find("form");
  const YamlNode* parts = fields.find("multipart");
  if ((body != nullptr) + (as_form != nullptr) + (parts != nullptr) > 1) {
    reader_.problem(fields.line(), fields.path("body"), "at most one of body, form, multipart");
    return;
  }
  if (body != nullptr) step_.body = read_template(reader_, *body, fields.path("body"), scope_);
  if (as_form != nullptr) form(*as_form, fields.path("form"));
  if (parts != nullptr) multipart(*parts, fields.path("multipart"));
}

// A map, or a list of {name, value} where the same name comes twice.
void RequestReader::form(const YamlNode& node, const std::string& path) {
  const bool list = node.kind == YamlNode::Kind::sequence;
  if (list ? !reader_.is_sequence(node, path, kMostPerStep) : !reader_.is_map(node, path)) return;
  if (node.pairs.size() > kMostPerStep) {
    reader_.problem(node.line, path, fmt::format("more than {} fields", kMostPerStep));
    return;
  }
  if (node.pairs.empty() && node.items.empty()) reader_.problem(node.line, path, "needs at least one field");
  for (const auto& [key, value] : node.pairs) {
    step_.form.push_back({key->text, read_template(reader_, *value, path + "." + key->text, scope_)});
  }
  for (std::size_t i = 0; i < node.items.size(); ++i) field(*node.items[i], fmt::format("{}[{}]", path, i));
}

void RequestReader::field(const YamlNode& node, const std::string& path) {
  if (!reader_.is_map(node, path)) return;
  const Fields fields(reader_, node, path, {"name", "value"});
  FormField made;
  if (const YamlNode* name = fields.require("name")) made.name = reader_.text(*name, fields.path("name")).value_or("");
  if (const YamlNode* value = fields.require("value")) {
    made.value = read_template(reader_, *value, fields.path("value"), scope_);
  }
  step_.form.push_back(std::move(made));
}

void RequestReader::multipart(const YamlNode& node, const std::string& path) {
  if (!reader_.is_sequence(node, path, kMostPerStep)) return;
  if (node.items.empty()) reader_.problem(node.line, path, "needs at least one part");
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    step_.multipart.push_back(part(*node.items[i], fmt::format("{}[{}]", path, i)));
  }
}

Part RequestReader::part(const YamlNode& node, const std::string& path) {
  Part part;
  if (!reader_.is_map(node, path)) return part;
  const Fields fields(reader_, node, path, {"name", "value", "file", "filename", "type"});
  const YamlNode* value = fields.find("value");
  const YamlNode* file = fields.find("file");
  if ((value != nullptr) == (file != nullptr)) reader_.problem(node.line, path, "needs exactly one of value, file");
  if (value != nullptr) part.value = read_template(reader_, *value, fields.path("value"), scope_);
  if (file != nullptr) part.file = reader_.file(*file, fields.path("file"));
  if (const YamlNode* name = fields.require("name")) part.name = plain(*name, fields.path("name"));
  if (const YamlNode* filename = fields.find("filename")) part.filename = plain(*filename, fields.path("filename"));
  if (const YamlNode* type = fields.find("type")) part.type = plain(*type, fields.path("type"));
  return part;
}

std::string RequestReader::plain(const YamlNode& node, const std::string& field) {
  const std::string text = reader_.text(node, field).value_or("?");
  if (text.empty() || text.size() > 256 || std::ranges::any_of(text, is_control)) {
    reader_.problem(node.line, field, "1 to 256 bytes without control characters");
  }
  return text;
}

// False: the step is no gRPC call.
bool read_grpc_step(ValueReader& reader, const Fields& fields, const Scope& scope, Step& step) {
  const YamlNode* node = fields.find("grpc");
  if (node == nullptr) return false;
  step.protocol = Protocol::grpc;
  step.grpc = read_grpc(reader, *node, fields.path("grpc"), [&](const YamlNode& value, const std::string& field) {
    return read_template(reader, value, field, scope);
  });
  std::vector<std::string_view> others = {"request", "headers", "body", "form", "multipart", "http", "redirects"};
  others.insert(others.end(), kMethodKeys.begin(), kMethodKeys.end());
  for (const std::string_view key : others) {
    if (fields.find(key) != nullptr)
      reader.problem(fields.line(), fields.path(key), "does not go with grpc, which has message and metadata");
  }
  return true;
}

// False: the step calls no store.
bool read_store_step(ValueReader& reader, const Fields& fields, const Scope& scope, Step& step) {
  auto protocol = static_cast<std::uint8_t>(Protocol::redis);
  for (const std::string_view key : kStoreKeys) {
    const YamlNode* node = fields.find(key);
    if (node == nullptr) {
      ++protocol;
      continue;
    }
    read_store_call(reader, *node, fields.path(key), static_cast<Protocol>(protocol), scope, step);
    std::vector<std::string_view> others = {"request",   "headers", "body",      "form",
                                            "multipart", "http",    "redirects", "grpc"};
    others.insert(others.end(), kMethodKeys.begin(), kMethodKeys.end());
    others.insert(others.end(), kStoreKeys.begin(), kStoreKeys.end());
    for (const std::string_view other : others) {
      if (other != key && fields.find(other) != nullptr)
        reader.problem(fields.line(), fields.path(other), fmt::format("not in a {} step", key));
    }
    return true;
  }
  return false;
}

}  // namespace

void read_request(ValueReader& reader, const Fields& fields, const Scope& scope, Step& step) {
  if (read_store_step(reader, fields, scope, step) || read_grpc_step(reader, fields, scope, step)) return;
  if (const YamlNode* node = fields.find("http"))
    step.http_version = read_http_version(reader, *node, fields.path("http"));
  RequestReader request(reader, scope, step);
  const YamlNode* long_form = fields.find("request");
  int given = long_form != nullptr ? 1 : 0;
  std::size_t method = 0;
  for (const std::string_view key : kMethodKeys) {
    if (const YamlNode* node = fields.find(key)) {
      ++given;
      step.method = methods()[method];
      request.url(*node, fields.path(key));
    }
    ++method;
  }
  if (given != 1) {
    reader.problem(fields.line(), fields.path("request"),
                   fmt::format("step '{}' needs exactly one of {}, request, grpc, {}", step.name,
                               fmt::join(kMethodKeys, ", "), fmt::join(kStoreKeys, ", ")));
    return;
  }
  const auto rest = [&](const Fields& from) {
    if (const YamlNode* node = from.find("headers")) request.headers(*node, from.path("headers"));
    request.bodies(from);
  };
  rest(fields);
  if (long_form == nullptr || !reader.is_map(*long_form, fields.path("request"))) return;
  const Fields inner(reader, *long_form, fields.path("request"),
                     {"method", "url", "headers", "body", "form", "multipart"});
  if (const YamlNode* node = inner.find("method")) {
    if (const auto index = reader.word(*node, inner.path("method"), methods())) step.method = methods()[*index];
  }
  if (const YamlNode* node = inner.require("url")) request.url(*node, inner.path("url"));
  rest(inner);
  if (!step.body.empty() + !step.form.empty() + !step.multipart.empty() > 1) {
    reader.problem(fields.line(), fields.path("request"), "at most one of body, form, multipart");
  }
}

}  // namespace tidemark::schedule
