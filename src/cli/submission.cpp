#include "cli/submission.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "cli/submission_file.h"
#include "protocol/indices.h"
#include "wire/checks.h"

namespace hearth::cli {
namespace {

// Splits "name=value"; false without a name.
bool split_pair(const std::string& text, std::string& name, std::string& value) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0) return false;
  name = text.substr(0, equals);
  value = text.substr(equals + 1);
  return true;
}

void add_pairs(Draft& draft, const char* flag, const std::vector<std::string>& pairs,
               std::map<std::string, std::string>& out) {
  for (const auto& pair : pairs) {
    std::string name, value;
    if (split_pair(pair, name, value)) {
      out[name] = value;
    } else {
      draft.problems.push_back(std::string(flag) + ": not NAME=VALUE: " + pair);
    }
  }
}

void add_inputs(Draft& draft, const SubmitFlags& flags) {
  for (const auto& text : flags.inputs) {
    const auto colon = text.rfind(':');
    const auto file = text.substr(0, colon);
    const auto path =
        colon == std::string::npos ? file.substr(file.rfind('/') + 1) : text.substr(colon + 1);
    if (file.empty() || path.empty()) {
      draft.problems.push_back("--input: not FILE or FILE:PATH: " + text);
    } else {
      draft.submission.files.push_back({file, path, std::nullopt});
    }
  }
  for (const auto& text : flags.input_digests) {
    const auto colon = text.find(':');
    if (colon == std::string::npos) {
      draft.problems.push_back("--input-digest: not DIGEST:PATH: " + text);
    } else {
      draft.submission.spec.inputs.push_back({text.substr(0, colon), text.substr(colon + 1)});
    }
  }
}

void add_payload_lines(Draft& draft, std::string_view text) {
  draft.has_payloads = true;
  while (!text.empty()) {
    const auto end = text.find('\n');
    auto line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    draft.submission.payloads.push_back({std::string(line), false});
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  }
}

void count_tasks(Draft& draft) {
  auto& spec = draft.submission.spec;
  const auto payloads = draft.submission.payloads.size();
  if (draft.has_payloads && payloads == 0) {
    draft.problems.emplace_back("payloads: empty");
  } else if (draft.has_payloads && draft.task_count.value_or(payloads) != payloads) {
    draft.problems.push_back("task_count: " + std::to_string(*draft.task_count) + ", but " +
                             std::to_string(payloads) + " payloads");
  }
  // Of no payloads was complained already.
  spec.task_count =
      draft.has_payloads ? std::max<std::uint64_t>(payloads, 1) : draft.task_count.value_or(1);
}

std::string first_word(const std::string& problem) {
  return problem.substr(0, problem.find_first_of(".:[ "));
}

// What the scheduler would refuse, but for fields that have a problem already.
void check_spec(Draft& draft) {
  auto spec = draft.submission.spec;
  for (const auto& file : draft.submission.files) {
    spec.inputs.push_back({std::string(64, '0'), file.path, false});
  }
  std::vector<std::string> known;
  for (const auto& problem : draft.problems) known.push_back(first_word(problem));
  for (auto& problem : problems_of(spec)) {
    if (std::find(known.begin(), known.end(), first_word(problem)) == known.end()) {
      draft.problems.push_back(std::move(problem));
    }
  }
  if (spec.deadline && *spec.deadline <= draft.now) {
    draft.problems.push_back("deadline: in the past: " + to_string(*spec.deadline));
  }
}

void check_text(Draft& draft) {
  const auto& spec = draft.submission.spec;
  const auto require = [&](const char* field, std::string_view text) {
    if (!wire::is_utf8(text)) {
      draft.problems.push_back(std::string(field) + ": not UTF-8: " + wire::to_utf8(text));
    }
  };
  require("name", spec.name);
  for (const auto& argument : spec.command) require("command", argument);
  for (const auto& [name, value] : spec.environment) require("environment", name + "=" + value);
  for (const auto& [name, secret] : spec.secrets) {
    require("secrets", name);
    if (!wire::is_utf8(secret.reveal())) {
      draft.problems.push_back("secrets: " + wire::to_utf8(name) + " is not UTF-8");
    }
  }
  for (const auto& [name, value] : spec.labels) require("labels", name + "=" + value);
  for (const auto& pattern : spec.outputs) require("outputs", pattern);
  for (const auto& input : spec.inputs) require("inputs", input.path);
  for (const auto& file : draft.submission.files) require("inputs", file.path);
}

