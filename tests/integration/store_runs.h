// Runs of scenarios written as text, against the servers of store_servers.h.
#pragma once

#include <string>

#include "run_fixture.h"
#include "store_servers.h"

namespace tidemark::test {

enum class Tagged { no, yes };

class StoreRunTest : public RunTest {
 protected:
  drive::RunOptions prepared(const std::string& yaml, Tagged tagged = Tagged::no);
  drive::RunOptions prepared_file(const std::filesystem::path& file,
                                  const std::map<std::string, std::string>& overrides, Tagged tagged = Tagged::no);
  // Runs it; the books must balance and the record must say what the summary says.
  Summary finished(drive::RunOptions options);
  Summary run(const std::string& yaml, Tagged tagged = Tagged::no) { return finished(prepared(yaml, tagged)); }
  Error refused(const std::string& yaml, Tagged tagged = Tagged::no);
  // Does any file of the runs so far hold this text?
  bool written_anywhere(const std::string& text) const;

  static constexpr const char* kRunId = "00000000000000aa";

 private:
  drive::RunOptions options_of(Result<schedule::Scenario> scenario, Tagged tagged);
};

}  // namespace tidemark::test
