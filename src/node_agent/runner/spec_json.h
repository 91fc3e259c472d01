// Job specifications and attempt reports as JSON, for the files in a task's directory and for the
// runner's socket.
//
// Secrets are not among it: messages.h. Only what differs from its default is written, and unknown
// keys are ignored when read, so that an agent and a runner of neighbouring versions understand
// each other. Never throws.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "common/result.h"
#include "protocol/job.h"

namespace hearth::node_agent::runner {

nlohmann::json to_json(const protocol::JobSpec& spec);
nlohmann::json to_json(const protocol::AttemptReport& report);

// Fail with kInvalidArgument naming the trouble; a value of the wrong type is one.
Result<protocol::JobSpec> parse_job_spec(const nlohmann::json& object);
Result<protocol::AttemptReport> parse_attempt_report(const nlohmann::json& object);

std::optional<protocol::FailureClass> parse_failure_class(std::string_view text);

// On one line, bytes that are not UTF-8 replaced.
std::string dump(const nlohmann::json& object);

}  // namespace hearth::node_agent::runner
