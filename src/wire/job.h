// Jobs and attempts to and from hearth.job.v1.
//
// from_wire fails with kInvalidArgument naming every bad field and its value; what it returns is
// sound in form (problems_of finds nothing). to_wire overwrites what it is given.
#pragma once

#include <optional>

#include "common/result.h"
#include "protocol/job.h"

namespace hearth::job::v1 {
class Attempt;
class JobSpec;
class OutputArtifact;
enum FailureClass : int;
enum ServiceClass : int;
enum TaskState : int;
}  // namespace hearth::job::v1

namespace hearth::wire {

void to_wire(const protocol::JobSpec& spec, job::v1::JobSpec* out);

// Unset fields get the defaults that the proto states: priority 50, 10 infrastructure retries,
// tenant "default", one core, ON_DEMAND.
Result<protocol::JobSpec> from_wire(const job::v1::JobSpec& in);

void to_wire(const protocol::OutputArtifact& artifact, job::v1::OutputArtifact* out);
Result<protocol::OutputArtifact> from_wire(const job::v1::OutputArtifact& in);

// As customers see it. Times that are zero stay unset.
void to_wire(const protocol::AttemptReport& report, const NodeId& node, job::v1::Attempt* out);

job::v1::ServiceClass to_wire(protocol::ServiceClass service_class);
job::v1::TaskState to_wire(protocol::TaskState state);
job::v1::FailureClass to_wire(protocol::FailureClass failure);
Result<protocol::FailureClass> from_wire(job::v1::FailureClass failure);

// For filters: UNSPECIFIED is nullopt, all states.
Result<std::optional<protocol::TaskState>> from_wire(job::v1::TaskState state);

}  // namespace hearth::wire
