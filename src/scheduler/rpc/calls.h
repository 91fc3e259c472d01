// What all calls share: gRPC's reactors and how they end with an error.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include "scheduler/rpc/backend.h"
#include "wire/status.h"

namespace hearth::scheduler {

inline constexpr std::size_t kReasonBytesMax = 256;
inline constexpr std::size_t kCallBytes = 1024;

// Ends the call, from any thread; returns it, for handlers to return.
inline grpc::ServerUnaryReactor* refuse(grpc::ServerUnaryReactor* reactor, const Error& error) {
  reactor->Finish(wire::to_status(error));
  return reactor;
}

// Of what could not be written. A full disk is no fault of the call: whoever sent it repeats it,
// and an agent does not give up its task's outputs.
inline Error retriable(Error error) {
  if (error.code != ErrorCode::kResourceExhausted) return error;
  return {ErrorCode::kUnavailable, "the scheduler's disk is full: " + error.message};
}

inline Reader::Refused refusal(grpc::ServerUnaryReactor* reactor) {
  return [reactor](const Error& error) { refuse(reactor, error); };
}

inline void finish(grpc::ServerUnaryReactor* reactor, const Result<>& result) {
  reactor->Finish(result ? grpc::Status::OK : wire::to_status(result.error()));
}

}  // namespace hearth::scheduler
