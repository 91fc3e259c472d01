// What tasks print, to and from hearth.node.v1. As in wire/node.h, from_wire fails with
// kInvalidArgument naming field and value, and to_wire overwrites what it is given.
#pragma once

#include "common/result.h"
#include "protocol/output.h"

namespace hearth::node::v1 {
class OutputRead;
class ReadOutput;
class TaskResult;
}  // namespace hearth::node::v1

namespace hearth::wire {

// Into and out of the two fields of a result; the others are left alone.
void to_wire(const protocol::OutputTails& tails, node::v1::TaskResult* out);
Result<protocol::OutputTails> tails_from_wire(const node::v1::TaskResult& in);

void to_wire(const protocol::ReadOutput& order, node::v1::ReadOutput* out);
Result<protocol::ReadOutput> from_wire(const node::v1::ReadOutput& in);

void to_wire(const protocol::OutputRead& read, node::v1::OutputRead* out);
Result<protocol::OutputRead> from_wire(const node::v1::OutputRead& in);

}  // namespace hearth::wire
