// The two sources of a submission, each read into the same half-made form. See submission.h.
#pragma once

#include "cli/submission.h"

namespace hearth::cli {

struct Draft {
  Submission submission;
  std::optional<std::uint64_t> task_count;
  bool has_payloads = false;
  UtcTime now;  // what relative deadlines count from
  std::vector<std::string> problems;
};

void read_file_into(Draft& draft, const SubmissionFile& file);
void read_flags_into(Draft& draft, const SubmitFlags& flags);

// ---- used by both; `field` is named in problems

void set_service_class(Draft& draft, const std::string& field, std::string text);
void set_deadline(Draft& draft, const std::string& field, std::string_view text);
void set_duration(Draft& draft, const std::string& field, std::string_view text, Duration& out);
void set_maximum_failed(Draft& draft, const std::string& field, std::string_view text);
void set_deadline_action(Draft& draft, const std::string& field, std::string text);
void set_logs(Draft& draft, const std::string& field, std::string text);
void add_after(Draft& draft, const std::string& field, std::string_view text);
void set_indices(Draft& draft, const std::string& field, const std::string& text);
void set_bytes(Draft& draft, const std::string& field, std::string_view text, std::uint64_t& out);

}  // namespace hearth::cli
