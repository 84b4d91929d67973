#include "engine/drive/template_compiler.h"

namespace tidemark::drive {

using schedule::Call;
using schedule::Template;

TemplateCompiler::TemplateCompiler(const Inputs& inputs) : inputs_(inputs) {
  new_slot("flow_id");  // RequestPlan::kFlowIdSlot
  new_slot("run_id");
  for (const auto& variable : inputs.scenario.variables) new_slot(variable.name);
  for (const auto& [name, value] : inputs.given) new_slot(name);
  for (const auto& flow : inputs.scenario.flows)
    for (const auto& step : flow.steps)
      for (const auto& capture : step.captures) new_slot(capture.variable);
}

std::uint32_t TemplateCompiler::new_slot(const std::string& name) {
  const auto slot = static_cast<std::uint32_t>(slots_.size());
  if (!name.empty()) {
    const auto [known, added] = slot_of_.emplace(name, slot);
    if (!added) return known->second;
  }
  slots_.push_back(name);
  return slot;
}

// "users.email": a column of a feeder gets its slot when it is first used.
bool TemplateCompiler::find_column(const std::string& name) {
  const std::size_t dot = name.find('.');
  if (dot == std::string::npos) return false;
  for (std::uint32_t i = 0; i < inputs_.feeders.size(); ++i) {
    if (inputs_.scenario.feeders[i].name != name.substr(0, dot)) continue;
    const auto column = inputs_.feeders[i]->column(name.substr(dot + 1));
    if (!column) return false;
    columns_.push_back({.feeder = i, .column = *column, .slot = new_slot(name)});
    return true;
  }
  return false;
}

Result<Pieces> TemplateCompiler::compile(const Template& text, const std::string& place, CompiledCalls& calls) {
  Pieces pieces;
  for (const auto& piece : text.pieces) {
    Piece made{.literal = piece.literal};
    if (!piece.variable.empty()) {
      const auto given = inputs_.given.find(piece.variable);
      if (given != inputs_.given.end()) {
        made.literal = given->second;
      } else if (slot_of_.contains(piece.variable) || find_column(piece.variable)) {
        made.slot = slot_of_.at(piece.variable);
      } else {
        return fail(ExitCode::usage, place, "unknown variable ${" + piece.variable + "}",
                    "declare it under variables, capture it, or give -e " + piece.variable + "=VALUE");
      }
    }
    for (const Call& call : piece.call) {
      if (call.function == Call::Function::env) {
        made.literal = inputs_.secrets.value(call.name);
        continue;
      }
      CompiledCall compiled{.call = &call};
      for (const auto& argument : call.arguments) {
        auto inner = compile(argument, place, calls);
        if (!inner) return tl::make_unexpected(std::move(inner.error()));
        compiled.arguments.push_back(std::move(*inner));
      }
      made.slot = compiled.slot = new_slot("");
      calls.push_back(std::move(compiled));
    }
    pieces.push_back(std::move(made));
  }
  return pieces;
}

Piece TemplateCompiler::encoded(Pieces text, CompiledCalls& calls) {
  static const Call kUrl = [] {
    Call call;
    call.function = Call::Function::url;
    return call;
  }();
  const std::uint32_t slot = new_slot("");
  CompiledCall compiled{.call = &kUrl, .slot = slot};
  compiled.arguments.push_back(std::move(text));
  calls.push_back(std::move(compiled));
  return {.literal = "", .slot = slot};
}

}  // namespace tidemark::drive
