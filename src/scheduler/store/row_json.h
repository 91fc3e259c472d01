// The parts of a row that have no column of their own, as JSON, so that operators can read them
// with sqlite3's json functions. Times are milliseconds UTC.
//
// What is missing when read keeps its default: rows of older programs stay readable. Reading fails
// with kInternal naming what is damaged.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "scheduler/core/fact.h"

namespace hearth::scheduler {

std::string spec_to_json(const protocol::JobSpec& spec);
Result<protocol::JobSpec> spec_from_json(std::string_view text);

std::string facts_to_json(const protocol::NodeFacts& facts);
Result<protocol::NodeFacts> facts_from_json(std::string_view text);

std::string setpoint_to_json(const protocol::Setpoint& setpoint);
Result<protocol::Setpoint> setpoint_from_json(std::string_view text);

std::string learned_to_json(const LearnedModel& learned);
Result<LearnedModel> learned_from_json(std::string_view text);

std::string outputs_to_json(const std::vector<protocol::OutputArtifact>& outputs);
Result<std::vector<protocol::OutputArtifact>> outputs_from_json(std::string_view text);

// Whether readers find this kind of fact in the log of events.
bool is_event(const Fact& fact);

// Only for facts that are events; the object's "kind" names which.
std::string event_to_json(const Fact& fact);
Result<Fact> event_from_json(std::string_view text);

}  // namespace hearth::scheduler
