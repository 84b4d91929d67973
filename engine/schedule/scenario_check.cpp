#include "engine/schedule/scenario_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>

#include "engine/schedule/arrivals.h"
#include "engine/schedule/secrets.h"
#include "engine/schedule/value_reader.h"

namespace tidemark::schedule {
namespace {

namespace fs = std::filesystem;

constexpr double kMostCounted = 5e6;  // arrivals that are drawn to find the busiest second
constexpr std::uintmax_t kMostPartBytes = std::uintmax_t{64} << 20U;

class Outliner {
 public:
  Outliner(const Scenario& scenario, std::uint64_t seed) : scenario_(scenario), seed_(seed) {}

  Result<ScenarioOutline> outline() {
    made_.name = scenario_.name;
    made_.target = scenario_.target;
    made_.thresholds = scenario_.thresholds.size();
    made_.secrets = secret_names(scenario_);
    for (const std::string& name : made_.secrets) {
      if (!Secrets::environment(name)) made_.unset_secrets.push_back(name);
    }
    flows();
    files();
    load();
    if (problems_.empty()) return std::move(made_);
    return fail(ExitCode::usage, "", fmt::format("{}", fmt::join(problems_, "\n")));
  }

 private:
  void flows() {
    double weights = 0;
    for (const Flow& flow : scenario_.flows) weights += flow.weight;
    for (const Flow& flow : scenario_.flows) made_.flows.push_back(one_flow(flow, flow.weight / weights));
    made_.setup = one_flow(scenario_.setup, 0);
    made_.teardown = one_flow(scenario_.teardown, 0);
  }

  static FlowOutline one_flow(const Flow& flow, double share) {
    FlowOutline made{.name = flow.name, .share = share, .steps = flow.steps.size()};
    for (std::uint32_t i = 0; i < flow.steps.size(); ++i) {
      std::uint64_t least = 1;
      std::uint64_t most = 1;
      for (const Block& block : flow.blocks) {
        if (i < block.first || i >= block.end) continue;
        least *= block.condition || block.loop ? 0 : block.repeat;
        if (__builtin_mul_overflow(most, std::uint64_t{block.repeat}, &most)) most = UINT64_MAX / 2;
      }
      made.least_requests += least;
      if (__builtin_add_overflow(made.most_requests, most, &made.most_requests)) made.most_requests = UINT64_MAX / 2;
    }
    return made;
  }

  void files() {
    for (const Feeder& feeder : scenario_.feeders) {
      const auto table = load_feeder(scenario_, feeder);
      if (!table) {
        problem(table.error());
        continue;
      }
      made_.feeders.push_back({feeder.name, feeder.file.string(), table->rows(), table->columns()});
    }
    if (const auto script = script_source(scenario_); !script) problem(script.error());
    for (const fs::path& file : {scenario_.tls.ca, scenario_.tls.certificate, scenario_.tls.key}) {
      if (!file.empty()) named_file(file, "tls");
    }
    step_files(scenario_.setup);
    for (const Flow& flow : scenario_.flows) step_files(flow);
    step_files(scenario_.teardown);
  }

  void step_files(const Flow& flow) {
    for (const Step& step : flow.steps) {
      if (step.grpc) {
        const fs::path& file = step.grpc->proto.empty() ? step.grpc->descriptor_set : step.grpc->proto;
        named_file(file, fmt::format("step '{}'", step.name));
      }
      for (const Part& part : step.multipart) {
        if (!part.file.empty()) named_file(part.file, fmt::format("step '{}', part '{}'", step.name, part.name));
      }
    }
  }

  void named_file(const fs::path& file, const std::string& user) {
    std::error_code error;
    if (!fs::is_regular_file(file, error)) {
      problems_.push_back(fmt::format("{}: cannot be read ({})", file.string(), user));
    } else if (fs::file_size(file, error) > kMostPartBytes || error) {
      problems_.push_back(fmt::format("{}: larger than 64 MiB ({})", file.string(), user));
    }
  }

  void load() {
    if (scenario_.load.replay) return replay();
    made_.duration = scenario_.duration();
    bool open = false;
    for (const Load* load : scenario_.loads()) {
      if (load->model == Load::Model::open) {
        open = true;
        continue;
      }
      std::uint32_t most = 0;
      for (const UserStage& stage : load->user_stages()) most = std::max({most, stage.from, stage.to});
      made_.users += most;
    }
    if (open) arrivals();
  }

  // Several open loads are one stream.
  void arrivals() {
    const auto stream = make_arrivals(scenario_, seed_);
    if (!stream) return problem(stream.error());
    for (std::string& note : (*stream)->notes()) made_.notes.push_back(std::move(note));
    made_.arrivals = (*stream)->expected_count();
    std::vector<std::uint64_t> of_flow(made_.flows.size());
    BusiestSecond busiest;
    if (*made_.arrivals <= kMostCounted) {
      while (const auto next = (*stream)->next()) {
        busiest.count(next->offset);
        if (next->flow < of_flow.size()) ++of_flow[next->flow];
      }
      made_.peak_rate = busiest.most;
    } else {
      double peak = 0;
      for (const auto& stage : (*stream)->stages()) peak = std::max(peak, stage.rate.per_second());
      made_.peak_rate = peak;
    }
    // Where a load starts only some of the flows, weights alone do not say how many there are of each.
    const bool by_weight = scenario_.further_loads.empty() && scenario_.load.flows.empty();
    const auto counted = static_cast<double>(std::accumulate(of_flow.begin(), of_flow.end(), std::uint64_t{0}));
    for (std::size_t i = 0; !by_weight && counted > 0 && i < of_flow.size(); ++i) {
      made_.flows[i].share = static_cast<double>(of_flow[i]) / counted;
    }
    requests();
    ends();
  }

