// Several jobs in one submission file, which wait for one another by the names that it gives them.
//
// Pure. {"jobs": [{"id": "price", ...}, {"id": "reduce", "after": ["price"], ...}]}: each of them
// is what a file for one job holds, with an `id` of its own; `after` names earlier ones or jobs
// that are submitted already.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/submission.h"
#include "hearth/job/v1/job.pb.h"

namespace hearth::cli {

struct PipelineStep {
  std::string id;
  std::string text;                // of its file, without the id and what it waits for here
  std::vector<std::string> after;  // "price", "price:failure": of this file, and "j7" of others
};

// Nothing where the file holds a single job, or no JSON at all. Else its jobs in order, or all
// problems: ids that are missing, not names or given twice, `after` that names none before it.
std::optional<Result<std::vector<PipelineStep>>> read_pipeline(const std::string& text);

// With the jobs that its names became.
std::vector<std::string> resolve_after(const PipelineStep& step,
                                       const std::map<std::string, std::string>& jobs);

// Whether an ended job never ran because of how another job of its file ended, which counts by
// itself: what was to run after a failure that did not happen has not failed.
bool was_skipped(const job::v1::Job& job, const std::map<std::string, std::string>& jobs);

}  // namespace hearth::cli
