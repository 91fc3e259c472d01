// The few file operations the agent's stores need, with errors as values.
//
// Blocking; descriptors are close-on-exec, so runners inherit none.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "common/result.h"

namespace hearth::node_agent {

// Readers see the old content or the new, never a part, and it survives a power cut.
Result<> replace_file(const std::string& path, std::string_view content);

// Writes `draft`, which may be an old file to be used again, and gives it the name `path`, which
// nothing has yet. Not synced: a power cut may lose it, or parts of it.
Result<> overwrite_and_rename(const std::string& draft, std::string_view content,
                              const std::string& path);

// The whole file, unless it is longer than `bytes_max`; nothing if it cannot be read.
std::optional<std::string> read_file(const std::string& path, std::size_t bytes_max);

// Makes a directory with this mode, and its parents; one that is there stays as it is.
Result<> make_directories(const std::string& path, unsigned mode = 0700);

}  // namespace hearth::node_agent
