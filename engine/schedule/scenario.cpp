#include "engine/schedule/scenario.h"

#include <algorithm>
#include <string_view>

#include "engine/schedule/scenario_parts.h"

namespace tidemark::schedule {

std::vector<const Load*> Scenario::loads() const {
  std::vector<const Load*> all = {&load};
  for (const Load& further : further_loads) all.push_back(&further);
  return all;
}

Nanos Scenario::duration() const {
  Nanos longest{};
  for (const Load* one : loads()) longest = std::max(longest, one->length());
  return longest;
}

bool is_target(const std::string& text) {
  const std::size_t scheme = text.starts_with("http://") ? 7 : text.starts_with("https://") ? 8 : 0;
  if (scheme == 0 || text.size() == scheme || text.size() > 512) return false;
  return std::all_of(text.begin() + static_cast<std::ptrdiff_t>(scheme), text.end(), [](char c) {
    return c > ' ' && c < 0x7f && std::string_view("/?#@\\\"<>").find(c) == std::string_view::npos;
  });
}

Scenario single_url_scenario(const std::string& url) {
  Scenario scenario;
  scenario.name = "get";
  const std::size_t scheme = url.find("://");
  // A fragment is never sent; a "#" inside the authority is left for the target guard to refuse.
  const std::size_t slash = url.find_first_of("/?", scheme == std::string::npos ? 0 : scheme + 3);
  std::string path = url.substr(0, url.find('#', std::min(slash, url.size())));
  const std::size_t end = scheme == std::string::npos ? std::string::npos : path.find_first_of("/?", scheme + 3);
  if (scheme != std::string::npos && is_target(path.substr(0, end))) {
    scenario.target = path.substr(0, end);
    path = end == std::string::npos ? "/" : path.substr(end);
    if (path.front() == '?') path.insert(0, "/");
  }
  Step step;
  step.name = "get";
  step.url = Template::of(path);
  scenario.flows.push_back({.name = "get", .steps = {std::move(step)}});
  return scenario;
}

void for_each_template(const Step& step, const std::function<void(const Template&)>& visit) {
  visit(step.url);
  for (const auto& [name, value] : step.headers) visit(value);
  visit(step.body);
  for (const FormField& field : step.form) visit(field.value);
  for (const Part& part : step.multipart) visit(part.value);
  if (step.grpc) {
    visit(step.grpc->message);
    for (const auto& [name, value] : step.grpc->metadata) visit(value);
  }
  if (step.store) {
    visit(step.store->target);
    for (const Template& word : step.store->words) visit(word);
    for (const auto& [name, value] : step.store->headers) visit(value);
  }
}

void for_each_template(const Scenario& scenario, const std::function<void(const Template&)>& visit) {
  const auto flow_templates = [&visit](const Flow& flow) {
    for (const Step& step : flow.steps) for_each_template(step, visit);
    for (const Block& block : flow.blocks) {
      if (block.condition) for_each_template(*block.condition, visit);
      if (block.loop) for_each_template(*block.loop, visit);
    }
  };
  flow_templates(scenario.setup);
  for (const Flow& flow : scenario.flows) flow_templates(flow);
  flow_templates(scenario.teardown);
}

}  // namespace tidemark::schedule
