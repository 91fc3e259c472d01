#include "cli/pipeline.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/ids.h"

namespace hearth::cli {
namespace {

using Json = nlohmann::json;

std::string name_of(const std::string& after) {
  return after.substr(0, after.find(':'));
}

std::vector<std::string> take_after(Json& job, const std::string& path,
                                    std::vector<std::string>& problems) {
  std::vector<std::string> after;
  const auto found = job.find("after");
  if (found == job.end()) return after;
  const bool is_list =
      found->is_array() &&
      std::all_of(found->begin(), found->end(), [](const Json& item) { return item.is_string(); });
  if (is_list) {
    after = found->get<std::vector<std::string>>();
  } else {
    problems.push_back(path + ".after: not a list of strings: " + found->dump());
  }
  job.erase(found);
  return after;
}

PipelineStep read_step(Json job, const std::string& path,
                       const std::map<std::string, std::string>& before,
                       std::vector<std::string>& problems) {
  PipelineStep step;
  if (!job.is_object()) {
    problems.push_back(path + ": not an object");
    return step;
  }
  const auto id = job.find("id");
  if (id == job.end() || !id->is_string() || !is_valid_name(id->get<std::string>())) {
    problems.push_back(path + ".id: needs a name, 1-64 of [A-Za-z0-9._-]");
  } else {
    step.id = id->get<std::string>();
    if (before.contains(step.id)) problems.push_back(path + ".id: given twice: " + step.id);
    if (parse_job_id(step.id)) problems.push_back(path + ".id: looks like a job's: " + step.id);
  }
  job.erase("id");
  step.after = take_after(job, path, problems);
  for (const auto& after : step.after) {
    const auto name = name_of(after);
    if (before.contains(name) || parse_job_id(name)) continue;
    problems.push_back(path + ".after: neither a job before it nor like j7: " + name);
  }
  step.text = job.dump();
  return step;
}

}  // namespace

std::optional<Result<std::vector<PipelineStep>>> read_pipeline(const std::string& text) {
  const auto json =
      Json::parse(text, nullptr, /*allow_exceptions=*/false, /*ignore_comments=*/true);
  if (!json.is_object() || !json.contains("jobs")) return std::nullopt;
  std::vector<std::string> problems;
  std::vector<PipelineStep> steps;
  for (const auto& [key, value] : json.items()) {
    if (key != "jobs") problems.push_back(key + ": unknown key beside jobs");
  }
  const auto& jobs = json["jobs"];
  if (!jobs.is_array() || jobs.empty()) problems.emplace_back("jobs: not a list of jobs");
  std::map<std::string, std::string> before;
  for (std::size_t i = 0; jobs.is_array() && i < jobs.size(); ++i) {
    steps.push_back(read_step(jobs[i], "jobs[" + std::to_string(i) + "]", before, problems));
    before.emplace(steps.back().id, "");
  }
  if (problems.empty()) return steps;
  std::string all;
  for (const auto& problem : problems) all += (all.empty() ? "" : "; ") + problem;
  return Result<std::vector<PipelineStep>>(fail(ErrorCode::kInvalidArgument, all));
}

std::vector<std::string> resolve_after(const PipelineStep& step,
                                       const std::map<std::string, std::string>& jobs) {
  std::vector<std::string> resolved;
  for (const auto& after : step.after) {
    const auto name = name_of(after);
    const auto job = jobs.find(name);
    resolved.push_back(job == jobs.end() ? after : job->second + after.substr(name.size()));
  }
  return resolved;
}

bool was_skipped(const job::v1::Job& job, const std::map<std::string, std::string>& jobs) {
  const auto is_of_the_file = [&](const job::v1::Dependency& after) {
    return std::ranges::any_of(jobs, [&](const auto& j) { return j.second == after.job_id(); });
  };
  return job.cancel_cause() == job::v1::CANCEL_CAUSE_DEPENDENCY &&
         std::ranges::all_of(job.spec().after(), is_of_the_file);
}

}  // namespace hearth::cli