void make_lower(std::string& text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
}

}  // namespace

void set_service_class(Draft& draft, const std::string& field, std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) {
    return static_cast<char>(c == '-' ? '_' : std::toupper(c));
  });
  if (const auto parsed = protocol::parse_service_class(text)) {
    draft.submission.spec.service_class = *parsed;
  } else {
    draft.problems.push_back(field + ": not RESERVED, ON_DEMAND, FLEX or FILLER: " + text);
  }
}

void set_deadline(Draft& draft, const std::string& field, std::string_view text) {
  const auto at = parse_time_ahead(text, draft.now);
  if (!at) {
    draft.problems.push_back(field + ": " + at.error().message);
    return;
  }
  draft.submission.spec.deadline = *at;
}

void set_duration(Draft& draft, const std::string& field, std::string_view text, Duration& out) {
  const auto parsed = parse_duration(text);
  if (!parsed) {
    draft.problems.push_back(field + ": " + parsed.error().message);
  } else if (*parsed <= Duration::zero()) {
    draft.problems.push_back(field + ": not longer than 0: " + std::string(text));
  } else {
    out = *parsed;
  }
}

void set_bytes(Draft& draft, const std::string& field, std::string_view text, std::uint64_t& out) {
  if (const auto parsed = parse_bytes(text)) {
    out = *parsed;
  } else {
    draft.problems.push_back(field + ": " + parsed.error().message);
  }
}

// "10", or "5%" of the tasks.
void set_maximum_failed(Draft& draft, const std::string& field, std::string_view text) {
  const bool percent = text.ends_with('%');
  const auto digits = percent ? text.substr(0, text.size() - 1) : text;
  std::uint64_t number = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (parsed.ec != std::errc{} || parsed.ptr != digits.data() + digits.size() ||
      (percent && number > 100)) {
    draft.problems.push_back(field +
                             ": neither a number of tasks nor like 5%: " + std::string(text));
  } else if (percent) {
    draft.submission.spec.maximum_failed_percent = static_cast<int>(number);
  } else {
    draft.submission.spec.maximum_failed_tasks = number;
  }
}

void set_logs(Draft& draft, const std::string& field, std::string text) {
  make_lower(text);
  if (text != "tail" && text != "none") {
    draft.problems.push_back(field + ": neither tail nor none: " + text);
    return;
  }
  draft.submission.spec.logs =
      text == "none" ? protocol::LogsKept::kNone : protocol::LogsKept::kTail;
}

void set_deadline_action(Draft& draft, const std::string& field, std::string text) {
  make_lower(text);
  if (text != "continue" && text != "cancel") {
    draft.problems.push_back(field + ": neither continue nor cancel: " + text);
    return;
  }
  draft.submission.spec.deadline_action =
      text == "cancel" ? protocol::DeadlineAction::kCancel : protocol::DeadlineAction::kContinue;
}

