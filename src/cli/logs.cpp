// hearth task logs: what a task printed, byte for byte.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/describe.h"
#include "cli/encode.h"
#include "cli/exit_code.h"
#include "cli/selection.h"
#include "cli/session.h"
#include "wire/checks.h"

namespace hearth::cli {
namespace {

using job::v1::LogChunk;
using job::v1::LogNotice;

struct LogsOptions {
  std::vector<std::string> tasks;
  std::string stream = "both";
  std::string attempt;
  std::optional<std::uint64_t> lines;
  std::optional<std::uint64_t> bytes;
  bool follow = false;
};

const char* name_of(job::v1::OutputStream stream) {
  return stream == job::v1::OUTPUT_STREAM_STDERR ? "stderr" : "stdout";
}

// The last `count` lines; a last one without its newline counts.
std::string_view last_lines(std::string_view text, std::uint64_t count) {
  if (count == 0) return {};
  auto at = text.size();
  if (at > 0 && text[at - 1] == '\n') --at;
  for (; count > 0; --count) {
    at = text.substr(0, at).rfind('\n');
    if (at == std::string_view::npos) return text;
  }
  return text.substr(at + 1);
}

class LogPrinter {
 public:
  // `task`: said with each line of JSON, where it is of several.
  LogPrinter(Session& session, const LogsOptions& options, std::string task)
      : session_(session), options_(options), task_(std::move(task)) {}

  void take(const job::v1::GetLogsResponse& response) {
    if (response.has_chunk()) take(response.chunk());
    if (response.has_notice()) take(response.notice());
  }

  // Nothing comes any more, or the next attempt does.
  void flush() {
    for (auto& stream : streams_) release(stream);
  }

 private:
  struct Stream {
    job::v1::OutputStream name = job::v1::OUTPUT_STREAM_STDOUT;
    std::uint64_t next = 0;  // offset of what was not seen yet
    bool begun = false;
    std::string held;              // of what was there at the call, where lines are counted
    std::uint64_t held_until = 0;  // the size then
  };

  void take(const LogChunk& chunk) {
    if (chunk.attempt_id() != attempt_) begin(chunk.attempt_id());
    auto& stream = streams_[chunk.stream() == job::v1::OUTPUT_STREAM_STDERR ? 1 : 0];
    const auto end = chunk.offset() + chunk.data().size();
    if (end <= stream.next) return;  // seen before the stream broke
    std::string_view data = chunk.data();
    if (chunk.offset() < stream.next) data.remove_prefix(stream.next - chunk.offset());
    note_missing(stream, chunk);
    if (!std::exchange(stream.begun, true) && first_ && options_.lines) {
      stream.held_until = chunk.size_bytes();
    }
    stream.next = end;
    if (end - data.size() >= stream.held_until) {
      release(stream);
      return print(stream, data, end - data.size());
    }
    stream.held += data;
    if (end >= stream.held_until) release(stream);
  }

  void take(const LogNotice& notice) {
    if (notice.kind() == job::v1::LOG_NOTICE_KIND_STARTED) {
      if (notice.attempt_id() == attempt_) return;  // the stream was resumed
      flush();
      const bool is_another = !attempt_.empty();
      begin(notice.attempt_id());
      if (is_another) tell("attempt " + notice.attempt_id() + " on node " + notice.node_id());
    } else if (notice.kind() == job::v1::LOG_NOTICE_KIND_ENDED) {
      flush();
      first_ = false;
      if (!notice.message().empty()) {
        tell("attempt " + notice.attempt_id() + " on node " + notice.node_id() +
             " ended: " + notice.message());
      }
    } else {
      tell(notice.message());
    }
    if (session_.json()) print_json(notice);
  }

  void begin(const std::string& attempt) {
    attempt_ = attempt;
    streams_ = {};
    streams_[1].name = job::v1::OUTPUT_STREAM_STDERR;
  }

  void tell(const std::string& text) {
    if (!session_.json()) session_.note(text);
  }

  // Where the beginning was not asked away.
  void note_missing(const Stream& stream, const LogChunk& chunk) {
    const bool asked = !stream.begun && (options_.bytes || options_.lines);
    if (chunk.offset() <= stream.next || asked) return;
    tell(std::string(name_of(stream.name)) + ": " + format_bytes(chunk.offset() - stream.next) +
         (stream.begun ? " are missing here" : " before this were not kept"));
  }

  void release(Stream& stream) {
    if (stream.held.empty()) return;
    const auto lines = last_lines(stream.held, options_.lines.value_or(0));
    print(stream, lines, stream.next - lines.size());
    stream.held.clear();
  }

