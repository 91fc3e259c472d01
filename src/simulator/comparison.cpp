#include "simulator/comparison.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "simulator/engine.h"
#include "simulator/promises.h"
#include "simulator/result_text.h"

namespace hearth::simulator {
namespace {

using Json = nlohmann::ordered_json;

// What a child found, written into a file that both hold.
Json run_world(const Scenario& scenario, std::uint64_t seed,
               const std::vector<std::string>& policies) {
  const auto world = make_world(scenario, seed);
  if (!world) return {{"error", world.error().message}};
  Json found = Json::object();
  for (const auto& policy : policies) {
    const auto result = run_policy(*world, policy);
    if (!result) return {{"error", result.error().message}};
    for (const auto& [name, value] : result->metrics.all()) found[policy][name] = value;
  }
  return found;
}

class Children {
 public:
  Children(const Scenario& scenario, const std::vector<std::string>& policies)
      : scenario_(scenario), policies_(policies) {}

  Result<> start(std::size_t index, std::uint64_t seed) {
    std::FILE* file = std::tmpfile();
    if (!file) return fail(ErrorCode::kUnavailable, "no temporary file could be made");
    std::fflush(nullptr);
    const pid_t child = fork();
    if (child < 0) return fail(ErrorCode::kUnavailable, "no process could be started");
    if (child == 0) {
      const std::string text = run_world(scenario_, seed, policies_).dump();
      std::fwrite(text.data(), 1, text.size(), file);
      _exit(std::fflush(file) == 0 ? 0 : 1);
    }
    running_[child] = {index, file};
    return {};
  }

  // Waits for one and returns its number and what it found.
  Result<std::pair<std::size_t, Json>> take() {
    int status = 0;
    const pid_t child = wait(&status);
    const auto found = running_.extract(child);
    if (!found) return fail(ErrorCode::kInternal, "a world's process is gone");
    const auto [index, file] = found.mapped();
    std::string text;
    std::rewind(file);
    char buffer[4096];
    while (const auto count = std::fread(buffer, 1, sizeof buffer, file))
      text.append(buffer, count);
    std::fclose(file);
    Json json = Json::parse(text, nullptr, false);
    if (status != 0 || json.is_discarded()) {
      return fail(ErrorCode::kInternal, "a world's process failed");
    }
    if (json.contains("error")) {
      return fail(ErrorCode::kInvalidArgument, json["error"].get<std::string>());
    }
    return std::pair{index, std::move(json)};
  }

  [[nodiscard]] int count() const { return static_cast<int>(running_.size()); }

