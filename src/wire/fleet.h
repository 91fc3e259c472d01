// Heat to and from hearth.fleet.v1: setpoints, readings, energy, kinds of nodes.
//
// from_wire fails with kInvalidArgument naming every bad field and its value; NaN and infinities
// are refused. to_wire overwrites what it is given.
#pragma once

#include "common/result.h"
#include "protocol/heat.h"

namespace hearth::fleet::v1 {
class EnergyLedger;
class Holiday;
class Reading;
class Setpoint;
enum NodeKind : int;
}  // namespace hearth::fleet::v1

namespace hearth::wire {

void to_wire(const protocol::Setpoint& setpoint, fleet::v1::Setpoint* out);

// Sound in itself (problems_of finds nothing). An origin left out is kDefault: requests need none.
Result<protocol::Setpoint> from_wire(const fleet::v1::Setpoint& in);

// A start left out is the epoch, before everything; the end must be there. Whether it is a holiday
// that anybody may begin is not asked here (protocol::problems_of).
void to_wire(const protocol::Holiday& holiday, fleet::v1::Holiday* out);
Result<protocol::Holiday> from_wire(const fleet::v1::Holiday& in);

// A quality left out is kMissing.
void to_wire(const protocol::Reading& reading, fleet::v1::Reading* out);
Result<protocol::Reading> from_wire(const fleet::v1::Reading& in);

void to_wire(const protocol::EnergyLedger& ledger, fleet::v1::EnergyLedger* out);
Result<protocol::EnergyLedger> from_wire(const fleet::v1::EnergyLedger& in);

fleet::v1::NodeKind to_wire(protocol::NodeKind kind);
Result<protocol::NodeKind> from_wire(fleet::v1::NodeKind kind);

}  // namespace hearth::wire
