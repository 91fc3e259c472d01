// What travels between agent and scheduler, to and from hearth.node.v1.
//
// The bytes of results and payloads are not touched: TaskResult.result and StartAttempt.payload
// are the adapters' to set and to take. from_wire fails with kInvalidArgument naming every bad
// field and its value; a message without content is refused. to_wire overwrites what it is given.
#pragma once

#include "common/result.h"
#include "protocol/stream.h"

namespace hearth::node::v1 {
class AgentMessage;
class AttemptId;
class NodeFacts;
class SchedulerMessage;
class TaskResult;
class Telemetry;
class ZonePlan;
}  // namespace hearth::node::v1

namespace hearth::wire {

void to_wire(const protocol::AgentMessage& message, node::v1::AgentMessage* out);
Result<protocol::AgentMessage> from_wire(const node::v1::AgentMessage& in);

void to_wire(const protocol::SchedulerMessage& message, node::v1::SchedulerMessage* out);
Result<protocol::SchedulerMessage> from_wire(const node::v1::SchedulerMessage& in);

// ---- the parts, for stores and spools

void to_wire(const protocol::NodeFacts& facts, node::v1::NodeFacts* out);
Result<protocol::NodeFacts> from_wire(const node::v1::NodeFacts& in);

void to_wire(const protocol::Telemetry& telemetry, node::v1::Telemetry* out);
Result<protocol::Telemetry> from_wire(const node::v1::Telemetry& in);

void to_wire(const protocol::ZonePlan& plan, node::v1::ZonePlan* out);
Result<protocol::ZonePlan> from_wire(const node::v1::ZonePlan& in);

// Accepts a report without attempt and job (a task that never ran); the stream does not.
// Text that is no UTF-8 travels with '?' in its place.
void to_wire(const protocol::AttemptReport& report, node::v1::TaskResult* out);
Result<protocol::AttemptReport> from_wire(const node::v1::TaskResult& in);

void to_wire(AttemptId attempt, node::v1::AttemptId* out);

// Fails for epoch 0, which no scheduler has.
Result<AttemptId> from_wire(const node::v1::AttemptId& in);

}  // namespace hearth::wire
