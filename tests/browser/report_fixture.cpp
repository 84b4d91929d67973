// Writes the sample reports that the browser tests open. usage: report_fixture OUT_DIR
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "tests/unit/reports/sample_report.h"

int main(int argc, char** argv) {
  using namespace tidemark::report;
  if (argc != 2) {
    std::fprintf(stderr, "usage: report_fixture OUT_DIR\n");
    return 2;
  }
  const std::filesystem::path dir = argv[1];
  std::filesystem::create_directories(dir);
  const std::pair<const char*, ReportInput> reports[] = {{"rehearsal.html", sample::rehearsal()},
                                                         {"killed.html", sample::killed_rehearsal()},
                                                         {"bare.html", sample::bare_run()},
                                                         {"long.html", sample::long_run()},
                                                         {"hostile.html", sample::hostile_rehearsal()}};
  for (const auto& [file, input] : reports) {
    const auto written = write_report(input, dir / file);
    if (!written) {
      std::fprintf(stderr, "%s\n", written.error().message().c_str());
      return 1;
    }
  }
  std::ofstream(dir / "hostile.json") << nlohmann::json(sample::hostile_strings()).dump();
  return 0;
}