  void replay() {
    const auto log = load_access_log(scenario_.load.replay->file, scenario_.load.replay->speed);
    if (!log) return problem(log.error());
    BusiestSecond busiest;
    for (const Arrival& arrival : log->arrivals) busiest.count(arrival.offset);
    made_.arrivals = static_cast<double>(log->arrivals.size());
    made_.peak_rate = busiest.most;
    made_.duration = log->arrivals.empty() ? Nanos{} : log->arrivals.back().offset;
    made_.least_requests = made_.most_requests = *made_.arrivals;
    if (log->malformed > 0)
      made_.notes.push_back(fmt::format("{} malformed lines of the log are left out", log->malformed));
    if (log->skipped_methods > 0) {
      made_.notes.push_back(
          fmt::format("{} lines with other methods than GET and HEAD are left out", log->skipped_methods));
    }
  }

  void requests() {
    for (const FlowOutline& flow : made_.flows) {
      made_.least_requests += *made_.arrivals * flow.share * static_cast<double>(flow.least_requests);
      made_.most_requests += *made_.arrivals * flow.share * static_cast<double>(flow.most_requests);
    }
  }

  // A feeder that runs dry ends the run.
  void ends() {
    for (const Feeder& feeder : scenario_.feeders) {
      const auto known = std::ranges::find(made_.feeders, feeder.name, &FeederOutline::name);
      if (feeder.on_end != Feeder::OnEnd::stop || known == made_.feeders.end()) continue;
      if (static_cast<double>(known->rows) >= *made_.arrivals) continue;
      made_.notes.push_back(
          fmt::format("feeder '{}' has {} rows for about {:.0f} flows: the run ends when they are used up", feeder.name,
                      known->rows, *made_.arrivals));
    }
  }

  struct BusiestSecond {
    std::int64_t second = -1;
    double here = 0, most = 0;
    void count(Nanos offset) {
      const std::int64_t at = std::chrono::duration_cast<std::chrono::seconds>(offset).count();
      here = at == second ? here + 1 : 1;
      second = at;
      most = std::max(most, here);
    }
  };

  void problem(const Error& error) { problems_.push_back(error.message()); }

  const Scenario& scenario_;
  std::uint64_t seed_;
  ScenarioOutline made_;
  std::vector<std::string> problems_;
};

nlohmann::json flow_json(const FlowOutline& flow) {
  return {{"name", flow.name},
          {"share", flow.share},
          {"steps", flow.steps},
          {"requests", {flow.least_requests, flow.most_requests}}};
}

}  // namespace

Result<ScenarioOutline> outline(const Scenario& scenario, std::uint64_t seed) {
  return Outliner(scenario, seed).outline();
}

nlohmann::json to_json(const ScenarioOutline& outline) {
  nlohmann::json result = {{"name", outline.name},
                           {"target", outline.target},
                           {"duration_s", to_seconds(outline.duration)},
                           {"flows", nlohmann::json::array()},
                           {"feeders", nlohmann::json::array()},
                           {"secrets", outline.secrets},
                           {"unset_secrets", outline.unset_secrets},
                           {"thresholds", outline.thresholds},
                           {"notes", outline.notes}};
  for (const FlowOutline& flow : outline.flows) result["flows"].push_back(flow_json(flow));
  if (outline.setup.steps > 0) result["setup"] = flow_json(outline.setup);
  if (outline.teardown.steps > 0) result["teardown"] = flow_json(outline.teardown);
  if (outline.arrivals) {
    result["expected_flows"] = *outline.arrivals;
    result["expected_requests"] = {outline.least_requests, outline.most_requests};
  }
  if (outline.peak_rate) result["peak_rate"] = *outline.peak_rate;
  if (outline.users > 0) result["users"] = outline.users;
  for (const FeederOutline& feeder : outline.feeders) {
    result["feeders"].push_back(
        {{"name", feeder.name}, {"file", feeder.file}, {"rows", feeder.rows}, {"columns", feeder.columns}});
  }
  return result;
}

Result<FeederTable> load_feeder(const Scenario& scenario, const Feeder& feeder) {
  auto table = FeederTable::load(feeder);
  if (!table) return table;
  std::set<std::string> missing;
  const std::string prefix = feeder.name + ".";
  for_each_template(scenario, [&](const Template& text) {
    for_each_piece(text, [&](const Template::Piece& piece) {
      if (!piece.variable.starts_with(prefix)) return;
      const std::string column = piece.variable.substr(prefix.size());
      if (!table->column(column)) missing.insert(column);
    });
  });
  if (missing.empty()) return table;
  std::vector<std::string> said;
  for (const std::string& column : missing) {
    said.push_back(fmt::format("'{}'{}", column, did_you_mean(column, table->columns())));
  }
  return fail(ExitCode::usage, feeder.file.string(),
              fmt::format("feeder '{}' has no column {}", feeder.name, fmt::join(said, ", ")),
              fmt::format("its columns are {}", fmt::join(table->columns(), ", ")));
}

Result<std::string> script_source(const Scenario& scenario) {
  if (scenario.lua.file.empty()) return scenario.lua.source;
  auto text = read_scenario_text(scenario.lua.file);
  if (!text)
    return fail(ExitCode::usage, scenario.lua.file.string(), "cannot be read", "name the file of the Lua functions");
  return text;
}

}  // namespace tidemark::schedule
