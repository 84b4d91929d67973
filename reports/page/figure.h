// Charts of the page: their data as JSON (reports/web/src/page.ts reads it) and the figure with its finding, its empty
// plot and its data table. The plot is drawn by script; without scripts the table says the same. Thread-safe: values,
// no shared state.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "reports/downsample.h"
#include "reports/html.h"

namespace tidemark::report {

enum class Dash { solid, dashed, dotted, dashdot };

struct Line {
  std::string name;
  std::vector<double> values;  // one per x; NaN: no sample
  Reduce reduce = Reduce::max;
  Dash dash = Dash::solid;
  int tone = 0;  // index into the palette; -1: muted
  bool area = false;
};

struct Limit {
  double value = 0;
  std::string label;
};

struct TimeFigure {
  std::string id;       // made by the program, unique on the page
  std::string finding;  // what the chart shows, as a sentence
  std::string note;     // how to read it; may be empty
  std::string unit;
  int digits = 1;
  std::vector<double> x;  // seconds since the run's start
  std::vector<Line> lines;
  std::optional<Limit> limit;
  std::vector<std::pair<double, std::string>> marks;  // time, label
};

struct LanesFigure {  // one small chart per lane, all on the same axes
  std::string id, finding, note, unit;
  int digits = 0;
  double max = 1;  // top of every lane
  std::vector<double> x;
  std::optional<Limit> limit;
  struct Lane {
    std::string name, peak;  // `peak` is written beside the name
    bool alarm = false;
    std::vector<double> values;
  };
  std::vector<Lane> lanes;
};

using Points = std::vector<std::pair<double, double>>;

struct CurveFigure {  // y against something that is not time
  std::string id, finding, note, x_label, unit;
  int digits = 1;
  bool y_log = false;
  std::vector<std::string> x_ticks;  // labels of x = 0, 1, 2, ...; empty: numbers
  struct Curve {
    std::string name;
    Points points;
    Dash dash = Dash::solid;
    int tone = 0;
  };
  std::vector<Curve> curves;
  Points band_low, band_high;
  struct Dots {
    std::string name;
    const char* symbol = "circle";  // "circle" | "triangle" | "diamond"
    int tone = 0;
    Points points;
  };
  std::vector<Dots> dots;
  std::optional<Limit> limit;
  Markup table;  // the data under it
};

// Collects the data of all charts of a page; each add() returns the figure's HTML.
class Charts {
 public:
  Markup add(const TimeFigure& figure);
  Markup add(const LanesFigure& figure);
  Markup add(const CurveFigure& figure);
  // The data element's content, safe inside <script type="application/json">.
  std::string data() const;

 private:
  nlohmann::json charts_ = nlohmann::json::array();
};

}  // namespace tidemark::report
