// Text with ${holes}, split once at parse: what a step sends is made of it. docs/scenario.md has the grammar of a hole.
// Plain values; thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/units.h"

namespace tidemark::schedule {

struct Call;

struct Template {
  struct Piece {  // exactly one of the three is not empty; a Template has no empty literal
    std::string literal;
    // A variable, a capture, a column of a feeder ("users.email"), or the built-ins ${flow_id} (unique number of the
    // flow in the run) and ${run_id}.
    std::string variable;
    std::vector<Call> call;  // at most one: a function
    bool is_literal() const { return variable.empty() && call.empty(); }
  };
  std::vector<Piece> pieces;

  static Template of(std::string literal);
  bool empty() const { return pieces.empty(); }
  bool constant() const;            // only literal
  const std::string& text() const;  // only of a constant one
};

// ${function(...)}: evaluated anew for each request, see call_function() in template_functions.h.
struct Call {
  enum class Function {
    uuid,           // a random UUID (version 4)
    now,            // wall clock plus `offset`, as `format`
    random,         // whole number, uniform in [low, high]
    random_string,  // `low` letters and digits
    base64,         // of arguments[0], RFC 4648, padded
    base64url,      // the same in the alphabet for URLs, not padded
    hmac_sha256,    // key arguments[0], text arguments[1], as `encoding`
    jwt,            // HS256: key arguments[0], claims (JSON text) arguments[1]
    url,            // arguments[0] percent-encoded, but for letters, digits and -._~
    env,            // the environment variable `name`: a secret, see secrets.h; constant during a run
    lua,            // the scenario's Lua function `name` of the arguments
  };
  enum class TimeFormat { iso, epoch_s, epoch_ms };
  enum class Encoding { hex, base64 };

  Function function = Function::uuid;
  std::string name{};  // env, lua
  std::vector<Template> arguments{};
  std::int64_t low = 0, high = 0;
  TimeFormat format = TimeFormat::iso;
  Nanos offset{};
  Encoding encoding = Encoding::hex;
};

// Calls visit(piece) for each piece, those inside arguments of calls too.
template <class Visit>
void for_each_piece(const Template& text, const Visit& visit) {
  for (const Template::Piece& piece : text.pieces) {
    visit(piece);
    for (const Call& call : piece.call) {
      for (const Template& argument : call.arguments) for_each_piece(argument, visit);
    }
  }
}

// As a scenario writes it: parsing it again gives the same template.
std::string source_of(const Template& text);

}  // namespace tidemark::schedule
