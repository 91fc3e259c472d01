// The tasks of a job, page by page: the core's open ones, the store's ended ones and the attempts
// that were retried, merged.
#pragma once

#include <map>

#include "hearth/job/v1/job.pb.h"
#include "scheduler/core/scheduler.h"
#include "scheduler/store/store.h"

namespace hearth::scheduler {

struct TaskQuery {
  JobId job;
  std::optional<protocol::TaskState> state;
  std::uint64_t first = 0;  // index
  std::size_t limit = 100;
  bool only_first = false;  // that one task
};

// What the core knows of the tasks a page may hold; taken on the loop's thread. Bounded work: where
// a state is asked for, so many indices are looked at and the page may stay short.
struct TaskSnapshot {
  std::map<std::uint64_t, TaskView> open;
  std::uint64_t end = 0;  // indices below were looked at
};
TaskSnapshot snapshot_of(const Scheduler& scheduler, const TaskQuery& query);

struct TaskPage {
  std::vector<job::v1::Task> tasks;
  std::uint64_t next = 0;  // where the next page begins
  bool more = false;
};

// On the store's thread. kNotFound: no such job, or with only_first no such index.
Result<TaskPage> read_tasks(StoreReader& reader, const TaskQuery& query,
                            const TaskSnapshot& snapshot);

}  // namespace hearth::scheduler
