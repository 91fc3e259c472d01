#include "node_agent/runner/spec_json.h"

namespace hearth::node_agent::runner {
namespace {

using nlohmann::json;
using protocol::AttemptReport;
using protocol::FailureClass;
using protocol::JobSpec;

// Writes `value` unless it is the default.
template <class T>
void put(json& object, const char* key, const T& value, const T& standard) {
  if (value != standard) object[key] = value;
}

// Reads `field` where the key is present; throws json::exception on a wrong type.
template <class T>
void get(const json& object, const char* key, T& field) {
  if (const auto found = object.find(key); found != object.end()) found->get_to(field);
}

void get(const json& object, const char* key, Duration& field) {
  if (const auto found = object.find(key); found != object.end()) {
    field = Duration{found->get<Duration::rep>()};
  }
}

UtcTime utc_from(const json& object, const char* key) {
  return UtcTime{Duration{object.value(key, Duration::rep{0})}};
}

Error bad(std::string what) {
  return Error{ErrorCode::kInvalidArgument, std::move(what)};
}

// Throws json::exception.
JobSpec read_spec(const json& object) {
  JobSpec spec;
  get(object, "name", spec.name);
  get(object, "tenant", spec.tenant.value);
  if (const auto parsed =
          protocol::parse_service_class(object.value("service_class", std::string{"ON_DEMAND"}))) {
    spec.service_class = *parsed;
  }
  get(object, "priority", spec.priority);
  get(object, "task_count", spec.task_count);
  get(object, "command", spec.command);
  get(object, "environment", spec.environment);
  for (const auto& item : object.value("inputs", json::array())) {
    protocol::Input input;
    get(item, "digest", input.digest);
    get(item, "path", input.path);
    get(item, "executable", input.executable);
    spec.inputs.push_back(std::move(input));
  }
  get(object, "outputs", spec.outputs);
  get(object, "cores", spec.resources.cores);
  get(object, "memory_bytes", spec.resources.memory_bytes);
  get(object, "expected_run_time_ms", spec.expected_run_time);
  get(object, "maximum_run_time_ms", spec.maximum_run_time);
  get(object, "user_retries", spec.user_retries);
  get(object, "infrastructure_retries", spec.infrastructure_retries);
  if (object.contains("deadline_utc_ms")) spec.deadline = utc_from(object, "deadline_utc_ms");
  get(object, "labels", spec.labels);
  get(object, "needs_isolation", spec.needs_isolation);
  get(object, "no_residential", spec.no_residential);
  get(object, "needs_network", spec.needs_network);
  if (object.value("logs", std::string{}) == "NONE") spec.logs = protocol::LogsKept::kNone;
  return spec;
}

// Throws json::exception.
Result<AttemptReport> read_report(const json& object) {
  AttemptReport report;
  HEARTH_TRY(attempt, parse_attempt_id(object.at("attempt").get<std::string>()));
  HEARTH_TRY(task, parse_task_id(object.at("task").get<std::string>()));
  report.attempt = attempt;
  report.task = task;
  const auto failure = parse_failure_class(object.value("failure", std::string{"NONE"}));
  if (!failure) return tl::unexpected(bad("failure: unknown"));
  report.failure = *failure;
  if (object.contains("exit_code")) report.exit_code = object.at("exit_code").get<int>();
  get(object, "message", report.message);
  report.started_at = utc_from(object, "started_at_utc_ms");
  report.finished_at = utc_from(object, "finished_at_utc_ms");
  get(object, "nominal_run_time_ms", report.nominal_run_time);
  get(object, "cpu_s", report.usage.cpu_s);
  get(object, "peak_memory_bytes", report.usage.peak_memory_bytes);
  return report;
}

}  // namespace

json to_json(const JobSpec& spec) {
  const JobSpec standard;
  json object = json::object();
  put(object, "name", spec.name, standard.name);
  put(object, "tenant", spec.tenant.value, standard.tenant.value);
  object["service_class"] = protocol::to_string(spec.service_class);
  put(object, "priority", spec.priority, standard.priority);
  put(object, "task_count", spec.task_count, standard.task_count);
  object["command"] = spec.command;
  put(object, "environment", spec.environment, standard.environment);
  for (const auto& input : spec.inputs) {
    object["inputs"].push_back(
        {{"digest", input.digest}, {"path", input.path}, {"executable", input.executable}});
  }
  put(object, "outputs", spec.outputs, standard.outputs);
  put(object, "cores", spec.resources.cores, standard.resources.cores);
  put(object, "memory_bytes", spec.resources.memory_bytes, standard.resources.memory_bytes);
  put(object, "expected_run_time_ms", spec.expected_run_time.count(), Duration::rep{0});
  put(object, "maximum_run_time_ms", spec.maximum_run_time.count(), Duration::rep{0});
  put(object, "user_retries", spec.user_retries, standard.user_retries);
  put(object, "infrastructure_retries", spec.infrastructure_retries,
      standard.infrastructure_retries);
  if (spec.deadline) object["deadline_utc_ms"] = spec.deadline->time_since_epoch().count();
  put(object, "labels", spec.labels, standard.labels);
  put(object, "needs_isolation", spec.needs_isolation, false);
  put(object, "no_residential", spec.no_residential, false);
  put(object, "needs_network", spec.needs_network, false);
  if (spec.logs != standard.logs) object["logs"] = protocol::to_string(spec.logs);
  return object;
}

json to_json(const AttemptReport& report) {
  json object = {
      {"attempt", to_string(report.attempt)},
      {"task", to_string(report.task)},
      {"failure", protocol::to_string(report.failure)},
      {"started_at_utc_ms", report.started_at.time_since_epoch().count()},
      {"finished_at_utc_ms", report.finished_at.time_since_epoch().count()},
      {"nominal_run_time_ms", report.nominal_run_time.count()},
      {"cpu_s", report.usage.cpu_s},
      {"peak_memory_bytes", report.usage.peak_memory_bytes},
  };
  put(object, "message", report.message, std::string{});
  if (report.exit_code) object["exit_code"] = *report.exit_code;
  return object;
}

Result<JobSpec> parse_job_spec(const json& object) {
  try {
    return read_spec(object);
  } catch (const json::exception& problem) {
    return tl::unexpected(bad(std::string{"job specification: "} + problem.what()));
  }
}

Result<AttemptReport> parse_attempt_report(const json& object) {
  try {
    return read_report(object);
  } catch (const json::exception& problem) {
    return tl::unexpected(bad(std::string{"attempt report: "} + problem.what()));
  }
}

std::optional<FailureClass> parse_failure_class(std::string_view text) {
  for (int i = 0; i <= static_cast<int>(FailureClass::kCancelled); ++i) {
    const auto failure = static_cast<FailureClass>(i);
    if (protocol::to_string(failure) == text) return failure;
  }
  return std::nullopt;
}

std::string dump(const json& object) {
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace hearth::node_agent::runner
