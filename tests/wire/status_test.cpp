#include "wire/status.h"

#include <gmock/gmock.h>
#include <grpcpp/support/status.h>
#include <gtest/gtest.h>

namespace hearth::wire {
namespace {

TEST(Status, EveryErrorCodeSurvivesTheWay) {
  for (const auto code :
       {ErrorCode::kInvalidArgument, ErrorCode::kNotFound, ErrorCode::kAlreadyExists,
        ErrorCode::kFailedPrecondition, ErrorCode::kOutOfRange, ErrorCode::kResourceExhausted,
        ErrorCode::kUnavailable, ErrorCode::kAborted, ErrorCode::kInternal}) {
    const Error error{code, "job j7: not found"};
    EXPECT_EQ(from_status(to_status(error)), error);
  }
}

TEST(Status, ForeignCodesSayWhatTheCallerCanDo) {
  const auto code = [](grpc::StatusCode foreign) {
    return from_status(grpc::Status(foreign, "")).code;
  };
  EXPECT_EQ(code(grpc::StatusCode::DEADLINE_EXCEEDED), ErrorCode::kUnavailable);
  EXPECT_EQ(code(grpc::StatusCode::CANCELLED), ErrorCode::kUnavailable);
  EXPECT_EQ(code(grpc::StatusCode::UNAUTHENTICATED), ErrorCode::kFailedPrecondition);
  EXPECT_EQ(code(grpc::StatusCode::UNIMPLEMENTED), ErrorCode::kInternal);
}

TEST(Status, LongMessagesAreCut) {
  const auto status = to_status({ErrorCode::kInvalidArgument, std::string(100'000, 'x')});
  EXPECT_LT(status.error_message().size(), 2100u);
  EXPECT_THAT(status.error_message(), testing::EndsWith("x ... (cut)"));
}

}  // namespace
}  // namespace hearth::wire
