// Error to and from grpc::Status: the same distinctions, so nothing is lost one way.
#pragma once

#include "common/result.h"

namespace grpc {
class Status;
}

namespace hearth::wire {

// Messages over 2 KiB are cut, since a status travels in a header of limited size.
grpc::Status to_status(const Error& error);

// Requires a status that is not OK. Codes that we never send fold into ours: DEADLINE_EXCEEDED
// and CANCELLED are kUnavailable, refusals kFailedPrecondition, the rest kInternal.
Error from_status(const grpc::Status& status);

}  // namespace hearth::wire
