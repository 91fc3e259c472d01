#include "node_agent/runner/confinement.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "node_agent/runner/launch.h"
#include "node_agent/runner/sandbox_root.h"
#include "node_agent/runner/system_call_filter.h"

namespace hearth::node_agent::runner {
namespace {

constexpr std::uint64_t kOverheadBytes = 32ull << 20;  // the kernel's own for a task's processes
constexpr Isolation kLevels[] = {Isolation::kNone, Isolation::kUser, Isolation::kFull};

}  // namespace

std::string_view name_of(Isolation level) {
  switch (level) {
    case Isolation::kNone:
      return "none";
    case Isolation::kUser:
      return "user";
    case Isolation::kFull:
      return "full";
  }
  return "none";
}

std::optional<Isolation> parse_isolation(std::string_view text) {
  for (const auto level : kLevels) {
    if (name_of(level) == text) return level;
  }
  return std::nullopt;
}

// Memory is watched by the runner, too, which can say what a task used; the kernel's wall is a
// little further out, and counts the task's files where they lie in memory.
Result<> Confinement::limit(const protocol::Resources& resources) const {
  GroupLimits limits;
  limits.cores = resources.cores;
  limits.processes = options.processes_max;
  limits.memory_bytes = resources.memory_bytes > 0 ? resources.memory_bytes : options.memory_bytes;
  if (limits.memory_bytes > 0) {
    limits.memory_bytes += kOverheadBytes;
    if (options.level == Isolation::kFull) limits.memory_bytes += options.scratch_bytes;
  }
  return group->set_limits(limits);
}

Result<Confinement> confine(ConfinementOptions options) {
  Confinement made;
  made.options = std::move(options);
  const auto& wanted = made.options;
  if (wanted.level != Isolation::kNone && wanted.user.value_or(0) == 0) {
    return fail(ErrorCode::kInvalidArgument, "isolation needs a user that is not root");
  }
  // An empty root has no control groups.
  made.group = wanted.group.empty() ? open_control_group("", "")
                                    : open_control_group(wanted.group_root, wanted.group);
  if (wanted.level != Isolation::kFull) return made;
  if (wanted.grants_network) {
    made.node_network = Descriptor{::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC)};
    if (!made.node_network) return fail(ErrorCode::kInternal, "the node's network: not to be had");
  }
  auto built = build_sandbox_root(wanted.root, wanted.readable_paths, wanted.grants_network);
  if (!built) return tl::unexpected(built.error());
  made.sandbox = {wanted.root, *wanted.user, wanted.scratch_bytes, made.node_network.get()};
  made.filter = make_system_call_filter();
  return made;
}

Result<std::string> try_confinement(ConfinementOptions options, const std::string& directory) {
  HEARTH_TRY(confinement, confine(std::move(options)));
  const auto& wanted = confinement.options;
  if (auto limited = confinement.limit({}); !limited) return tl::unexpected(limited.error());
  StartOrder order;
  order.directory = directory;
  order.spec.command = {"true"};
  const bool walled = wanted.level == Isolation::kFull;
  auto task = describe_launch(order, TaskPaths{walled ? Sandbox::kTaskDirectory : directory});
  const Descriptor null{::open("/dev/null", O_RDWR | O_CLOEXEC)};
  task.standard_input = task.standard_output = task.standard_error = null.get();
  task.entrances = confinement.group->entrances();
  task.processes_max = wanted.processes_max;
  task.user = wanted.user;
  if (!walled) {
    if (auto made = create_task_directory(order, wanted.user); !made) {
      return tl::unexpected(made.error());
    }
  }
  std::optional<Sandbox> sandbox;
  Result<pid_t> process = 0;
  if (walled) {
    HEARTH_TRY(made, Sandbox::make(order, confinement.sandbox));
    sandbox = std::move(made);
    process = sandbox->start(task, confinement.filter);
  } else {
    process = launch(task);
  }
  if (!process) return tl::unexpected(process.error());
  int status = 0;
  ::waitpid(*process, &status, 0);
  if (sandbox) status = sandbox->main_status().value_or(-1);
  if (status != 0) return fail(ErrorCode::kInternal, "a task that does nothing failed");
  return confinement.group->lacks();
}

}  // namespace hearth::node_agent::runner
