// Jobs, tasks, nodes and zones in the words of tables. Pure.
#pragma once

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include <string>

#include "cli/format.h"
#include "cli/progress.h"
#include "common/time.h"
#include "hearth/fleet/v1/fleet.pb.h"
#include "hearth/job/v1/job.pb.h"

namespace hearth::cli {

// "SUCCEEDED" in green, "FAILED" in red, ...
Cell cell_of(job::v1::JobState state);
Cell cell_of(job::v1::TaskState state);
Cell cell_of(fleet::v1::NodeState state);
// "USER_ERROR"; empty where it succeeded.
std::string word_of(job::v1::FailureClass failure);
std::string word_of(job::v1::ServiceClass service_class);
std::string word_of(job::v1::JobEventKind kind);
std::string word_of(fleet::v1::NodeKind kind);

UtcTime time_of(const google::protobuf::Timestamp& time);
// To the second.
std::string text_of(const google::protobuf::Timestamp& time);
// In the time zone of whoever runs us: "Tue 2026-11-24 06:30".
std::string local_text_of(const google::protobuf::Timestamp& time);
Duration duration_of(const google::protobuf::Duration& duration);
Counts counts_of(const job::v1::TaskCounts& counts);

// "21.3 °C", with what is wrong with it: "21.3 °C (stale)"; "-" where missing.
Cell temperature_cell(const fleet::v1::Reading& reading);
Cell power_cell(const fleet::v1::Reading& reading);
// "20.5 °C", "OFF", "programme"; "local" is added where the resident set it.
std::string text_of(const fleet::v1::Setpoint& setpoint);
// "12.0 °C until Sun 2027-01-03 18:00", before its start with that too; empty for none, and for one
// that is over at `now`.
std::string holiday_text(const fleet::v1::Setpoint& setpoint, UtcTime now);

// "exit 3", "USER_ERROR", or how long it ran.
std::string outcome_of(const job::v1::Attempt& attempt);
// How long it ran, or has run by `now`; empty where it never started.
std::string run_time_of(const job::v1::Attempt& attempt, UtcTime now);
// "SUCCEEDED: 64 tasks in 1m02s, 58.1 s CPU, 12.3 kJ".
std::string summary_of(const job::v1::Job& job);

}  // namespace hearth::cli
