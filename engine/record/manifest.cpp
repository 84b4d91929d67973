#include "engine/record/manifest.h"

#include "engine/core/json_fields.h"
#include "engine/record/run_files.h"

namespace tidemark::record {

Result<void> check_manifest(const nlohmann::json& manifest, std::string_view place) {
  JsonFields fields(manifest, place);
  std::string text;
  std::vector<std::string> steps;
  std::uint64_t count = 0;
  std::int64_t nanos = 0;
  fields.one_of("schema", {kManifestSchema}, text);
  for (const char* name : {"run_id", "kind", "tidemark_version", "started_at"}) fields.text(name, text);
  fields.count("seed", count);
  fields.object("clock", [&](JsonFields& clock) {
    clock.integer("monotonic_ns", nanos);
    clock.integer("wall_ns", nanos);
  });
  fields.object("host", [&](JsonFields& host) {
    host.text("name", text);
    host.count("cores", count);
    host.text("kernel", text);
  });
  fields.object("scenario", [](JsonFields&) {});
  fields.texts("steps", steps);
  if (fields.error()) return tl::make_unexpected(*fields.error());
  return {};
}

}  // namespace tidemark::record
