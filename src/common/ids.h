// Identifiers that cannot be mixed up: a NodeId is not a ZoneId, a JobId not a SessionId.
//
// Numbers are given out by the scheduler, names by operators. Each prints the way people read it:
// j7, j7/12, a3.41, s9, and names as they are.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/result.h"

namespace hearth {

// A number given out by us; 0 is never a valid one.
template <class Tag>
struct Id {
  std::uint64_t value = 0;

  friend constexpr auto operator<=>(Id, Id) = default;
  friend std::string to_string(Id id) { return Tag::prefix + std::to_string(id.value); }
};

struct JobTag {
  static constexpr char prefix = 'j';
};
struct SessionTag {
  static constexpr char prefix = 's';
};

using JobId = Id<JobTag>;
using SessionId = Id<SessionTag>;  // one agent stream; given out by the rpc adapter, never reused

// One unit of work; keeps its identity through every retry.
struct TaskId {
  JobId job;
  std::uint64_t index = 0;

  friend constexpr auto operator<=>(TaskId, TaskId) = default;
  friend std::string to_string(TaskId id) {
    return to_string(id.job) + "/" + std::to_string(id.index);
  }
};

// One try of a task on one node. Never used again, and ordered: of two claimants the higher stays.
struct AttemptId {
  std::uint64_t epoch = 0;
  std::uint64_t counter = 0;

  friend constexpr auto operator<=>(AttemptId, AttemptId) = default;
  friend std::string to_string(AttemptId id) {
    return "a" + std::to_string(id.epoch) + "." + std::to_string(id.counter);
  }
};

// A name chosen by an operator or a customer: 1 to 64 of [A-Za-z0-9._-].
template <class Tag>
struct Name {
  std::string value;

  friend auto operator<=>(const Name&, const Name&) = default;
  friend std::string to_string(const Name& name) { return name.value; }
};

using NodeId = Name<struct NodeTag>;
using ZoneId = Name<struct ZoneTag>;
using SiteId = Name<struct SiteTag>;
using TenantId = Name<struct TenantTag>;

// "j7" or "7", "j7/12", "a3.41". Fails with kInvalidArgument naming the text.
Result<JobId> parse_job_id(std::string_view text);
Result<TaskId> parse_task_id(std::string_view text);
Result<AttemptId> parse_attempt_id(std::string_view text);

// Whether `text` may name a node, zone, site or tenant.
bool is_valid_name(std::string_view text);

}  // namespace hearth
