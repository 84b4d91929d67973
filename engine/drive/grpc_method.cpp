#include "engine/drive/grpc_method.h"

#include <google/protobuf/compiler/importer.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/descriptor_database.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/type_resolver_util.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/drive/grpc_frame.h"
#include "engine/schedule/value_reader.h"

namespace tidemark::drive {
namespace {

namespace pb = google::protobuf;

constexpr const char* kUrlPrefix = "type.googleapis.com";

class Problems : public pb::compiler::MultiFileErrorCollector {
 public:
  void AddError(const std::string& file, int line, int /*column*/, const std::string& message) override {
    if (!text.empty()) text += '\n';
    text += file + (line >= 0 ? ":" + std::to_string(line + 1) : "") + ": " + message;
  }
  std::string text;
};

std::string find_unknown(const pb::Descriptor& type, const nlohmann::json& value, const std::string& path);

std::string find_unknown(const pb::FieldDescriptor& field, const nlohmann::json& value, const std::string& path) {
  if (field.message_type() == nullptr) return {};
  if (!field.is_repeated()) return find_unknown(*field.message_type(), value, path);
  const pb::Descriptor& entry = *field.message_type();
  const pb::Descriptor* of_values = field.is_map() ? entry.map_value()->message_type() : &entry;
  if (of_values == nullptr || !value.is_structured()) return {};
  for (const auto& [key, item] : value.items()) {
    if (auto unknown = find_unknown(*of_values, item, path + "." + key); !unknown.empty()) return unknown;
  }
  return {};
}

std::string find_unknown(const pb::Descriptor& type, const nlohmann::json& value, const std::string& path) {
  // Types with a JSON form of their own, such as Struct, have no fields to name.
  if (!value.is_object() || type.full_name().starts_with("google.protobuf.")) return {};
  for (const auto& [key, item] : value.items()) {
    const std::string here = path.empty() ? key : path + "." + key;
    const pb::FieldDescriptor* field = type.FindFieldByName(key);
    std::vector<std::string> names;
    for (int i = 0; i < type.field_count(); ++i) {
      names.push_back(type.field(i)->name());
      if (type.field(i)->json_name() == key) field = type.field(i);
    }
    if (field == nullptr) return here + " is no field of " + type.full_name() + schedule::did_you_mean(key, names);
    if (auto unknown = find_unknown(*field, item, here); !unknown.empty()) return unknown;
  }
  return {};
}

pb::StringPiece piece(std::string_view text) {
  return {text.data(), static_cast<pb::StringPiece::size_type>(text.size())};
}

}  // namespace

struct GrpcSchema::Parts {
  pb::compiler::DiskSourceTree files;
  Problems problems;
  pb::DescriptorPoolDatabase known{*pb::DescriptorPool::generated_pool()};
  std::unique_ptr<pb::compiler::SourceTreeDescriptorDatabase> sources;
  pb::SimpleDescriptorDatabase set;
  std::unique_ptr<pb::MergedDescriptorDatabase> all;
  std::unique_ptr<pb::DescriptorPool> pool;
  std::unique_ptr<pb::DynamicMessageFactory> factory;
  std::unique_ptr<pb::util::TypeResolver> types;
  std::vector<std::string> services;  // "package.Service/Method", of the file or set itself

  bool add(const pb::FileDescriptor* file) {
    if (file == nullptr) return false;
    for (int i = 0; i < file->service_count(); ++i) {
      const pb::ServiceDescriptor& service = *file->service(i);
      for (int j = 0; j < service.method_count(); ++j)
        services.push_back(service.full_name() + "/" + service.method(j)->name());
    }
    return true;
  }

  bool read_proto(const std::filesystem::path& file) {
    files.MapPath("", file.has_parent_path() ? file.parent_path().string() : ".");
    sources = std::make_unique<pb::compiler::SourceTreeDescriptorDatabase>(&files);
    sources->RecordErrorsTo(&problems);
    all = std::make_unique<pb::MergedDescriptorDatabase>(sources.get(), &known);
    pool = std::make_unique<pb::DescriptorPool>(all.get(), sources->GetValidationErrorCollector());
    return add(pool->FindFileByName(file.filename().string()));
  }

