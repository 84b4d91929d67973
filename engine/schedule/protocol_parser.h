// How a request travels: the scenario's tls, http and http2, and a step's gRPC call. Internal to engine/schedule.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "engine/schedule/scenario.h"
#include "engine/schedule/value_reader.h"

namespace tidemark::schedule {

// A template of which every hole is known where the step stands; problems are reported through the reader.
using TemplateReader = std::function<Template(const YamlNode& node, const std::string& field)>;

// http: 1.1 | 2
HttpVersion read_http_version(ValueReader& reader, const YamlNode& node, const std::string& field);
TlsOptions read_tls(ValueReader& reader, const YamlNode& node);
// http2: {streams: N}
std::uint32_t read_streams(ValueReader& reader, const YamlNode& node);
// A message is a map: its scalars become strings of the JSON text, which protobuf reads as numbers, enums or booleans
// where the field is one. Relative files are looked for beside the scenario.
GrpcCall read_grpc(ValueReader& reader, const YamlNode& node, const std::string& path, const TemplateReader& text);

nlohmann::json tls_json(const TlsOptions& tls);
std::string http_version_text(HttpVersion version);  // "1.1", "2"; "" for automatic
nlohmann::json grpc_json(const GrpcCall& call);

}  // namespace tidemark::schedule