void add_after(Draft& draft, const std::string& field, std::string_view text) {
  using protocol::AfterCondition;
  const auto colon = text.find(':');
  const auto job = parse_job_id(text.substr(0, colon));
  std::string word(colon == std::string_view::npos ? "success" : text.substr(colon + 1));
  std::transform(word.begin(), word.end(), word.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  for (const auto condition :
       {AfterCondition::kSuccess, AfterCondition::kFailure, AfterCondition::kAny}) {
    if (job && to_string(condition) == word) {
      draft.submission.spec.after.push_back({*job, condition});
      return;
    }
  }
  draft.problems.push_back(
      field + ": not JOB, or JOB:success, JOB:failure or JOB:any: " + std::string(text));
}

void set_indices(Draft& draft, const std::string& field, const std::string& text) {
  const auto count = protocol::count_indices(text);
  if (!count || *count == 0) {
    draft.problems.push_back(field + ": not a rising list like 3,5,9-20: " + text);
    return;
  }
  draft.submission.spec.indices = text;
  if (!draft.task_count) draft.task_count = count;
}

void read_flags_into(Draft& draft, const SubmitFlags& flags) {
  auto& spec = draft.submission.spec;
  if (flags.tasks && *flags.tasks < 0) {
    draft.problems.push_back("--tasks: negative: " + std::to_string(*flags.tasks));
  } else if (flags.tasks) {
    draft.task_count = static_cast<std::uint64_t>(*flags.tasks);
  }
  if (flags.name) spec.name = *flags.name;
  if (flags.tenant) spec.tenant.value = *flags.tenant;
  if (flags.service_class) set_service_class(draft, "--class", *flags.service_class);
  if (flags.priority) spec.priority = *flags.priority;
  if (flags.cores) spec.resources.cores = *flags.cores;
  if (flags.memory) set_bytes(draft, "--memory", *flags.memory, spec.resources.memory_bytes);
  if (flags.expected) set_duration(draft, "--expected", *flags.expected, spec.expected_run_time);
  if (flags.maximum) set_duration(draft, "--max-time", *flags.maximum, spec.maximum_run_time);
  if (flags.retries) spec.user_retries = *flags.retries;
  if (flags.infrastructure_retries) spec.infrastructure_retries = *flags.infrastructure_retries;
  if (flags.deadline) set_deadline(draft, "--deadline", *flags.deadline);
  for (const auto& after : flags.after) add_after(draft, "--after", after);
  if (flags.maximum_failed) set_maximum_failed(draft, "--max-failed", *flags.maximum_failed);
  if (flags.deadline_action) set_deadline_action(draft, "--on-deadline", *flags.deadline_action);
  if (flags.indices) set_indices(draft, "--indices", *flags.indices);
  if (flags.logs) set_logs(draft, "--logs", *flags.logs);
  spec.held = spec.held || flags.held;
  add_pairs(draft, "--env", flags.environment, spec.environment);
  for (const auto& [name, secret] : flags.secrets) spec.secrets[name] = secret;
  add_pairs(draft, "--label", flags.labels, spec.labels);
  add_inputs(draft, flags);
  spec.outputs.insert(spec.outputs.end(), flags.outputs.begin(), flags.outputs.end());
  spec.needs_isolation = spec.needs_isolation || flags.isolated;
  spec.no_residential = spec.no_residential || flags.no_residential;
  spec.needs_network = spec.needs_network || flags.network;
  if (flags.payloads) {
    draft.submission.payloads.clear();
    add_payload_lines(draft, *flags.payloads);
  }
  if (!flags.command.empty()) spec.command = flags.command;
}

Result<Submission> make_submission(const std::optional<SubmissionFile>& file,
                                   const SubmitFlags& flags, UtcTime now) {
  Draft draft;
  draft.now = now;
  if (file) read_file_into(draft, *file);
  read_flags_into(draft, flags);
  const bool unreadable = !draft.problems.empty() && draft.problems[0].starts_with("not JSON");
  if (!unreadable) {
    count_tasks(draft);
    check_spec(draft);
    check_text(draft);
  }
  if (draft.problems.empty()) return std::move(draft.submission);
  std::string all;
  for (const auto& problem : draft.problems) all += (all.empty() ? "" : "; ") + problem;
  return fail(ErrorCode::kInvalidArgument, all);
}

std::vector<std::string> warnings_of(const Submission& submission) {
  const auto& spec = submission.spec;
  const bool indexed = std::any_of(
      spec.command.begin(), spec.command.end(),
      [](const std::string& argument) { return argument.find("{index}") != std::string::npos; });
  if (spec.task_count > 1 && !indexed && submission.payloads.empty()) {
    return {"all " + std::to_string(spec.task_count) +
            " tasks run the same command: no argument has {index}, and there are no payloads"};
  }
  return {};
}

Result<std::uint64_t> parse_bytes(std::string_view text) {
  double number = 0;
  const auto* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  std::string_view unit(parsed.ptr, static_cast<std::size_t>(end - parsed.ptr));
  if (unit.starts_with(' ')) unit.remove_prefix(1);
  const auto prefix = unit.substr(0, 1);
  const auto power = std::string_view("KMGT").find(prefix.empty() ? 'B' : prefix[0]);
  const bool plain = unit.empty() || unit == "B";
  const bool prefixed = power != std::string_view::npos &&
                        (unit.size() == 1 || unit.substr(1) == "B" || unit.substr(1) == "iB");
  double bytes = number;
  for (std::size_t i = 0; prefixed && i <= power; ++i) bytes *= 1024;
  if (parsed.ec != std::errc{} || !(plain || prefixed) || !(bytes >= 0 && bytes < 1e18)) {
    return fail(ErrorCode::kInvalidArgument,
                "not a size (like 512M, 1.5G or bytes): " + std::string(text));
  }
  return static_cast<std::uint64_t>(bytes);
}

}  // namespace hearth::cli