  bool read_set(const std::filesystem::path& file) {
    std::ifstream input(file, std::ios::binary);
    pb::FileDescriptorSet descriptors;
    if (!input || !descriptors.ParseFromIstream(&input)) {
      problems.AddError(file.string(), -1, 0, input.is_open() ? "not a descriptor set" : "cannot be read");
      return false;
    }
    for (const auto& one : descriptors.file()) set.Add(one);
    all = std::make_unique<pb::MergedDescriptorDatabase>(&set, &known);
    pool = std::make_unique<pb::DescriptorPool>(all.get());
    for (const auto& one : descriptors.file()) {
      if (add(pool->FindFileByName(one.name()))) continue;
      problems.AddError(file.string(), -1, 0, one.name() + " in it is incomplete");
      return false;
    }
    return true;
  }
};

GrpcSchema::GrpcSchema(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

GrpcSchema::~GrpcSchema() = default;

Result<std::shared_ptr<const GrpcSchema>> GrpcSchema::load(const schedule::GrpcCall& call) {
  auto parts = std::make_unique<Parts>();
  const bool from_source = !call.proto.empty();
  const auto& file = from_source ? call.proto : call.descriptor_set;
  if (!(from_source ? parts->read_proto(file) : parts->read_set(file))) {
    return fail(ExitCode::usage, file.string(), parts->problems.text.empty() ? "cannot be read" : parts->problems.text,
                from_source ? "imports are looked for beside the file"
                            : "make it with protoc --include_imports --descriptor_set_out=FILE");
  }
  parts->factory = std::make_unique<pb::DynamicMessageFactory>(parts->pool.get());
  parts->types.reset(pb::util::NewTypeResolverForDescriptorPool(kUrlPrefix, parts->pool.get()));
  return std::shared_ptr<const GrpcSchema>(new GrpcSchema(std::move(parts)));
}

Result<std::shared_ptr<const GrpcMethod>> GrpcMethod::find(std::shared_ptr<const GrpcSchema> schema,
                                                           const std::string& name) {
  GrpcSchema::Parts& parts = *schema->parts_;
  std::string dotted = name;
  if (const auto slash = dotted.find('/'); slash != std::string::npos) dotted[slash] = '.';
  const pb::MethodDescriptor* method = parts.pool->FindMethodByName(dotted);
  if (method == nullptr) {
    std::string there;
    for (const auto& known : parts.services) there += (there.empty() ? "there are: " : ", ") + known;
    return fail(ExitCode::usage, name, "no such method", there.empty() ? "the file has no service" : there);
  }
  if (method->client_streaming() || method->server_streaming())
    return fail(ExitCode::usage, name, "is a streaming method", "only unary calls are supported");
  std::shared_ptr<GrpcMethod> found(new GrpcMethod());
  const auto url = [](const pb::Descriptor* type) { return std::string(kUrlPrefix) + "/" + type->full_name(); };
  found->input_url_ = url(method->input_type());
  found->output_url_ = url(method->output_type());
  found->method_ = method;
  found->output_ = parts.factory->GetPrototype(method->output_type());
  found->schema_ = std::move(schema);
  return std::shared_ptr<const GrpcMethod>(std::move(found));
}

bool GrpcMethod::encode(std::string_view json, std::string& frame, std::string& problem) const {
  std::string message;
  const auto status = pb::util::JsonToBinaryString(schema_->parts_->types.get(), input_url_, piece(json), &message);
  if (!status.ok()) {
    problem = status.message().as_string();
    return false;
  }
  frame.assign(kGrpcPrefixBytes, '\0');
  write_grpc_prefix(frame, message.size());
  frame += message;
  return true;
}

std::string GrpcMethod::unknown_field(std::string_view json) const {
  const auto& method = *static_cast<const pb::MethodDescriptor*>(method_);
  return find_unknown(*method.input_type(), nlohmann::json::parse(json, nullptr, false), "");
}

bool GrpcMethod::decode(std::string_view message, std::string& json) const {
  if (!accepts(message)) return false;  // the conversion itself passes over what it cannot read
  pb::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  json.clear();
  return pb::util::BinaryToJsonString(schema_->parts_->types.get(), output_url_, std::string(message), &json, options)
      .ok();
}

bool GrpcMethod::accepts(std::string_view message) const {
  const std::unique_ptr<pb::Message> parsed(static_cast<const pb::Message*>(output_)->New());
  return parsed->ParseFromArray(message.data(), static_cast<int>(message.size()));
}

}  // namespace tidemark::drive
