#include <set>

#include "scheduler/core/impl.h"

namespace hearth::scheduler {
namespace {

constexpr int kRequestsAtOnce = 1000;

}  // namespace

void Scheduler::Impl::on(const JobsExpired& event) {
  std::set<JobId> awaited_jobs;
  for (const auto& [id, job] : jobs) {
    for (const auto& dependency : job.spec().after) awaited_jobs.insert(dependency.job);
  }
  for (const auto id : event.jobs) {
    // A restart weighs the dependencies of active jobs anew and has to find how these ended.
    if (jobs.contains(id) || awaited_jobs.contains(id)) continue;
    if (ended_states.erase(id) == 0) continue;
    forget_request_of(id);
    commit(JobForgotten{id});
  }
}

void Scheduler::Impl::remember_request(DurableRequest request) {
  if (request.key.request_id.empty()) return;
  requests_by_job[request.job] = request.key;
  auto key = request.key;
  requests.insert_or_assign(std::move(key), std::move(request));
}

void Scheduler::Impl::forget_request_of(JobId job) {
  const auto found = requests_by_job.find(job);
  if (found == requests_by_job.end()) return;
  const auto request = requests.find(found->second);
  if (request != requests.end() && request->second.job == job) requests.erase(request);
  requests_by_job.erase(found);
}

// Jobs are numbered as they come: their ids age in that order.
void Scheduler::Impl::forget_old_requests() {
  std::optional<JobId> last;
  for (int count = 0; count < kRequestsAtOnce && !requests_by_job.empty(); ++count) {
    const auto oldest = requests_by_job.begin();
    const auto request = requests.find(oldest->second);
    const bool stale = request == requests.end() || request->second.job != oldest->first;
    const bool old = !stale && request->second.at < utc_now() - config.request_keep;
    if (!stale && !old && requests.size() <= config.request_ids_max) break;
    last = oldest->first;
    forget_request_of(*last);
  }
  if (last) commit(RequestsForgotten{JobId{last->value + 1}});
}

std::optional<Error> Scheduler::Impl::forgotten_original(const SubmitRequested& event) const {
  if (!event.retries) return std::nullopt;
  if (jobs.contains(*event.retries) || ended_states.contains(*event.retries)) return std::nullopt;
  return Error{ErrorCode::kNotFound,
               to_string(*event.retries) + ": deleted, its keep time after its end is over"};
}

}  // namespace hearth::scheduler