  void print(const Stream& stream, std::string_view data, std::uint64_t offset) {
    if (data.empty()) return;
    if (session_.json()) return print_json(stream, data, offset);
    auto* file = stream.name == job::v1::OUTPUT_STREAM_STDERR ? stderr : stdout;
    std::fwrite(data.data(), 1, data.size(), file);
    std::fflush(file);
  }

  void print_json(const Stream& stream, std::string_view data, std::uint64_t offset) {
    auto line = json_line();
    line["attempt"] = attempt_;
    line["stream"] = name_of(stream.name);
    line["offset"] = offset;
    if (wire::is_utf8(data)) {
      line["text"] = data;
    } else {
      line["base64"] = base64(data);
    }
    session_.print_line(line.dump());
  }

  void print_json(const LogNotice& notice) {
    auto line = json_line();
    line["notice"] = job::v1::LogNoticeKind_Name(notice.kind()).substr(16);  // LOG_NOTICE_KIND_
    if (!notice.attempt_id().empty()) line["attempt"] = notice.attempt_id();
    if (!notice.node_id().empty()) line["node"] = notice.node_id();
    if (!notice.message().empty()) line["message"] = wire::to_utf8(notice.message());
    session_.print_line(line.dump());
  }

  [[nodiscard]] nlohmann::ordered_json json_line() const {
    nlohmann::ordered_json line = nlohmann::ordered_json::object();
    if (!task_.empty()) line["task"] = task_;
    return line;
  }

  Session& session_;
  const LogsOptions& options_;
  const std::string task_;
  std::string attempt_;
  bool first_ = true;  // --tail is about what was there at the call
  std::array<Stream, 2> streams_;
};

Result<int> logs(Session& session, const LogsOptions& options, const TaskName& task,
                 bool one_of_several) {
  job::v1::GetLogsRequest request;
  request.set_job_id(task.job_id);
  request.set_index(task.index);
  request.set_follow(options.follow);
  request.set_attempt_id(options.attempt);
  if (options.bytes) request.set_tail_bytes(*options.bytes);
  if (options.stream == "stdout") request.set_stream(job::v1::OUTPUT_STREAM_STDOUT);
  if (options.stream == "stderr") request.set_stream(job::v1::OUTPUT_STREAM_STDERR);
  if (one_of_several && !session.json()) session.note("task " + task.text());
  LogPrinter printer{session, options, one_of_several ? task.text() : ""};
  const auto done = session.client().logs(request, [&](const auto& response) -> Result<bool> {
    printer.take(response);
    if (std::ferror(stdout) != 0) return false;  // a pager that was left: no more is wanted
    return true;
  });
  printer.flush();
  if (!done) return tl::unexpected(done.error());
  return kExitOk;
}

}  // namespace

void add_logs_command(CLI::App& task_commands, Session& session) {
  auto options = std::make_shared<LogsOptions>();
  auto* command = task_commands.add_subcommand(
      "logs", "What a task printed: live from its node, or what its result brought along");
  command->footer(
      "The task's stdout comes on stdout and its stderr on stderr, byte for byte.\n"
      "Examples:\n"
      "  hearth task logs j7/12\n"
      "  hearth task logs last/0 -f --tail 20");
  command->add_option("TASK", options->tasks, kTasksText)->required();
  command->add_flag("-f,--follow", options->follow,
                    "Wait for the task to start, and go on until it has ended, over its retries");
  command->add_option("--stream", options->stream, "stdout, stderr or both (default)")
      ->check(CLI::IsMember({"stdout", "stderr", "both"}));
  auto* lines = command->add_option("--tail", options->lines,
                                    "Of what is there now, only the last so many lines of each");
  command->add_option("--bytes", options->bytes, "The same in bytes")->excludes(lines);
  command->add_option("--attempt", options->attempt,
                      "Only that attempt, as task show lists them (default: the latest)");
  command->callback([&session, options] {
    session.command = [&session, options]() -> Result<int> {
      HEARTH_TRY(tasks, resolve_tasks(session, options->tasks));
      // What is printed are lines by themselves: no array of them.
      int code = kExitOk;
      for (const auto& task : tasks.names) {
        const auto done = logs(session, *options, task, tasks.several);
        if (!done && !tasks.several) return done;
        if (!done) session.note(done.error().message);
        code = std::max(code, done ? *done : exit_code_of(done.error()));
      }
      return code;
    };
  });
}

}  // namespace hearth::cli
