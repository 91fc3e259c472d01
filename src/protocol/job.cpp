#include "protocol/job.h"

#include <array>

#include "common/digest.h"
#include "protocol/indices.h"

namespace hearth::protocol {
namespace {

constexpr std::array<std::string_view, kServiceClassCount> kServiceClassNames = {
    "RESERVED", "ON_DEMAND", "FLEX", "FILLER"};
constexpr std::array<std::string_view, 5> kTaskStateNames = {"PENDING", "RUNNING", "SUCCEEDED",
                                                             "FAILED", "CANCELLED"};
constexpr std::array<std::string_view, 10> kFailureNames = {
    "NONE",      "USER_ERROR", "OUT_OF_MEMORY", "TIME_LIMIT",  "INPUT_MISSING",
    "NODE_LOST", "HEAT",       "DRAINED",       "AGENT_ERROR", "CANCELLED"};

constexpr std::array<std::string_view, 3> kConditionNames = {"SUCCESS", "FAILURE", "ANY"};

constexpr int kPriorityMax = 100;
constexpr int kCoresMax = 1024;
constexpr int kRetriesMax = 1000;
constexpr std::size_t kTextBytesMax = 128 * 1024;

class Problems {
 public:
  void require(bool holds, std::string problem) {
    if (!holds) all_.push_back(std::move(problem));
  }
  std::vector<std::string> take() { return std::move(all_); }

