#include "engine/drive/result_json.h"

#include <fmt/format.h>

#include <iterator>
#include <utility>

#include "engine/drive/reply_json.h"

namespace tidemark::drive {

void ResultJson::clear() {
  text_.clear();
  has_rows_ = skipping_ = false;
}

void ResultJson::begin_rows(const MYSQL_RES& result) {
  skipping_ = has_rows_;
  if (skipping_) return;
  columns_.clear();
  for (unsigned i = 0; i < result.field_count; ++i) {
    const MYSQL_FIELD& field = result.fields[i];
    Column& column = columns_.emplace_back();
    const std::string_view name(field.name, field.name_length);
    append_json_text(is_utf8(name) ? name : "?", column.opening);
    column.opening.push_back(':');
    column.number = IS_NUM(field.type);
  }
  text_ = "[";
}

void ResultJson::add_row(MYSQL_ROW row, const unsigned long* lengths) {
  if (skipping_) return;
  if (text_.size() > 1) text_.push_back(',');
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    text_.push_back(i == 0 ? '{' : ',');
    text_.append(columns_[i].opening);
    if (row[i] == nullptr) {
      text_.append("null");
      continue;
    }
    const std::string_view value(row[i], lengths[i]);
    columns_[i].number ? append_json_number(value, text_) : append_json_text(value, text_);
  }
  text_.push_back('}');
}

void ResultJson::end_rows() {
  if (skipping_) return;
  text_.push_back(']');
  has_rows_ = true;
}

void ResultJson::done(std::uint64_t affected_rows, std::uint64_t insert_id, unsigned warnings) {
  if (has_rows_) return;
  text_ = fmt::format(R"({{"affected_rows":{},"insert_id":{},"warnings":{}}})", affected_rows, insert_id, warnings);
}

void ResultJson::error(unsigned number, std::string_view sqlstate, std::string_view message) {
  text_ = fmt::format(R"({{"error":{},"sqlstate":)", number);
  append_json_text(sqlstate, text_);
  text_.append(R"(,"message":)");
  append_json_text(message, text_);
  text_.push_back('}');
}

std::string ResultJson::take() {
  return std::exchange(text_, {});
}

}  // namespace tidemark::drive
