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

inline Reader::Refused refusal(grpc::ServerUnaryReactor* reactor) {
  return [reactor](const Error& error) { refuse(reactor, error); };
}

inline void finish(grpc::ServerUnaryReactor* reactor, const Result<>& result) {
  reactor->Finish(result ? grpc::Status::OK : wire::to_status(result.error()));
}

}  // namespace hearth::scheduler
