// What a customer asks for and what became of it: jobs, tasks, attempts, results.
//
// Plain values; both cores and all adapters use them, wire/ converts them from and to protobuf.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/ids.h"
#include "common/result.h"
#include "common/time.h"
#include "common/units.h"

namespace hearth::protocol {

// How far heat yields to the customer. Ordered: later classes yield earlier.
enum class ServiceClass { kReserved, kOnDemand, kFlex, kFiller };
inline constexpr std::size_t kServiceClassCount = 4;

enum class TaskState { kPending, kRunning, kSucceeded, kFailed, kCancelled };

// Why an attempt did not succeed. Only kUserError, kOutOfMemory and kTimeLimit are the task's own
// doing and count against `user_retries`; kInputMissing fails the task at once; kCancelled ends it.
enum class FailureClass {
  kNone,
  kUserError,
  kOutOfMemory,
  kTimeLimit,
  kInputMissing,
  kNodeLost,
  kHeat,
  kDrained,
  kAgentError,
  kCancelled,
};
inline constexpr std::size_t kFailureClassCount = 10;

struct Resources {
  int cores = 1;                   // whole cores, 1..1024
  std::uint64_t memory_bytes = 0;  // 0: no limit and no reservation

  friend bool operator==(const Resources&, const Resources&) = default;
};

// An artifact placed read-only in the task's directory before it starts.
struct Input {
  std::string digest;  // SHA-256, 64 lower-case hex digits
  std::string path;    // relative to the task's directory, no ".."
  bool executable = false;

  friend bool operator==(const Input&, const Input&) = default;
};

// A value for the task alone: it has to be asked for by name, so that nothing prints or stores it
// by the way.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  [[nodiscard]] const std::string& reveal() const { return value_; }

  friend bool operator==(const Secret&, const Secret&) = default;

 private:
  std::string value_;
};

using Secrets = std::map<std::string, Secret>;  // by the variable's name

// When a job that waits for another may start: once that one ended so.
enum class AfterCondition { kSuccess, kFailure, kAny };

struct Dependency {
  JobId job;
  AfterCondition condition = AfterCondition::kSuccess;

  friend bool operator==(const Dependency&, const Dependency&) = default;
};

// What becomes of a job whose deadline passes while tasks are open.
enum class DeadlineAction { kContinue, kCancel };

// Whether results bring along the end of what their tasks printed.
enum class LogsKept { kTail, kNone };

struct JobSpec {
  std::string name;
  TenantId tenant{"default"};
  ServiceClass service_class = ServiceClass::kOnDemand;
  int priority = 50;                 // 0..100, higher is sooner
  std::uint64_t task_count = 1;      // 1..10,000,000
  std::vector<std::string> command;  // "{index}" in an argument becomes the task's index
  std::map<std::string, std::string> environment;
  std::vector<Input> inputs;
  std::vector<std::string>
      outputs;  // glob patterns under the task's directory, collected at success
  Resources resources;
  Duration expected_run_time{};     // nominal, at full speed; 0: unknown
  Duration maximum_run_time{};      // nominal; 0: no limit
  int user_retries = 0;             // further tries after the task's own failures
  int infrastructure_retries = 10;  // further tries after node loss and agent error
  std::optional<UtcTime> deadline;
  std::map<std::string, std::string> labels;
  bool needs_isolation = false;   // run only where tasks are isolated from the host
  std::vector<Dependency> after;  // starts only when all of these hold
  bool held = false;              // nothing of it starts until it is released
  // More FAILED tasks than either end the job: what is left is cancelled.
  std::optional<std::uint64_t> maximum_failed_tasks;
  std::optional<int> maximum_failed_percent;  // of task_count, 0..100
  DeadlineAction deadline_action = DeadlineAction::kContinue;
  // What task 0, 1, ... stand for in "{index}" and HEARTH_TASK_INDEX: "3,5,9-20"; empty:
  // themselves.
  std::string indices;
  LogsKept logs = LogsKept::kTail;
  bool no_residential = false;  // run on no node that stands in somebody's home
  bool needs_network = false;   // runs where a network is granted
  Secrets secrets;              // variables beside `environment`; runs where they are understood

  friend bool operator==(const JobSpec&, const JobSpec&) = default;
};

struct ResourceUsage {
  double cpu_s = 0;                     // user and system time of the task's whole tree
  std::uint64_t peak_memory_bytes = 0;  // highest resident set seen
  Joules energy;                        // heat attributed to the attempt

  friend bool operator==(const ResourceUsage&, const ResourceUsage&) = default;
};

struct OutputArtifact {
  std::string path;  // relative to the task's directory
  std::string digest;
  std::uint64_t size_bytes = 0;

  friend bool operator==(const OutputArtifact&, const OutputArtifact&) = default;
};

// What the node says of one try; everything but the result's bytes.
struct AttemptReport {
  AttemptId attempt;
  TaskId task;
  FailureClass failure = FailureClass::kNone;  // kNone: succeeded
  std::optional<int> exit_code;                // unset where the program did not exit by itself
  std::string message;   // for people: what went wrong, one line; empty on success
  UtcTime started_at{};  // zero where it never started
  UtcTime finished_at{};
  Duration nominal_run_time{};  // run time at full speed, without frozen time
  ResourceUsage usage;
  std::vector<OutputArtifact> outputs;

  friend bool operator==(const AttemptReport&, const AttemptReport&) = default;
};

inline constexpr std::size_t kResultBytesMax = 64 * 1024;
inline constexpr std::size_t kPayloadBytesMax = 64 * 1024;
inline constexpr std::uint64_t kTaskCountMax = 10'000'000;
inline constexpr std::size_t kDependenciesMax = 256;
inline constexpr std::size_t kIndicesBytesMax = 1024 * 1024;
inline constexpr std::size_t kSecretsBytesMax = 64 * 1024;  // names and values

// The names customers see: "ON_DEMAND", "RUNNING", "NODE_LOST".
std::string_view to_string(ServiceClass service_class);
std::string_view to_string(TaskState state);
std::string_view to_string(FailureClass failure);
std::string_view to_string(AfterCondition condition);  // "SUCCESS", ...
std::string_view to_string(DeadlineAction action);     // "CONTINUE", "CANCEL"
std::string_view to_string(LogsKept logs);             // "TAIL", "NONE"
std::optional<ServiceClass> parse_service_class(std::string_view text);

constexpr bool is_final(TaskState state) {
  return state != TaskState::kPending && state != TaskState::kRunning;
}
constexpr bool is_users_fault(FailureClass failure) {
  return failure == FailureClass::kUserError || failure == FailureClass::kOutOfMemory ||
         failure == FailureClass::kTimeLimit;
}

// The same names with empty values: what of secrets may be shown.
Secrets names_of(const Secrets& secrets);

// Every problem of a specification at once, each naming its field and value (of secrets the name
// alone); empty if it is sound.
// Checks form only: whether inputs exist and a deadline is past is not known here.
std::vector<std::string> problems_of(const JobSpec& spec);

// Whether a relative path stays inside the directory it is relative to.
bool is_safe_relative_path(std::string_view path);

}  // namespace hearth::protocol
