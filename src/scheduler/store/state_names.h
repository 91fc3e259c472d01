// Enumerations as they are stored: by the names customers see, so that rows read like the API and
// the numbers in our headers may change.
#pragma once

#include <optional>
#include <string_view>

#include "scheduler/core/fact.h"

namespace hearth::scheduler {

constexpr protocol::TaskState last_of(protocol::TaskState) {
  return protocol::TaskState::kCancelled;
}
constexpr protocol::FailureClass last_of(protocol::FailureClass) {
  return protocol::FailureClass::kCancelled;
}
constexpr protocol::ServiceClass last_of(protocol::ServiceClass) {
  return protocol::ServiceClass::kFiller;
}
constexpr protocol::NodeKind last_of(protocol::NodeKind) {
  return protocol::NodeKind::kBoiler;
}
constexpr protocol::SetpointMode last_of(protocol::SetpointMode) {
  return protocol::SetpointMode::kProgramme;
}
constexpr protocol::SetpointOrigin last_of(protocol::SetpointOrigin) {
  return protocol::SetpointOrigin::kLocal;
}
constexpr CancelCause last_of(CancelCause) {
  return CancelCause::kDependency;
}
constexpr protocol::AfterCondition last_of(protocol::AfterCondition) {
  return protocol::AfterCondition::kAny;
}
constexpr protocol::DeadlineAction last_of(protocol::DeadlineAction) {
  return protocol::DeadlineAction::kCancel;
}
constexpr protocol::LogsKept last_of(protocol::LogsKept) {
  return protocol::LogsKept::kNone;
}
constexpr JobState last_of(JobState) {
  return JobState::kCancelled;
}

template <class E>
std::string_view stored_name(E value) {
  return to_string(value);
}
// Nothing where no value has that name: the row is damaged, or of a newer program.
template <class E>
std::optional<E> from_stored_name(std::string_view name) {
  for (int i = 0; i <= static_cast<int>(last_of(E{})); ++i) {
    if (stored_name(static_cast<E>(i)) == name) return static_cast<E>(i);
  }
  return std::nullopt;
}

// Of the column `cancelled`: 0, or 1 + the cause.
inline std::optional<CancelCause> cancel_cause(std::uint64_t stored) {
  if (stored == 0 || stored > 1 + static_cast<std::uint64_t>(last_of(CancelCause{}))) return {};
  return static_cast<CancelCause>(stored - 1);
}

}  // namespace hearth::scheduler
