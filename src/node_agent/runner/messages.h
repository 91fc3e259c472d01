// What an agent and a runner say to each other over the runner's Unix socket: JSON objects, one a
// line, told apart by "type". Times are milliseconds, ids as people read them.
//
//   agent -> runner
//     {"type":"start","attempt":"a3.41","task":"j7/12","spec":{...},"node":"n2",
//      "directory":"/state/tasks/a3.41","payload":"/path","inputs":[{"source":"/cache/..",
//      "target":"data.csv","executable":false}],"secrets":{"NAME":"value"}}
//                                                    answered by started and ended, or ended
//     {"type":"stop","attempt":"a3.41","failure":"HEAT","grace_ms":10000}    answered by ended
//     {"type":"speed","attempt":"a3.41","permille":500}
//     {"type":"forget","directory":"/state/tasks/a3.40"}       delete it; no answer
//     {"type":"ping"}         a sign of life; every other message is one, too
//     {"type":"bye"}          the agent stops in an orderly way: exit unless a task runs
//   runner -> agent
//     {"type":"hello","pid":812,"takes_secrets":true,"running":"a3.41"}   first on every
//                              connection; "running" only where a task runs; runners before
//                              "takes_secrets" would run tasks without theirs;
//                              "grants_network":true where tasks can have one
//     {"type":"started","attempt":"a3.41"}
//     {"type":"usage","attempt":"a3.41","cpu_s":1.5,"memory_bytes":1048576,"frozen":false}
//     {"type":"ended","report":{...}}         the same report lies in status.json before
//
// Orders for an attempt that is not running are ignored: it has just ended, and `ended` says so.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/result.h"
#include "protocol/job.h"

namespace hearth::node_agent::runner {

// A file of the artifact cache and where the task shall find it, below its scratch directory.
struct InputFile {
  std::string source;  // absolute
  std::string target;  // relative, safe
  bool executable = false;

  friend bool operator==(const InputFile&, const InputFile&) = default;
};

struct StartOrder {
  AttemptId attempt;
  TaskId task;
  protocol::JobSpec spec;
  std::string node;
  std::string directory;  // absolute; made by the runner
  std::string payload;    // absolute path of the task's payload; empty: none
  std::vector<InputFile> inputs;
  std::optional<std::uint64_t> stands_for;  // what the task calls its index; unset: task.index
};
struct StopOrder {
  AttemptId attempt;
  protocol::FailureClass failure;
  Duration grace{};
};
struct SpeedOrder {
  AttemptId attempt;
  int permille = 1000;
};
struct ForgetOrder {
  std::string directory;
};
struct Ping {};
struct Bye {};
using AgentMessage = std::variant<StartOrder, StopOrder, SpeedOrder, ForgetOrder, Ping, Bye>;

struct RunnerHello {
  int pid = 0;
  std::optional<AttemptId> running;
  bool takes_secrets = false;
  bool grants_network = false;
};
struct Started {
  AttemptId attempt;
};
struct Usage {
  AttemptId attempt;
  double cpu_s = 0;
  std::uint64_t memory_bytes = 0;
  bool frozen = false;
};
struct Ended {
  protocol::AttemptReport report;
};
using RunnerMessage = std::variant<RunnerHello, Started, Usage, Ended>;

// One line with its newline. A start's line has its secrets: it is for the socket alone.
std::string encode(const AgentMessage& message);
// The line that may lie on a disk.
std::string encode_without_secrets(const StartOrder& order);
std::string encode(const RunnerMessage& message);

// One line without its newline. kInvalidArgument naming what is wrong.
Result<AgentMessage> parse_agent_message(std::string_view line);
Result<RunnerMessage> parse_runner_message(std::string_view line);

}  // namespace hearth::node_agent::runner
