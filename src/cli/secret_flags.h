// What `hearth submit --secret` names, read: values come from the environment and from files, never
// from the command line, which everybody on the computer can see.
#pragma once

#include <string>
#include <vector>

#include "common/result.h"
#include "protocol/job.h"

namespace hearth::cli {

// Each "NAME" or "NAME=@FILE"; of a file's end one line break is dropped. No error shows a value.
Result<protocol::Secrets> read_secret_flags(const std::vector<std::string>& flags);

}  // namespace hearth::cli
