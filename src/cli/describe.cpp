#include "cli/describe.h"

#include <array>
#include <ctime>

namespace hearth::cli {
namespace {

// "TASK_STATE_RUNNING" without its first part.
std::string word(const std::string& name, std::size_t prefix) {
  return name.size() > prefix ? name.substr(prefix) : "?";
}

Cell reading_cell(const fleet::v1::Reading& reading, const std::string& text) {
  switch (reading.quality()) {
    case fleet::v1::QUALITY_GOOD:
      return text;
    case fleet::v1::QUALITY_STALE:
      return {text + " (stale)", Style::kWarning};
    case fleet::v1::QUALITY_IMPLAUSIBLE:
      return {text + " (implausible)", Style::kWarning};
    default:
      return {"-", Style::kDim};
  }
}

}  // namespace

Cell cell_of(job::v1::JobState state) {
  const auto text = word(job::v1::JobState_Name(state), sizeof("JOB_STATE"));
  switch (state) {
    case job::v1::JOB_STATE_SUCCEEDED:
      return {text, Style::kGood};
    case job::v1::JOB_STATE_FAILED:
      return {text, Style::kBad};
    case job::v1::JOB_STATE_CANCELLED:
      return {text, Style::kDim};
    default:
      return text;
  }
}

Cell cell_of(job::v1::TaskState state) {
  const auto text = word(job::v1::TaskState_Name(state), sizeof("TASK_STATE"));
  switch (state) {
    case job::v1::TASK_STATE_SUCCEEDED:
      return {text, Style::kGood};
    case job::v1::TASK_STATE_FAILED:
      return {text, Style::kBad};
    case job::v1::TASK_STATE_PENDING:
    case job::v1::TASK_STATE_CANCELLED:
      return {text, Style::kDim};
    default:
      return text;
  }
}

Cell cell_of(fleet::v1::NodeState state) {
  const auto text = word(fleet::v1::NodeState_Name(state), sizeof("NODE_STATE"));
  switch (state) {
    case fleet::v1::NODE_STATE_ONLINE:
      return {text, Style::kGood};
    case fleet::v1::NODE_STATE_SILENT:
      return {text, Style::kWarning};
    default:
      return {text, Style::kBad};
  }
}

std::string word_of(job::v1::FailureClass failure) {
  if (failure == job::v1::FAILURE_CLASS_UNSPECIFIED) return "";
  return word(job::v1::FailureClass_Name(failure), sizeof("FAILURE_CLASS"));
}

std::string word_of(job::v1::ServiceClass service_class) {
  return word(job::v1::ServiceClass_Name(service_class), sizeof("SERVICE_CLASS"));
}

std::string word_of(job::v1::JobEventKind kind) {
  return word(job::v1::JobEventKind_Name(kind), sizeof("JOB_EVENT_KIND"));
}

std::string word_of(fleet::v1::NodeKind kind) {
  return word(fleet::v1::NodeKind_Name(kind), sizeof("NODE_KIND"));
}

UtcTime time_of(const google::protobuf::Timestamp& time) {
  return UtcTime{std::chrono::seconds{time.seconds()} + Duration{time.nanos() / 1'000'000}};
}

std::string text_of(const google::protobuf::Timestamp& time) {
  if (time.seconds() == 0) return "";
  return to_string(UtcTime{std::chrono::seconds{time.seconds()}});
}

std::string local_text_of(const google::protobuf::Timestamp& time) {
  const std::time_t seconds = time.seconds();
  std::tm local{};
  std::array<char, 40> text{};
  if (::localtime_r(&seconds, &local) == nullptr) return text_of(time);
  std::strftime(text.data(), text.size(), "%a %Y-%m-%d %H:%M", &local);
  return text.data();
}

Duration duration_of(const google::protobuf::Duration& duration) {
  return std::chrono::seconds{duration.seconds()} + Duration{duration.nanos() / 1'000'000};
}

Counts counts_of(const job::v1::TaskCounts& counts) {
  return {counts.pending(), counts.running(), counts.succeeded(), counts.failed(),
          counts.cancelled()};
}

Cell temperature_cell(const fleet::v1::Reading& reading) {
  return reading_cell(reading, format_temperature(reading.value()));
}

Cell power_cell(const fleet::v1::Reading& reading) {
  return reading_cell(reading, format_power(reading.value()));
}

std::string text_of(const fleet::v1::Setpoint& setpoint) {
  const bool local = setpoint.origin() == fleet::v1::SETPOINT_ORIGIN_LOCAL;
  const std::string origin = local ? " (local)" : "";
  switch (setpoint.mode()) {
    case fleet::v1::SETPOINT_MODE_OFF:
      return "OFF" + origin;
    case fleet::v1::SETPOINT_MODE_CONSTANT:
      return format_temperature(setpoint.setpoint_c()) + origin;
    case fleet::v1::SETPOINT_MODE_PROGRAMME:
      return "programme" + origin;
    default:
      return "";
  }
}

std::string holiday_text(const fleet::v1::Setpoint& setpoint, UtcTime now) {
  const auto& holiday = setpoint.holiday();
  if (!setpoint.has_holiday() || time_of(holiday.until()) <= now) return "";
  const bool begun = time_of(holiday.from()) <= now;
  return format_temperature(holiday.away_c()) +
         (begun ? "" : " from " + local_text_of(holiday.from())) + " until " +
         local_text_of(holiday.until());
}

std::string outcome_of(const job::v1::Attempt& attempt) {
  auto text = word_of(attempt.failure());
  if (attempt.has_exit_code() && attempt.exit_code() != 0) {
    text += (text.empty() ? "exit " : ", exit ") + std::to_string(attempt.exit_code());
  }
  return text;
}

std::string run_time_of(const job::v1::Attempt& attempt, UtcTime now) {
  if (!attempt.has_started_at()) return "";
  const auto end = attempt.has_ended_at() ? time_of(attempt.ended_at()) : now;
  return to_string(std::max(Duration::zero(), end - time_of(attempt.started_at())));
}

std::string summary_of(const job::v1::Job& job) {
  const auto counts = counts_of(job.counts());
  auto text = cell_of(job.state()).text + ": " + format_count(counts.total()) +
              (counts.total() == 1 ? " task" : " tasks");
  if (counts.failed > 0) text += ", " + format_count(counts.failed) + " failed";
  if (counts.cancelled > 0) text += ", " + format_count(counts.cancelled) + " cancelled";
  if (job.has_ended_at()) {
    text += " in " + to_string(time_of(job.ended_at()) - time_of(job.submitted_at()));
  }
  return text + "; " + fixed(job.cpu_s(), 1) + " s CPU, " + format_energy(job.energy_j());
}

}  // namespace hearth::cli
