#include "cli/selection.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>

#include "cli/json_list.h"
#include "common/ids.h"

namespace hearth::cli {
namespace {

using fleet::v1::FleetService;
using job::v1::JobService;

tl::unexpected<Error> bad(const std::string& whole, const std::string& problem) {
  return fail(ErrorCode::kInvalidArgument, whole + ": " + problem);
}

Result<std::uint64_t> parse_index(const std::string& text, const std::string& whole) {
  std::uint64_t index = 0;
  const auto* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, index);
  if (error != std::errc{} || at != end) {
    return bad(whole, "neither an index, nor a range like 3-7, nor a list of them: " +
                          (text.empty() ? "nothing" : text));
  }
  return index;
}

template <class Name>
void add(Named<Name>& named, Name name) {
  if (std::ranges::find(named.names, name) == named.names.end()) {
    named.names.push_back(std::move(name));
  }
}

Result<> add_range(Session& session, const std::string& text, std::size_t dash,
                   Named<std::string>& named) {
  HEARTH_TRY(first, parse_job_id(text.substr(0, dash)));
  HEARTH_TRY(last, parse_job_id(text.substr(dash + 1)));
  if (last < first) return bad(text, "runs backwards");
  if (last.value - first.value >= kNamedMax) {
    return bad(text, "over " + std::to_string(kNamedMax) + " jobs");
  }
  bool any = false;
  for (auto id = first.value; id <= last.value; ++id) {
    const auto job = get_job(session, to_string(JobId{id}));
    if (!job && job.error().code != ErrorCode::kNotFound) return tl::unexpected(job.error());
    any |= job.has_value();
    if (job) add(named, job->job_id());
  }
  if (!any) return fail(ErrorCode::kNotFound, text + ": none of these jobs is there");
  named.several = true;
  return {};
}

Result<> add_tasks(Session& session, const std::string& text, Named<TaskName>& named) {
  const auto slash = text.find('/');
  if (slash == std::string::npos) {
    return bad(text, "not a task like j7/3, j7/3-7 or j7/1,4,9-12");
  }
  HEARTH_TRY(ranges, parse_ranges(text.substr(slash + 1), text));
  HEARTH_TRY(job_id, resolve_job(session, text.substr(0, slash)));
  const bool single = ranges.size() == 1 && text.find('-', slash) == std::string::npos;
  if (!single) {
    named.several = true;
    HEARTH_TRY(job, get_job(session, job_id));
    const auto count = job.spec().task_count();
    for (const auto& [first, last] : ranges) {
      if (last < count) continue;
      return fail(ErrorCode::kOutOfRange, text + ": job " + job_id + " has " +
                                              std::to_string(count) +
                                              (count == 1 ? " task" : " tasks, counted from 0"));
    }
  }
  for (const auto& [first, last] : ranges) {
    if (last - first >= kNamedMax || named.names.size() + (last - first) >= kNamedMax) {
      return bad(text, "over " + std::to_string(kNamedMax) + " tasks");
    }
    for (auto index = first; index <= last; ++index) add(named, TaskName{job_id, index});
  }
  return {};
}

std::string listed(const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 10;
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kShown); ++i) {
    text += (i == 0 ? "" : ", ") + names[i];
  }
  if (names.size() > kShown) text += ", … " + std::to_string(names.size() - kShown) + " more";
  return text;
}

Result<std::vector<std::string>> nodes_with(Session& session,
                                            const std::vector<std::string>& labels) {
  HEARTH_TRY(nodes, fetch_nodes(session, {}, labels));
  std::string words;
  for (const auto& text : labels) words += (words.empty() ? "" : " ") + text;
  if (nodes.empty()) return fail(ErrorCode::kNotFound, "no node is labelled " + words);
  std::vector<std::string> names;
  for (const auto& node : nodes) names.push_back(node.node_id());
  return names;
}

}  // namespace

