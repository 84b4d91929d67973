// The little of SQL's lexical grammar (MySQL, MariaDB) that sending a statement safely needs: where the placeholders
// are, that it is one statement, and which database it names. Never an interpreter of SQL. Pure; thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/core/error.h"

namespace tidemark::schedule {

struct SqlText {
  // The statement between its placeholders: one more than there are "?". Comments to the end of a line are left out,
  // so that a comment may follow.
  std::vector<std::string> parts;
  std::string verb;                     // the first word, in upper case: "SELECT"
  std::vector<std::string> qualifiers;  // every name in front of a dot, unquoted, as written: "db" in db.orders
};

// Exit 2 with place "query": an open quote or comment, a second statement, an executable comment (/*! */), NUL.
Result<SqlText> read_sql(std::string_view query);

// A number by JSON's grammar, which is one of SQL's: what may stand in a statement without quotes.
bool is_number(std::string_view text);

}  // namespace tidemark::schedule
