#include "engine/drive/body_compiler.h"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "engine/core/random.h"
#include "engine/core/trace_id.h"
#include "engine/schedule/template_functions.h"

namespace tidemark::drive {
namespace {

bool is_literal(const Pieces& pieces) {
  return std::all_of(pieces.begin(), pieces.end(), [](const Piece& piece) { return piece.slot == 0xffff'ffff; });
}

void append_literal(Pieces& pieces, std::string text) {
  pieces.push_back({.literal = std::move(text)});
}

Result<CompiledBody> compile_form(const schedule::Step& step, const std::string& place, TemplateCompiler& templates,
                                  CompiledCalls& calls) {
  CompiledBody body{.pieces = {}, .content_type = "application/x-www-form-urlencoded"};
  for (const auto& field : step.form) {
    append_literal(body.pieces, (body.pieces.empty() ? "" : "&") + schedule::url_encoded(field.name) + "=");
    auto value = templates.compile(field.value, place, calls);
    if (!value) return tl::make_unexpected(std::move(value.error()));
    if (is_literal(*value)) {
      for (const Piece& piece : *value) append_literal(body.pieces, schedule::url_encoded(piece.literal));
    } else {
      body.pieces.push_back(templates.encoded(std::move(*value), calls));
    }
  }
  return body;
}

// A name in a header of a part: quotes and line breaks as browsers write them (HTML, "multipart/form-data encoding").
std::string quoted(const std::string& name) {
  std::string text = "\"";
  for (const char c : name) {
    if (c == '"')
      text += "%22";
    else if (c == '\r')
      text += "%0D";
    else if (c == '\n')
      text += "%0A";
    else
      text.push_back(c);
  }
  return text + "\"";
}

Result<std::string> file_bytes(const std::filesystem::path& file, const std::string& place) {
  std::error_code error;
  const auto size = std::filesystem::file_size(file, error);
  std::ifstream in(file, std::ios::binary);
  if (error || !in) return fail(ExitCode::environment, place, file.string() + " cannot be read");
  if (size > kMostPartBytes) return fail(ExitCode::usage, place, file.string() + " is larger than 64 MiB");
  return std::string(std::istreambuf_iterator<char>(in), {});
}

Result<CompiledBody> compile_multipart(const schedule::Step& step, const std::string& place,
                                       TemplateCompiler& templates, CompiledCalls& calls) {
  // 128 bits that no part holds but by design; the same in each run, so that equal seeds send equal bytes.
  Random drawn(0, "boundary/" + place);
  const std::string boundary = "tidemark-" + hex16(drawn.next()) + hex16(drawn.next());
  CompiledBody body{.pieces = {}, .content_type = "multipart/form-data; boundary=" + boundary};
  for (const auto& part : step.multipart) {
    const std::string filename =
        !part.filename.empty() || part.file.empty() ? part.filename : part.file.filename().string();
    const std::string type =
        !part.type.empty() || part.file.empty() ? part.type : std::string("application/octet-stream");
    std::string head = "--" + boundary + "\r\nContent-Disposition: form-data; name=" + quoted(part.name);
    if (!filename.empty()) head += "; filename=" + quoted(filename);
    if (!type.empty()) head += "\r\nContent-Type: " + type;
    append_literal(body.pieces, head + "\r\n\r\n");
    if (!part.file.empty()) {
      auto bytes = file_bytes(part.file, place);
      if (!bytes) return tl::make_unexpected(std::move(bytes.error()));
      append_literal(body.pieces, std::move(*bytes));
    } else {
      auto value = templates.compile(part.value, place, calls);
      if (!value) return tl::make_unexpected(std::move(value.error()));
      body.pieces.insert(body.pieces.end(), value->begin(), value->end());
    }
    append_literal(body.pieces, "\r\n");
  }
  append_literal(body.pieces, "--" + boundary + "--\r\n");
  return body;
}

}  // namespace

Result<CompiledBody> compile_body(const schedule::Step& step, const std::string& place, TemplateCompiler& templates,
                                  CompiledCalls& calls) {
  if (!step.form.empty()) return compile_form(step, place, templates, calls);
  if (!step.multipart.empty()) return compile_multipart(step, place, templates, calls);
  auto pieces = templates.compile(step.body, place, calls);
  if (!pieces) return tl::make_unexpected(std::move(pieces.error()));
  return CompiledBody{.pieces = std::move(*pieces), .content_type = ""};
}

}  // namespace tidemark::drive
