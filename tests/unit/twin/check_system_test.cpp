#include <gtest/gtest.h>

#include "models/twin/simulation.h"
#include "tests/unit/twin/twin_systems.h"

namespace tidemark::twin {
namespace {

TEST(Simulation, ProblemsOfASystemAreAllNamed) {
  System system = chain({one_operation("a", constant(0.001), 1), one_operation("b", constant(0.001), 1)});
  system.services[1].operations[0].then.push_back({{{.service = "a", .operation = "do"}}});
  system.services[0].operations[0].then[0].calls.push_back({.service = "c", .operation = "do"});
  system.flows[0].weight = 0;
  const auto made = Simulation::create(system, {});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ExitCode::usage);
  for (const char* part : {"calls itself", "no service 'c'", "flows.flow.weight"}) {
    EXPECT_NE(made.error().what.find(part), std::string::npos) << part << " in " << made.error().what;
  }
}

}  // namespace
}  // namespace tidemark::twin
