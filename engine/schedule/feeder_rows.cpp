#include "engine/schedule/feeder_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>

#include "engine/schedule/value_reader.h"

namespace tidemark::schedule {
namespace {

constexpr std::size_t kMostText = std::numeric_limits<std::uint32_t>::max();
// A list is read whole before its rows are, at some ten times its size.
constexpr std::size_t kMostListBytes = std::size_t{16} << 20U;

tl::unexpected<Error> refuse(const std::string& name, std::size_t line, std::string what) {
  return fail(ExitCode::usage, fmt::format("{}:{}", name, line), std::move(what));
}

// The fields of one RFC 4180 record. Lines end in LF or CRLF; quoted fields may hold both.
class CsvReader {
 public:
  explicit CsvReader(std::string_view text) : text_(text) {
    if (text_.starts_with("\xef\xbb\xbf")) text_.remove_prefix(3);  // Excel's byte order mark
  }
  bool done() const { return at_ == text_.size(); }
  std::size_t line() const { return line_; }  // of the record that was read last

  // False: "" in `wrong` is not well formed.
  bool record(std::vector<std::string>& fields, std::string& wrong) {
    fields.clear();
    line_ = next_line_;
    for (;;) {
      std::string& field = fields.emplace_back();
      if (at_ < text_.size() && text_[at_] == '"') {
        if (!quoted(field, wrong)) return false;
      } else {
        const std::size_t end = std::min(text_.find_first_of(",\r\n\"", at_), text_.size());
        field = text_.substr(at_, end - at_);
        at_ = end;
        if (at_ < text_.size() && text_[at_] == '"') {
          wrong = "a quote inside a field that does not begin with one";
          return false;
        }
      }
      if (at_ == text_.size()) return true;
      const char c = text_[at_++];
      if (c == ',') continue;
      if (c == '\r' && at_ < text_.size() && text_[at_] == '\n') ++at_;
      if (c == '\r' || c == '\n') {
        ++next_line_;
        return true;
      }
      wrong = "text behind a closing quote";
      return false;
    }
  }

 private:
  bool quoted(std::string& field, std::string& wrong) {
    for (++at_; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '\n') ++next_line_;
      if (c != '"') {
        field += c;
        continue;
      }
      if (at_ + 1 >= text_.size() || text_[at_ + 1] != '"') {
        ++at_;
        return true;
      }
      field += text_[++at_];
    }
    wrong = "a quoted field without its closing quote";
    return false;
  }

  std::string_view text_;
  std::size_t at_ = 0, line_ = 1, next_line_ = 1;
};

std::string cell(const nlohmann::json& value) {
  return value.is_string() ? value.get<std::string>() : value.is_null() ? "" : value.dump();
}

}  // namespace

std::optional<std::string> wrong_columns(const std::vector<std::string>& columns, std::size_t most) {
  if (columns.size() > most) return fmt::format("more than {} columns", most);
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (!is_name(columns[i])) {
      return fmt::format(
          "'{}' cannot name a column: letters, digits and _, beginning with no digit; the first line names "
          "the columns",
          columns[i].substr(0, 64));
    }
    if (std::find(columns.begin(), columns.begin() + static_cast<std::ptrdiff_t>(i), columns[i]) !=
        columns.begin() + static_cast<std::ptrdiff_t>(i)) {
      return fmt::format("the column '{}' is named twice", columns[i]);
    }
  }
  return std::nullopt;
}

