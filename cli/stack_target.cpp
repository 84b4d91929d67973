#include "cli/stack_target.h"

#include "engine/traffic/shadow_tag.h"
#include "scenarios/shop/audit.h"

namespace tidemark::cli {

void audit_stack(const shop::StackInfo& stack, Summary& summary) {
  auto result = shop::audit(stack);
  if (!result) {
    summary.validity = "environment-limited";
    summary.validity_reasons.push_back("the audit could not read a store: " + result.error().message());
    return;
  }
  summary.audited = true;
  summary.leaks.insert(summary.leaks.end(), result->leaks.begin(), result->leaks.end());
}

Result<shop::StackInfo> use_stack(const std::string& dir, bool has_target, drive::RunOptions& options) {
  auto stack = shop::read_stack_info(dir);
  if (!stack) return stack;
  if (!has_target) options.scenario.target = stack->edge_url;
  options.nodes = stack->nodes;
  options.signer = traffic::TagSigner(stack->tag_key);
  options.extra_manifest["topology"] = stack->topology_yaml;
  return stack;
}

}  // namespace tidemark::cli
