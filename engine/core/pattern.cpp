#include "engine/core/pattern.h"

#include <re2/re2.h>

#include <vector>

namespace tidemark {

Result<Pattern> Pattern::compile(const std::string& text) {
  if (text.size() > kMostBytes) {
    return fail(ExitCode::usage, "", "a pattern of more than " + std::to_string(kMostBytes) + " bytes");
  }
  re2::RE2::Options options(re2::RE2::Latin1);  // by byte: an answer need not be UTF-8
  options.set_log_errors(false);
  options.set_max_mem(kMostMemory);
  Pattern pattern;
  pattern.compiled_ = std::make_shared<const re2::RE2>(text, options);
  if (!pattern.compiled_->ok()) return fail(ExitCode::usage, "", pattern.compiled_->error());
  return pattern;
}

const std::string& Pattern::text() const {
  static const std::string nothing;
  return compiled_ ? compiled_->pattern() : nothing;
}

int Pattern::groups() const {
  return compiled_ ? compiled_->NumberOfCapturingGroups() : 0;
}

bool Pattern::found_in(std::string_view text) const {
  return compiled_ != nullptr && re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *compiled_);
}

std::optional<std::string_view> Pattern::group_in(std::string_view text, int number) const {
  if (compiled_ == nullptr || number < 0 || number > groups()) return std::nullopt;
  std::vector<re2::StringPiece> found(static_cast<std::size_t>(number) + 1);
  if (!compiled_->Match(re2::StringPiece(text.data(), text.size()), 0, text.size(), re2::RE2::UNANCHORED, found.data(),
                        number + 1)) {
    return std::nullopt;
  }
  const re2::StringPiece& group = found[static_cast<std::size_t>(number)];
  if (group.data() == nullptr) return std::nullopt;
  return std::string_view(group.data(), group.size());
}

}  // namespace tidemark
