// Several jobs, tasks or nodes, as people name them: "j3 j5-j7 last", "j7/1,4,9-12", "-l rack=a".
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "cli/exit_code.h"
#include "cli/follow.h"
#include "cli/session.h"

namespace CLI {
class App;
}

namespace hearth::cli {

// How the help describes JOB and TASK where several may be named.
inline constexpr const char* kJobsText = "j7, last for the newest, or several: j3 j5-j7";
inline constexpr const char* kTasksText = "j7/12, last/12, or several: j7/3-7 j7/1,4,9-12";

// At most so many by a range or a list.
inline constexpr std::size_t kNamedMax = 1000;

// What was named, each once, in the order it was named.
template <class Name>
struct Named {
  std::vector<Name> names;
  bool several = false;  // by how it was named, also where that is only one
};

// "3", "3-7", "1,4,9-12" as first and last of each part. kInvalidArgument names `whole`, of which
// it is a part, and what is wrong with it.
using IndexRanges = std::vector<std::pair<std::uint64_t, std::uint64_t>>;
Result<IndexRanges> parse_ranges(const std::string& text, const std::string& whole);

// "j3", "3", "last", and "j3-j7": of a range those that there are. kNotFound: none of a range is.
Result<Named<std::string>> resolve_jobs(Session& session, const std::vector<std::string>& words);

// "j7/3", "j7/3-7", "last/1,4,9-12". kOutOfRange: the job has not so many tasks.
Result<Named<TaskName>> resolve_tasks(Session& session, const std::vector<std::string>& words);

// KEY=VALUE.
Result<std::pair<std::string, std::string>> parse_label(const std::string& text);

// Which nodes a command is about: by name, or by label.
struct NodeSelection {
  std::vector<std::string> nodes;
  std::vector<std::string> labels;
  bool yes = false;
};
// NODE..., --label and --yes. Without `with_names` the command takes the names itself.
void add_node_selection(CLI::App& command, NodeSelection& selection, bool with_names = true);

// By label: asks whether to `act` ("drain") on those found, unless --yes was given. kNotFound: no
// node has these labels. kFailedPrecondition: nobody to ask, or the answer was no.
Result<Named<std::string>> resolve_nodes(Session& session, const NodeSelection& selection,
                                         const std::string& act);

// Acts on one after the other, and goes on where one is refused: its error is told, and the highest
// exit code is the answer. Where several were named JSON is an array. `between` stands between two.
template <class Name>
Result<int> for_each(Session& session, const Named<Name>& named,
                     const std::function<Result<int>(const Name&)>& act, const char* between = "") {
  if (!named.several) return act(named.names.front());
  int code = kExitOk;
  if (session.json()) session.begin_list();
  for (std::size_t i = 0; i < named.names.size(); ++i) {
    if (i > 0 && !session.json()) session.print(between);
    const auto done = act(named.names[i]);
    if (!done) session.note(done.error().message);
    code = std::max(code, done ? *done : exit_code_of(done.error()));
    if (!done && done.error().code == ErrorCode::kUnavailable) break;  // so would be the others
  }
  if (session.json()) session.end_list();
  return code;
}

// All nodes that fit the request and have each of these labels, "KEY=VALUE".
Result<std::vector<fleet::v1::Node>> fetch_nodes(Session& session,
                                                 fleet::v1::ListNodesRequest request,
                                                 const std::vector<std::string>& labels);

}  // namespace hearth::cli
