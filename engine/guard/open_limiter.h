// No limit at all: what every other rule is measured against. One owner, like every limiter.
#pragma once

#include "engine/guard/limiter.h"

namespace tidemark::guard {

struct NoLimitSettings {
  template <class Fields, class Self>
  static void fields(Fields& /*fields*/, Self& /*self*/) {}
};

class OpenLimiter final : public Limiter {
 public:
  Admission admit(Instant now, Ask /*ask*/) override { return {.start = now}; }
  void finished(Instant /*now*/, const Finish& /*finish*/) override {}
  Kind kind() const override { return Kind::level; }
  double limit() const override { return 1; }
};

}  // namespace tidemark::guard
