// A gRPC method known only at run time: its messages as JSON on our side and as protobuf on the wire. Loaded from a
// .proto file (imports beside it; google/protobuf/*.proto are built in) or a descriptor set, when the plan is compiled.
// Constant after loading; thread-safe.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "engine/core/error.h"
#include "engine/schedule/scenario.h"

namespace tidemark::drive {

class GrpcSchema {  // every type of one .proto or descriptor set
 public:
  // Exit 2 with the compiler's words, "FILE:LINE: WHAT", when it cannot be read.
  static Result<std::shared_ptr<const GrpcSchema>> load(const schedule::GrpcCall& call);
  ~GrpcSchema();
  GrpcSchema(const GrpcSchema&) = delete;
  GrpcSchema& operator=(const GrpcSchema&) = delete;

 private:
  friend class GrpcMethod;
  struct Parts;  // protobuf's objects, which stay out of this header
  explicit GrpcSchema(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

class GrpcMethod {
 public:
  // `name`: "package.Service/Method". Exit 2 when there is none, naming those there are, or when it is not unary.
  static Result<std::shared_ptr<const GrpcMethod>> find(std::shared_ptr<const GrpcSchema> schema,
                                                        const std::string& name);

  // JSON text to a message with its prefix. False: `problem` says which field.
  bool encode(std::string_view json, std::string& frame, std::string& problem) const;
  // The path of the first field in JSON text that the message does not have, with the nearest it has; "" when it has
  // all. Values are not looked at: a hole may stand in any of them.
  std::string unknown_field(std::string_view json) const;
  // A received message to JSON: fields named as in the .proto, also those at their default. False: not this message.
  bool decode(std::string_view message, std::string& json) const;
  // Whether the bytes are the message at all; cheaper than decode().
  bool accepts(std::string_view message) const;

 private:
  GrpcMethod() = default;
  std::shared_ptr<const GrpcSchema> schema_;  // shared by the methods of one file
  std::string input_url_, output_url_;
  const void* method_ = nullptr;  // protobuf's descriptor, and
  const void* output_ = nullptr;  // the prototype of its answer: owned by the schema
};

}  // namespace tidemark::drive
