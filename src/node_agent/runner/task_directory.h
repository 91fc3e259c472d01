// The directory of one attempt, STATE/tasks/<attempt>/: what lies where, made and removed.
//
//   task.json    the order it was made from (messages.h) without its secrets, so that a new agent
//                finds it again
//   scratch/     where the task runs; inputs are placed in it
//   payload      the task's payload, if it has one
//   result       what the task wrote to $HEARTH_RESULT
//   stdout, stderr   what it printed, cut in the middle where too long; missing where empty
//   status.json  the AttemptReport; there as soon as the attempt has ended
//
// Blocking file I/O; made for the runner's single thread.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "node_agent/runner/messages.h"

namespace hearth::node_agent::runner {

struct TaskPaths {
  explicit TaskPaths(std::string directory_path);

  std::string directory;
  std::string scratch;
  std::string order;
  std::string payload;
  std::string result;
  std::string standard_output;
  std::string standard_error;
  std::string status;
};

// An input that shares its bytes with the artifact cache.
struct LinkedInput {
  std::string source;
  std::string target;
  std::int64_t modified_ns = 0;
  std::int64_t size_bytes = 0;
};

// Makes the directory anew and places payload and inputs, by hard link where the file system
// allows, write-protected. With an `owner`, scratch and result belong to that user. Returns what
// was linked. kNotFound: a source is missing; kInternal: anything else.
Result<std::vector<LinkedInput>> create_task_directory(const StartOrder& order,
                                                       std::optional<uid_t> owner);

// The inputs that the task changed although they were write-protected (root can). Their sources
// are deleted from the cache, so that no other task sees wrong bytes under a right digest.
std::vector<std::string> withdraw_changed_inputs(const std::vector<LinkedInput>& inputs);

// Deletes all of it, write-protected directories included. Never fails: what cannot be deleted
// stays.
void remove_task_directory(const std::string& directory);

// Readers see the old content or the new, never a part. False if it could not be written.
bool write_file_atomically(const std::string& path, std::string_view text);

// The file's content, at most `bytes_max` of it; nothing if it cannot be read.
std::optional<std::string> read_file(const std::string& path, std::size_t bytes_max);

// The order or report that lies in a task's directory; nothing if there is no readable one.
std::optional<StartOrder> read_order(const TaskPaths& paths);
std::optional<protocol::AttemptReport> read_status(const TaskPaths& paths);

}  // namespace hearth::node_agent::runner