Result<FeederTable> FeederTable::parse_csv(std::string_view text, const std::string& name, const Limits& limits) {
  FeederTable table;
  CsvReader reader(text);
  std::string wrong;
  std::vector<std::string> fields;
  if (reader.done()) return refuse(name, 1, "is empty: the first line names the columns");
  if (!reader.record(table.columns_, wrong)) return refuse(name, 1, wrong);
  if (auto bad = wrong_columns(table.columns_, limits.columns)) return refuse(name, 1, *bad);
  table.text_.reserve(text.size());
  while (!reader.done()) {
    if (!reader.record(fields, wrong)) return refuse(name, reader.line(), wrong);
    if (fields.size() == 1 && fields[0].empty() && table.columns_.size() > 1) continue;  // a blank line
    if (fields.size() != table.columns_.size()) {
      return refuse(
          name, reader.line(),
          fmt::format("{} fields, but the first line names {} columns", fields.size(), table.columns_.size()));
    }
    if (++table.rows_ > limits.rows) return refuse(name, reader.line(), fmt::format("more than {} rows", limits.rows));
    for (const std::string& field : fields) {
      table.text_ += field;
      table.ends_.push_back(static_cast<std::uint32_t>(table.text_.size()));
    }
  }
  if (table.rows_ == 0) return refuse(name, 1, "has no row below the names of the columns");
  return table;
}

namespace {

// Why `row` cannot follow the first one, whose keys are `columns`.
std::optional<std::string> wrong_row(const nlohmann::json& row, const std::vector<std::string>& columns) {
  if (!row.is_object()) return "a row must be an object of columns and values";
  for (const std::string& column : columns) {
    if (!row.contains(column)) return fmt::format("a row without '{}', which the first one has", column);
  }
  for (const auto& [key, value] : row.items()) {
    if (std::ranges::find(columns, key) != columns.end()) continue;
    return fmt::format("a row with '{}', which the first one has not{}", key.substr(0, 64), did_you_mean(key, columns));
  }
  return std::nullopt;
}

// Splits a JSON document of rows: a list of objects, or one object a line.
template <class Row>
std::optional<Error> each_json_row(std::string_view text, const std::string& name, const Row& row) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && text[first] == '[') {
    if (text.size() > kMostListBytes) {
      return refuse(name, 1, "a list of more than 16 MiB: write one object a line, or CSV").value();
    }
    nlohmann::json list;
    try {
      list = nlohmann::json::parse(text);
    } catch (const nlohmann::json::parse_error& error) {
      const auto end = text.begin() + static_cast<std::ptrdiff_t>(std::min(error.byte, text.size()));
      return refuse(name, 1 + static_cast<std::size_t>(std::count(text.begin(), end, '\n')), "not JSON").value();
    }
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (auto wrong = row(list[i])) {
        return fail(ExitCode::usage, name, fmt::format("row {}: {}", i + 1, *wrong)).value();
      }
      list[i] = nullptr;  // the table has it: hold it once
    }
    return std::nullopt;
  }
  std::size_t line = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view part = text.substr(at, end - at);
    at = end + 1;
    ++line;
    if (part.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const auto value = nlohmann::json::parse(part, nullptr, false);
    if (value.is_discarded()) return refuse(name, line, "not JSON").value();
    if (auto wrong = row(value)) return refuse(name, line, *wrong).value();
  }
  return std::nullopt;
}

}  // namespace

Result<FeederTable> FeederTable::parse_json(std::string_view text, const std::string& name, const Limits& limits) {
  FeederTable table;
  const auto add = [&](const nlohmann::json& row) -> std::optional<std::string> {
    if (table.rows_ == 0 && row.is_object()) {
      for (const auto& [key, value] : row.items()) table.columns_.push_back(key);
      if (table.columns_.empty()) return "a row without columns";
      if (auto wrong = wrong_columns(table.columns_, limits.columns)) return wrong;
    }
    if (auto wrong = wrong_row(row, table.columns_)) return wrong;
    if (++table.rows_ > limits.rows) return fmt::format("more than {} rows", limits.rows);
    for (const std::string& column : table.columns_) {
      table.text_ += cell(row.at(column));
      if (table.text_.size() > kMostText) return "more than 4 GiB of values";
      table.ends_.push_back(static_cast<std::uint32_t>(table.text_.size()));
    }
    return std::nullopt;
  };
  if (auto wrong = each_json_row(text, name, add)) return tl::make_unexpected(std::move(*wrong));
  if (table.rows_ == 0) return refuse(name, 1, "has no row");
  return table;
}

}  // namespace tidemark::schedule
