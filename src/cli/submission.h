// A job as a person writes it, in a file or in flags, made into a specification.
//
// Pure: text in, values out; files that it names are read by others. Every problem is reported at
// once, each naming its field.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "common/time.h"
#include "protocol/job.h"

namespace hearth::cli {

// A file of ours that becomes an input.
struct LocalInput {
  std::string file;
  std::string path;                // in the task's directory
  std::optional<bool> executable;  // unset: as the file's mode says

  friend bool operator==(const LocalInput&, const LocalInput&) = default;
};

struct PayloadSource {
  std::string text;
  bool is_file = false;  // `text` names a file that holds the payload

  friend bool operator==(const PayloadSource&, const PayloadSource&) = default;
};

struct Submission {
  protocol::JobSpec spec;         // its inputs: those named by digest
  std::vector<LocalInput> files;  // inputs to be hashed, uploaded and added to the specification
  std::vector<PayloadSource> payloads;  // of all tasks, or none
};

// Text of a submission file; relative files in it are relative to `directory`.
struct SubmissionFile {
  std::string text;
  std::string directory;
};

// The flags of `hearth submit`, as written. They overrule the file; what is a list is added to it.
struct SubmitFlags {
  std::optional<std::int64_t> tasks;
  std::optional<std::string> name, tenant, service_class;
  std::optional<int> priority, cores, retries, infrastructure_retries;
  std::optional<std::string> memory, expected, maximum, deadline;
  std::vector<std::string> environment, labels, inputs, input_digests, outputs;
  std::vector<std::string> after;  // "j7", "j7:failure"
  std::optional<std::string> maximum_failed, deadline_action, indices, logs;
  protocol::Secrets secrets;  // read already: their values are in no flag
  bool isolated = false;
  bool no_residential = false;
  bool network = false;
  bool held = false;
  std::optional<std::string> payloads;  // text, one payload a line
  std::vector<std::string> command;
};

// Sound in form, or all problems. Deadlines like "+2h" count from `now`.
Result<Submission> make_submission(const std::optional<SubmissionFile>& file,
                                   const SubmitFlags& flags, UtcTime now);

// What is allowed but hardly meant.
std::vector<std::string> warnings_of(const Submission& submission);

// "512M", "1.5GiB", "1024": bytes; K, M, G, T are powers of 1024.
Result<std::uint64_t> parse_bytes(std::string_view text);

}  // namespace hearth::cli