 private:
  struct Child {
    std::size_t index;
    std::FILE* file;
  };
  const Scenario& scenario_;
  const std::vector<std::string>& policies_;
  std::map<pid_t, Child> running_;
};

std::vector<std::string> metric_names(const Comparison& comparison) {
  std::vector<std::string> names;
  for (const auto& policy : comparison.policies) {
    for (const auto& run : policy.runs) {
      for (const auto& [name, value] : run.all()) {
        if (std::ranges::find(names, name) == names.end()) names.push_back(name);
      }
    }
  }
  return names;
}

std::string padded(const std::string& text, std::size_t width) {
  return text.size() >= width ? text : std::string(width - text.size(), ' ') + text;
}

std::string cell_of(const PolicyRuns& policy, const std::string& metric) {
  if (!policy.has(metric)) return "-";
  const double least = policy.least(metric), most = policy.most(metric);
  const std::string mean = short_number(policy.mean(metric));
  if (least == most) return mean;
  return mean + " (" + short_number(least) + ".." + short_number(most) + ")";
}

}  // namespace

bool PolicyRuns::has(const std::string& metric) const {
  return std::ranges::any_of(runs, [&](const auto& run) { return run.has(metric); });
}
double PolicyRuns::mean(const std::string& metric) const {
  double sum = 0;
  for (const auto& run : runs) sum += run.get(metric);
  return runs.empty() ? 0 : sum / static_cast<double>(runs.size());
}
double PolicyRuns::least(const std::string& metric) const {
  double value = runs.empty() ? 0 : runs.front().get(metric);
  for (const auto& run : runs) value = std::min(value, run.get(metric));
  return value;
}
double PolicyRuns::most(const std::string& metric) const {
  double value = runs.empty() ? 0 : runs.front().get(metric);
  for (const auto& run : runs) value = std::max(value, run.get(metric));
  return value;
}

const PolicyRuns* Comparison::find(const std::string& policy) const {
  const auto found = std::ranges::find(policies, policy, &PolicyRuns::policy);
  return found == policies.end() ? nullptr : &*found;
}

Result<Comparison> compare(const Scenario& scenario, const std::vector<std::uint64_t>& seeds,
                           const std::vector<std::string>& policies, int jobs) {
  Comparison comparison{scenario, seeds, {}};
  for (const auto& policy : policies) {
    comparison.policies.push_back({policy, std::vector<Metrics>(seeds.size())});
  }
  Children children{scenario, policies};
  std::size_t next = 0;
  std::optional<Error> failed;
  while (children.count() > 0 || (next < seeds.size() && !failed)) {
    if (next < seeds.size() && children.count() < jobs && !failed) {
      if (auto started = children.start(next, seeds[next]); !started) failed = started.error();
      ++next;
      continue;
    }
    auto taken = children.take();
    if (!taken) {
      failed = taken.error();
      continue;
    }
    for (auto& policy : comparison.policies) {
      for (const auto& [name, value] : taken->second[policy.policy].items()) {
        policy.runs[taken->first].set(name, value.get<double>());
      }
    }
    if (isatty(STDERR_FILENO) != 0) {
      std::fprintf(stderr, "seed %llu is done\n",
                   static_cast<unsigned long long>(seeds[taken->first]));
    }
  }
  if (failed) return tl::unexpected(*failed);
  return comparison;
}

std::string comparison_text(const Comparison& comparison) {
  // First the cells, then as much room for each column as its widest needs.
  std::vector<std::vector<std::string>> rows{{""}};
  for (const auto& policy : comparison.policies) rows[0].push_back(policy.policy);
  for (const auto& name : metric_names(comparison)) {
    auto& row = rows.emplace_back(std::vector{name});
    for (const auto& policy : comparison.policies) row.push_back(cell_of(policy, name));
  }
  std::vector<std::size_t> widths(rows[0].size());
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  const auto& scenario = comparison.scenario;
  std::string text = scenario.name + ": " + std::to_string(scenario.nodes) + " nodes, load " +
                     short_number(scenario.work.load) + ", " +
                     std::to_string(comparison.seeds.size()) + " worlds; mean (least..most)\n\n";
  for (const auto& row : rows) {
    text += row[0] + std::string(widths[0] - row[0].size(), ' ');
    for (std::size_t i = 1; i < row.size(); ++i) text += "  " + padded(row[i], widths[i]);
    text += "\n";
  }
  const auto kept = promises(comparison);
  if (!kept.empty()) text += "\n";
  for (const auto& promise : kept) {
    text += (promise.holds ? "holds  " : "FAILS  ") + promise.name + ": " + promise.figures + "\n";
  }
  return text;
}

std::string comparison_json(const Comparison& comparison) {
  Json root;
  root["scenario"] = Json::parse(to_json(comparison.scenario));
  root["seeds"] = comparison.seeds;
  for (const auto& policy : comparison.policies) {
    auto& means = root["policies"][policy.policy];
    auto& ranges = root["ranges"][policy.policy];
    means = Json::object();
    ranges = Json::object();
    for (const auto& name : metric_names(comparison)) {
      if (!policy.has(name)) continue;
      means[name] = policy.mean(name);
      ranges[name] = {policy.least(name), policy.most(name)};
    }
  }
  root["promises"] = Json::array();
  for (const auto& promise : promises(comparison)) {
    root["promises"].push_back(
        {{"name", promise.name}, {"holds", promise.holds}, {"figures", promise.figures}});
  }
  return root.dump() + "\n";
}

}  // namespace hearth::simulator