 private:
  std::vector<std::string> all_;
};

bool is_environment_name(std::string_view name) {
  return !name.empty() && name.find('=') == std::string_view::npos &&
         name.find('\0') == std::string_view::npos && !name.starts_with("HEARTH_");
}

void check_files(const JobSpec& spec, Problems& problems) {
  std::map<std::string, int> seen;
  for (const auto& input : spec.inputs) {
    problems.require(is_valid_digest(input.digest),
                     "inputs: digest is not 64 lower-case hex digits: " + input.digest);
    problems.require(is_safe_relative_path(input.path),
                     "inputs: path leaves the task's directory: " + input.path);
    problems.require(++seen[input.path] == 1, "inputs: path given twice: " + input.path);
  }
  for (const auto& pattern : spec.outputs) {
    problems.require(is_safe_relative_path(pattern),
                     "outputs: pattern leaves the task's directory: " + pattern);
  }
}

void check_command(const JobSpec& spec, Problems& problems) {
  problems.require(!spec.command.empty() && !spec.command[0].empty(), "command: empty");
  std::size_t bytes = 0;
  for (const auto& argument : spec.command) {
    bytes += argument.size() + 1;
    problems.require(argument.find('\0') == std::string::npos, "command: contains a zero byte");
  }
  for (const auto& [name, value] : spec.environment) {
    bytes += name.size() + value.size() + 2;
    problems.require(is_environment_name(name), "environment: not a usable name: " + name);
    problems.require(value.find('\0') == std::string::npos,
                     "environment: " + name + " contains a zero byte");
  }
  problems.require(bytes <= kTextBytesMax, "command and environment: over 128 KiB together");
}

// Values are in no message.
void check_secrets(const JobSpec& spec, Problems& problems) {
  std::size_t bytes = 0;
  for (const auto& [name, secret] : spec.secrets) {
    bytes += name.size() + secret.reveal().size() + 2;
    problems.require(is_environment_name(name), "secrets: not a usable name: " + name);
    problems.require(!spec.environment.contains(name),
                     "secrets: " + name + " is in environment, too");
    problems.require(secret.reveal().find('\0') == std::string::npos,
                     "secrets: " + name + " contains a zero byte");
  }
  problems.require(bytes <= kSecretsBytesMax, "secrets: over 64 KiB together");
}

void check_order(const JobSpec& spec, Problems& problems) {
  problems.require(spec.after.size() <= kDependenciesMax,
                   "after: more than 256 jobs: " + std::to_string(spec.after.size()));
  for (const auto& dependency : spec.after) {
    problems.require(dependency.job.value != 0, "after: a dependency without a job");
  }
  const auto percent = spec.maximum_failed_percent;
  problems.require(!percent || (*percent >= 0 && *percent <= 100),
                   "maximum_failed_percent: not in 0..100: " + std::to_string(percent.value_or(0)));
  problems.require(spec.deadline_action == DeadlineAction::kContinue || spec.deadline,
                   "deadline_action: CANCEL, but there is no deadline");
}

void check_indices(const JobSpec& spec, Problems& problems) {
  if (spec.indices.empty()) return;
  if (spec.indices.size() > kIndicesBytesMax) {
    return problems.require(false, "indices: over 1 MiB of text");
  }
  const auto count = count_indices(spec.indices);
  problems.require(count.has_value(),
                   "indices: not a rising list like 3,5,9-20: " + spec.indices.substr(0, 64));
  problems.require(!count || spec.task_count == 0 || *count == spec.task_count,
                   "indices: " + std::to_string(count.value_or(0)) +
                       " of them, but task_count is " + std::to_string(spec.task_count));
}

}  // namespace

std::string_view to_string(ServiceClass service_class) {
  return kServiceClassNames[static_cast<std::size_t>(service_class)];
}
std::string_view to_string(TaskState state) {
  return kTaskStateNames[static_cast<std::size_t>(state)];
}
std::string_view to_string(FailureClass failure) {
  return kFailureNames[static_cast<std::size_t>(failure)];
}

std::string_view to_string(AfterCondition condition) {
  return kConditionNames[static_cast<std::size_t>(condition)];
}
std::string_view to_string(DeadlineAction action) {
  return action == DeadlineAction::kCancel ? "CANCEL" : "CONTINUE";
}
std::string_view to_string(LogsKept logs) {
  return logs == LogsKept::kNone ? "NONE" : "TAIL";
}

std::optional<ServiceClass> parse_service_class(std::string_view text) {
  for (std::size_t i = 0; i < kServiceClassCount; ++i) {
    if (kServiceClassNames[i] == text) return static_cast<ServiceClass>(i);
  }
  return std::nullopt;
}

bool is_safe_relative_path(std::string_view path) {
  if (path.empty() || path.front() == '/' || path.find('\0') != std::string_view::npos)
    return false;
  while (!path.empty()) {
    const auto slash = path.find('/');
    const auto part = path.substr(0, slash);
    if (part.empty() || part == "." || part == "..") return false;
    path = slash == std::string_view::npos ? std::string_view{} : path.substr(slash + 1);
    if (slash != std::string_view::npos && path.empty()) return false;
  }
  return true;
}

Secrets names_of(const Secrets& secrets) {
  Secrets names;
  for (const auto& [name, secret] : secrets) names.emplace_hint(names.end(), name, Secret{});
  return names;
}

std::vector<std::string> problems_of(const JobSpec& spec) {
  Problems problems;
  const auto number = [](auto value) { return std::to_string(value); };
  problems.require(spec.name.size() <= 256, "name: longer than 256 bytes");
  problems.require(is_valid_name(spec.tenant.value),
                   "tenant: not 1-64 of [A-Za-z0-9._-]: " + spec.tenant.value);
  problems.require(spec.priority >= 0 && spec.priority <= kPriorityMax,
                   "priority: not in 0..100: " + number(spec.priority));
  problems.require(spec.task_count >= 1 && spec.task_count <= kTaskCountMax,
                   "task_count: not in 1..10000000: " + number(spec.task_count));
  problems.require(spec.resources.cores >= 1 && spec.resources.cores <= kCoresMax,
                   "resources.cores: not in 1..1024: " + number(spec.resources.cores));
  problems.require(spec.expected_run_time >= Duration::zero(), "expected_run_time: negative");
  problems.require(spec.maximum_run_time >= Duration::zero(), "maximum_run_time: negative");
  problems.require(
      spec.maximum_run_time == Duration::zero() || spec.expected_run_time <= spec.maximum_run_time,
      "expected_run_time: longer than maximum_run_time");
  problems.require(spec.user_retries >= 0 && spec.user_retries <= kRetriesMax,
                   "user_retries: not in 0..1000: " + number(spec.user_retries));
  problems.require(
      spec.infrastructure_retries >= 0 && spec.infrastructure_retries <= kRetriesMax,
      "infrastructure_retries: not in 0..1000: " + number(spec.infrastructure_retries));
  check_command(spec, problems);
  check_secrets(spec, problems);
  check_files(spec, problems);
  check_order(spec, problems);
  check_indices(spec, problems);
  return problems.take();
}

}  // namespace hearth::protocol
