// The work of a world: jobs of tasks with nominal run times, from HEAT section 5's generator or
// from a trace in the Standard Workload Format, scaled to a number of core-seconds.
#pragma once

#include <cstdint>
#include <vector>

#include "common/result.h"
#include "protocol/job.h"
#include "simulator/scenario.h"

namespace hearth::simulator {

struct Job {
  Duration submitted{};  // since the run began
  protocol::ServiceClass service_class = protocol::ServiceClass::kOnDemand;
  std::uint32_t first_task = 0;
  std::uint32_t task_count = 1;
  double estimate_s = 0;  // what the submitter says of one task; 0: nothing
  Duration deadline{};    // since the run began; zero: none
};

struct Workload {
  std::vector<Job> jobs;         // by time of submission
  std::vector<float> nominal_s;  // of each task, one core at full speed
  std::vector<std::uint32_t> job_of;

  [[nodiscard]] double core_seconds() const;
};

// Jobs drawn until they hold `core_seconds` of work in all; the last task may exceed it.
Workload generate_work(const Scenario& scenario, std::uint64_t seed, double core_seconds);

// The trace's jobs, a task per processor, from the start of the trace on; submit times stretched or
// shrunk so that as many as fit the scenario's days hold `core_seconds`. Lines that are not jobs
// are skipped; kInvalidArgument names the first line that is no SWF.
Result<Workload> work_of_trace(const std::string& swf_text, const Scenario& scenario,
                               std::uint64_t seed, double core_seconds);

}  // namespace hearth::simulator
