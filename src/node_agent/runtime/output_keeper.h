// Outputs of finished tasks: found, hashed and kept beside the spooled result, later uploaded.
//
// Blocking; run on a pool. Nothing here is shared between calls.
#pragma once

#include <string>
#include <vector>

#include "common/result.h"
#include "node_agent/store/artifact_transfer.h"
#include "protocol/job.h"

namespace hearth::node_agent {

// Links (or copies) the files in `scratch` that match the spec's patterns to
// `directory`/<digest>. kInvalidArgument: more than 10,000 of them, the task's own fault;
// otherwise the disk's.
Result<std::vector<protocol::OutputArtifact>> keep_outputs(const std::string& scratch,
                                                           const protocol::JobSpec& spec,
                                                           const std::string& directory);

// Sends those that the scheduler does not have. kNotFound: a kept file is gone; kUnavailable: try
// again later.
Result<> upload_outputs(const std::vector<protocol::OutputArtifact>& outputs,
                        const std::string& directory, ArtifactTransfer& transfer);

}  // namespace hearth::node_agent
