// Which files of a finished task are its outputs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/job.h"

namespace hearth::node_agent::runner {

struct OutputFile {
  std::string path;  // relative to scratch
  std::uint64_t size_bytes = 0;
};

// Regular files below `scratch` that match one of the spec's patterns (as a shell matches them: `*`
// stops at a slash and skips hidden files) and are none of its inputs, ordered by path. Symbolic
// links are neither followed nor collected, so nothing outside can be reached.
std::vector<OutputFile> find_outputs(const std::string& scratch, const protocol::JobSpec& spec);

}  // namespace hearth::node_agent::runner
