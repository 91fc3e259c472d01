#include "scheduler/store/store.h"

#include <algorithm>

namespace hearth::scheduler {

std::vector<std::uint64_t> indices_in(const std::vector<std::optional<protocol::TaskState>>& known,
                                      const std::vector<protocol::TaskState>& states,
                                      bool job_ended) {
  std::vector<std::uint64_t> indices;
  for (std::uint64_t index = 0; index < known.size(); ++index) {
    auto state = known[index];
    if (!state && job_ended) state = protocol::TaskState::kCancelled;
    if (state && std::ranges::find(states, *state) != states.end()) indices.push_back(index);
  }
  return indices;
}

StoreReader::PayloadPage single_payload(std::uint64_t index, std::uint64_t stands_for,
                                        StoreReader::PayloadPage page) {
  return {index, {std::move(page.payloads[stands_for - page.first])}};
}

Result<> Store::check() {
  HEARTH_TRY(findings, inspect());
  if (findings.empty()) return {};
  std::string all;
  for (const auto& finding : findings) all += (all.empty() ? "" : "; ") + finding;
  return fail(ErrorCode::kInternal, all);
}

Error no_such_job(StoreReader& reader, JobId job) {
  const auto newest = reader.last_job();
  const bool deleted = newest && job.value != 0 && job <= *newest;
  return {ErrorCode::kNotFound,
          to_string(job) +
              (deleted ? ": deleted, its keep time after its end is over" : ": no such job")};
}

}  // namespace hearth::scheduler
