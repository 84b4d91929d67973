#include "scenarios/templates.h"

#include <array>

namespace tidemark::scenarios {

// Embedded by CMake, one function a file of scenarios/templates.
std::string_view template_closed();
std::string_view template_flow();
std::string_view template_get();
std::string_view template_grpc();
std::string_view template_product_proto();
std::string_view template_shop();
std::string_view template_signed();
std::string_view template_spike();
std::string_view template_stores();

std::string_view ScenarioTemplate::about() const {
  const std::string_view line = text.substr(0, text.find('\n'));
  return line.starts_with("# ") ? line.substr(2) : line;
}

std::span<const ScenarioTemplate> scenario_templates() {
  static const std::array<ScenarioTemplate, 8> all = {
      {{"closed", template_closed()},
       {"flow", template_flow()},
       {"get", template_get()},
       {"grpc", template_grpc(), "product.proto", template_product_proto()},
       {"shop", template_shop()},
       {"signed", template_signed()},
       {"spike", template_spike()},
       {"stores", template_stores()}}};
  return all;
}

}  // namespace tidemark::scenarios
