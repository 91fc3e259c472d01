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

enum class Durability { kNone, kSynced };

// Readers see the old content or the new, never a part. kSynced: it also survives a power cut.
// `draft`: where it is written first, on the same file system; empty: beside, as <path>.new.
Result<> replace_file(const std::string& path, std::string_view content, Durability durability,
                      std::string draft = {});

// The whole file, unless it is longer than `bytes_max`; nothing if it cannot be read.
std::optional<std::string> read_file(const std::string& path, std::size_t bytes_max);

// Makes a directory with this mode, and its parents; one that is there stays as it is.
Result<> make_directories(const std::string& path, unsigned mode = 0700);

}  // namespace hearth::node_agent
