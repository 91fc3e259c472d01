// What the core and the store know, as customers and operators see it.
//
// The store's rows win over the core's views: they are what is durable.
#pragma once

#include <optional>

#include "hearth/fleet/v1/fleet.pb.h"
#include "hearth/job/v1/job.pb.h"
#include "scheduler/core/view.h"
#include "scheduler/store/store.h"

namespace hearth::scheduler {

// `view` fills in the counts of an active job.
void to_wire(const JobRow& row, const std::optional<JobView>& view, job::v1::Job* out);
job::v1::JobState to_wire(JobState state);

// The job as it is durably, with the view's counts. kNotFound: no such job.
Result<> read_job(StoreReader& reader, JobId id, const std::optional<JobView>& view,
                  job::v1::Job* out);

// The open attempt of a running task, if there is one.
void add_open_attempt(const TaskView& view,
                      google::protobuf::RepeatedPtrField<job::v1::Attempt>* out);
void to_wire(const TaskRow& row, job::v1::TaskResult* out);

// Kind, job, time and what belongs to it; neither cursor nor Job.
void to_wire(const EventRow& row, job::v1::WatchJobsResponse* out);

void to_wire(const NodeView& view, fleet::v1::Node* out);
void to_wire(const ZoneView& view, fleet::v1::Zone* out);

}  // namespace hearth::scheduler
