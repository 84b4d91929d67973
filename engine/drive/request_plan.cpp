#include "engine/drive/request_plan.h"

#include <immintrin.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>

namespace tidemark::drive {
namespace {

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
