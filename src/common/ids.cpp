#include "common/ids.h"

#include <algorithm>
#include <charconv>

namespace hearth {
namespace {

constexpr std::size_t kNameLengthMax = 64;

bool parse_number(std::string_view text, std::uint64_t& number) {
  const auto* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  return !text.empty() && parsed.ec == std::errc{} && parsed.ptr == end;
}

tl::unexpected<Error> bad(std::string_view what, std::string_view text) {
  return fail(ErrorCode::kInvalidArgument, "not a " + std::string(what) + ": " + std::string(text));
}

}  // namespace

Result<JobId> parse_job_id(std::string_view text) {
  const auto digits = text.starts_with('j') ? text.substr(1) : text;
  JobId job;
  if (!parse_number(digits, job.value) || job.value == 0) return bad("job id (j<number>)", text);
  return job;
}

Result<TaskId> parse_task_id(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return bad("task id (j<number>/<index>)", text);
  const auto job = parse_job_id(text.substr(0, slash));
  TaskId task;
  if (!job || !parse_number(text.substr(slash + 1), task.index)) {
    return bad("task id (j<number>/<index>)", text);
  }
  task.job = *job;
  return task;
}

Result<AttemptId> parse_attempt_id(std::string_view text) {
  const auto dot = text.find('.');
  AttemptId attempt;
  if (!text.starts_with('a') || dot == std::string_view::npos ||
      !parse_number(text.substr(1, dot - 1), attempt.epoch) ||
      !parse_number(text.substr(dot + 1), attempt.counter)) {
    return bad("attempt id (a<epoch>.<counter>)", text);
  }
  return attempt;
}

bool is_valid_name(std::string_view text) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  return !text.empty() && text.size() <= kNameLengthMax && std::ranges::all_of(text, allowed) &&
         text != "." && text != "..";
}

}  // namespace hearth