Result<std::vector<fleet::v1::Node>> fetch_nodes(Session& session,
                                                 fleet::v1::ListNodesRequest request,
                                                 const std::vector<std::string>& labels) {
  for (const auto& text : labels) {
    HEARTH_TRY(label, parse_label(text));
    (*request.mutable_labels())[label.first] = label.second;
  }
  auto& client = session.client();
  const auto fetch = [&] {
    return client.call(client.fleet(), &FleetService::Stub::ListNodes, request);
  };
  return fetch_pages<fleet::v1::Node>(
      request, 0, fetch, [](const auto& response) -> const auto& { return response.nodes(); });
}

Result<IndexRanges> parse_ranges(const std::string& text, const std::string& whole) {
  IndexRanges ranges;
  for (std::size_t at = 0; at <= text.size();) {
    const auto comma = std::min(text.find(',', at), text.size());
    const auto part = text.substr(at, comma - at);
    const auto dash = part.find('-');
    HEARTH_TRY(first, parse_index(part.substr(0, dash), whole));
    auto last = first;
    if (dash != std::string::npos) {
      HEARTH_TRY(end, parse_index(part.substr(dash + 1), whole));
      last = end;
    }
    if (last < first) return bad(whole, part + " runs backwards");
    ranges.emplace_back(first, last);
    at = comma + 1;
  }
  return ranges;
}

Result<Named<std::string>> resolve_jobs(Session& session, const std::vector<std::string>& words) {
  Named<std::string> named;
  named.several = words.size() > 1;
  for (const auto& word : words) {
    const auto dash = word.find('-');
    if (dash != std::string::npos && dash > 0) {
      if (auto added = add_range(session, word, dash, named); !added) {
        return tl::unexpected(added.error());
      }
      continue;
    }
    HEARTH_TRY(job_id, resolve_job(session, word));
    add(named, job_id);
  }
  return named;
}

Result<Named<TaskName>> resolve_tasks(Session& session, const std::vector<std::string>& words) {
  Named<TaskName> named;
  named.several = words.size() > 1;
  for (const auto& word : words) {
    if (auto added = add_tasks(session, word, named); !added) return tl::unexpected(added.error());
  }
  return named;
}

Result<std::pair<std::string, std::string>> parse_label(const std::string& text) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    return fail(ErrorCode::kInvalidArgument, "--label: not KEY=VALUE: " + text);
  }
  return std::pair{text.substr(0, equals), text.substr(equals + 1)};
}

void add_node_selection(CLI::App& command, NodeSelection& selection, bool with_names) {
  if (with_names) command.add_option("NODE", selection.nodes, "One node or several");
  command
      .add_option("-l,--label", selection.labels,
                  "All nodes with this label, KEY=VALUE, instead; repeatable")
      ->allow_extra_args(false);
  command.add_flag("-y,--yes", selection.yes, "With --label: do not ask");
}

Result<Named<std::string>> resolve_nodes(Session& session, const NodeSelection& selection,
                                         const std::string& act) {
  if (selection.nodes.empty() == selection.labels.empty()) {
    return fail(ErrorCode::kInvalidArgument,
                "node " + act + ": needs either NODE or --label KEY=VALUE");
  }
  Named<std::string> named;
  if (!selection.nodes.empty()) {
    for (const auto& node : selection.nodes) add(named, node);
    named.several = selection.nodes.size() > 1;
    return named;
  }
  HEARTH_TRY(found, nodes_with(session, selection.labels));
  named = {found, true};
  if (selection.yes) return named;
  const auto what = act + " " + std::to_string(found.size()) +
                    (found.size() == 1 ? " node: " : " nodes: ") + listed(found);
  const auto sure = session.ask(what + "?");
  if (!sure) return fail(ErrorCode::kFailedPrecondition, "this would " + what + "; say --yes");
  if (!*sure) return fail(ErrorCode::kFailedPrecondition, "nothing was done");
  return named;
}

}  // namespace hearth::cli
