#include "scheduler/rpc/log_stream.h"

#include <algorithm>
#include <limits>

#include "scheduler/rpc/ownership.h"
#include "scheduler/runtime/clock.h"
#include "wire/checks.h"
#include "wire/job.h"

namespace hearth::scheduler {
namespace {

using protocol::OutputStream;

constexpr Duration kWait{std::chrono::seconds{10}};  // of one question, for something to be printed
constexpr Duration kPatience{std::chrono::seconds{15}};  // with an agent that does not answer
constexpr int kStreams = 2;

OutputStream stream_at(int number) {
  return static_cast<OutputStream>(number);
}

Error not_now(TaskId task, const std::string& why) {
  return {ErrorCode::kFailedPrecondition, "task " + to_string(task) + ": " + why};
}

std::string words_of(const protocol::AttemptReport& report) {
  if (report.failure == protocol::FailureClass::kNone) return "";
  return std::string(to_string(report.failure)) +
         (report.message.empty() ? "" : ": " + report.message);
}

struct AttemptEnd {
  NodeId node;
  const protocol::AttemptReport* report;
};

// Of a durable end of the task or of its try.
template <class Known>
std::optional<AttemptEnd> find_end(const Known& known, AttemptId attempt) {
  if (known.end && known.end->report.attempt == attempt) {
    return AttemptEnd{known.end->node, &known.end->report};
  }
  for (const auto& row : known.retried) {
    if (row.report.attempt == attempt) return AttemptEnd{row.node, &row.report};
  }
  return std::nullopt;
}

}  // namespace

LogStream::LogStream(Backend& backend, SessionTable& sessions,
                     const job::v1::GetLogsRequest& request, std::string tenant)
    : backend_(backend), sessions_(sessions), request_(request), tenant_(std::move(tenant)) {
  positions_[0].wanted = request.stream() != job::v1::OUTPUT_STREAM_STDERR;
  positions_[1].wanted = request.stream() != job::v1::OUTPUT_STREAM_STDOUT;
}

void LogStream::begin() {
  backend_.loop.post([this] {
    const auto job = parse_job_id(request_.job_id());
    if (!job) return finish(wire::to_status(job.error()));
    task_ = {*job, request_.index()};
    if (!job::v1::OutputStream_IsValid(request_.stream())) {
      return finish({grpc::StatusCode::INVALID_ARGUMENT,
                     "stream: unknown: " + std::to_string(request_.stream())});
    }
    if (!request_.attempt_id().empty()) {
      const auto attempt = parse_attempt_id(request_.attempt_id());
      if (!attempt) return finish(wire::to_status(attempt.error()));
      chosen_ = *attempt;
    }
    // Never durable: it is asked a few times a second, until it is woken at the end.
    waiter_ = backend_.loop.when_durable(
        std::numeric_limits<Sequence>::max(),
        [this](bool) {
          waiter_ = 0;
          if (finishing_) return;
          finish(backend_.loop.stopping()
                     ? grpc::Status{grpc::StatusCode::UNAVAILABLE,
                                    "the scheduler is stopping: repeat the call"}
                     : grpc::Status::CANCELLED);
        },
        [this] {
          backend_.loop.post([this] { step(); });
          return false;
        });
    if (!finishing_) load();
  });
}

// On the store's thread. `wanted`: whose output is, beside that of the task's end.
Result<LogStream::Known> LogStream::know(StoreReader& reader, const std::string& tenant,
                                         TaskId task, std::optional<TaskView> view,
                                         const std::vector<AttemptId>& wanted) {
  Known known;
  known.view = std::move(view);
  if (auto own = check_own_job(reader, tenant, task.job); !own) return tl::unexpected(own.error());
  HEARTH_TRY(job, reader.job(task.job));
  if (!job) return fail(ErrorCode::kNotFound, to_string(task.job) + ": no such job");
  if (task.index >= job->spec.task_count) {
    return fail(ErrorCode::kNotFound, to_string(task) + ": no such task; the job has " +
                                          std::to_string(job->spec.task_count));
  }
  known.job = std::move(*job);
  HEARTH_TRY(ended, reader.tasks(task.job, task.index, task.index));
  HEARTH_TRY(retried, reader.retried_attempts(task.job, task.index, task.index));
  known.retried = std::move(retried);
  auto attempts = wanted;
  if (!ended.empty()) {
    known.end = std::move(ended.front());
    attempts.push_back(known.end->report.attempt);
  }
  for (const auto attempt : attempts) {
    HEARTH_TRY(tails, reader.tails(task, attempt));
    if (tails) known.tails.emplace(attempt, std::move(*tails));
  }
  return known;
}

void LogStream::load() {
  loading_ = true;
  const auto back = [this](std::function<void()> then) {
    backend_.loop.post([this, then = std::move(then)] {
      loading_ = false;
      if (orphaned_) {
        delete this;
      } else if (finishing_) {
        finish(status_);
      } else {
        then();
      }
    });
  };
  std::vector<AttemptId> wanted;
  if (attempt_) wanted.push_back(*attempt_);
  if (chosen_) wanted.push_back(*chosen_);
  backend_.reader.read<std::optional<TaskView>>(
      [task = task_](const Scheduler& scheduler) { return scheduler.task(task); },
      [this, tenant = tenant_, task = task_, wanted, back](StoreReader& reader,
                                                           std::optional<TaskView> view) {
        auto known =
            std::make_shared<Result<Known>>(know(reader, tenant, task, std::move(view), wanted));
        back([this, known] {
          if (!*known) return finish(wire::to_status(known->error()));
          on_known(**known);
        });
      },
      [this, back](const Error& error) {
        back([this, error] { finish(wire::to_status(error)); });
      });
}

void LogStream::on_known(const Known& known) {
  const bool follows_current = attempt_ && known.view && known.view->attempt == attempt_;
  if (follows_current) return;  // it came back
  const auto streamed = std::exchange(attempt_, std::nullopt);
  if (streamed) send_stored(known, *streamed);
  if (chosen_) return on_chosen_attempt(known);
  if (known.end) {
    if (streamed != known.end->report.attempt) send_stored(known, known.end->report.attempt);
    return finish(grpc::Status::OK);
  }
  const auto& view = known.view;
  // A retry that became known between the two is shown as what it was.
  const bool open = view && view->attempt && view->started &&
                    std::none_of(known.retried.begin(), known.retried.end(), [&](const auto& row) {
                      return row.report.attempt == *view->attempt;
                    });
  if (open) return follow(*view);
  on_not_started(known);
}

void LogStream::on_chosen_attempt(const Known& known) {
  if (showed_any_) return finish(grpc::Status::OK);
  if (find_end(known, *chosen_)) {
    send_stored(known, *chosen_);
    return finish(grpc::Status::OK);
  }
  if (known.view && known.view->attempt == chosen_ && known.view->started) {
    return follow(*known.view);
  }
  finish({grpc::StatusCode::NOT_FOUND,
          to_string(task_) + ": no attempt " + to_string(*chosen_) + " that has started"});
}

void LogStream::on_not_started(const Known& known) {
  const bool over = known.job->state != JobState::kActive;
  std::string why = over ? "its job has ended and it never ran" : "it has not started yet";
  if (!over && known.view && known.view->attempt)
    why += "; it waits on node " + known.view->node.value;
  if (!known.retried.empty()) {
    const auto& last = known.retried.back();
    why += "; what attempt " + to_string(last.report.attempt) + " on node " + last.node.value +
           " printed is still there";
  }
  if (over && showed_any_) return finish(grpc::Status::OK);
  if (over || !request_.follow()) return finish(wire::to_status(not_now(task_, why)));
  if (std::exchange(told_, why) != why) send_notice(job::v1::LOG_NOTICE_KIND_WAITING, why);
}

void LogStream::follow(const TaskView& view) {
  attempt_ = view.attempt;
  gone_ = false;
  session_.reset();
  announce(*view.attempt, view.node);
  step();
}

// Runs a few times a second, and whenever something came or went.
void LogStream::step() {
  if (finishing_ || loading_ || writing_ || !queue_.empty()) return;
  const auto view = backend_.loop.scheduler().task(task_);
  if (!attempt_) {
    // What waits is looked at in the store only when the core knows something new.
    if (!view || protocol::is_final(view->state) || (view->attempt && view->started)) load();
    return;
  }
  if (!view || view->attempt != attempt_) {
    if (may_read_on()) return ask_session(*session_);
    give_up_questions();
    return load();
  }
  ask(*view);
}

// Whether the agent cannot be asked now; says why, once.
bool LogStream::cannot_ask(const TaskView& view) {
  std::string why;
  if (gone_) {
    why = "it has ended on node " + node_.value + " and its result is on the way";
  } else if (!view.session || !sessions_.is_open(*view.session)) {
    why = "node " + node_.value + " is not connected; the task may go on there";
  } else if (view.node_state != NodeState::kOnline) {
    why = "nothing is heard of node " + node_.value + "; the task may go on there";
  } else if (!sessions_.serves_output(*view.session)) {
    why = "the agent of node " + node_.value +
          " is older than this: what the task prints comes with its result";
  }
  if (why.empty()) {
    told_.clear();
    return false;
  }
  if (!request_.follow()) {
    finish(wire::to_status(not_now(task_, why)));
  } else if (!gone_ && std::exchange(told_, why) != why) {
    send_notice(job::v1::LOG_NOTICE_KIND_SILENT, why);
  }
  return true;
}

void LogStream::ask(const TaskView& view) {
  if (positions_[0].ended && positions_[1].ended) {
    if (!request_.follow()) finish(grpc::Status::OK);
    return;  // its result is on the way
  }
  if (!cannot_ask(view)) ask_session(*view.session);
}

// Whether the node may still have output of an attempt that has just ended.
bool LogStream::may_read_on() const {
  const bool all_read = positions_[0].ended && positions_[1].ended;
  return session_ && sessions_.is_open(*session_) && !gone_ && !all_read &&
         monotonic_now() - heard_at_ < kPatience;
}

void LogStream::ask_session(SessionId session) {
  if (session_ != session) heard_at_ = monotonic_now();
  session_ = session;
  for (int i = 0; i < kStreams; ++i) {
    auto& position = positions_[static_cast<std::size_t>(i)];
    if (position.ended || position.question != 0) continue;
    protocol::ReadOutput question;
    question.attempt = *attempt_;
    question.stream = stream_at(i);
    question.offset = position.offset;
    if (!position.read_before && request_.has_tail_bytes()) {
      question.tail_bytes = request_.tail_bytes();
    }
    question.wait = request_.follow() ? kWait : Duration::zero();
    position.question = sessions_.ask_output(
        session, question,
        [this, i](std::optional<protocol::OutputRead> read) { on_read(i, std::move(read)); });
  }
}

void LogStream::on_read(int stream, std::optional<protocol::OutputRead> read) {
  auto& position = positions_[static_cast<std::size_t>(stream)];
  position.question = 0;
  if (finishing_ || !read) return step();
  if (read->unknown) {
    gone_ = true;
    return step();
  }
  heard_at_ = monotonic_now();
  // The first answer to a follower may be empty: then all that comes later is wanted.
  position.read_before = true;
  const auto end = read->offset + read->data.size();
  position.offset = end;
  position.ended = read->ended || (!request_.follow() && end >= read->size_bytes);
  if (!read->data.empty()) {
    send_chunk(stream, read->offset, std::move(read->data), read->size_bytes);
  }
  step();
}

void LogStream::give_up_questions() {
  for (auto& position : positions_) {
    if (position.question != 0) sessions_.forget_output(std::exchange(position.question, 0));
  }
}

void LogStream::announce(AttemptId attempt, const NodeId& node) {
  if (shown_ == attempt) return;
  shown_ = attempt;
  node_ = node;
  showed_any_ = true;
  told_.clear();
  for (auto& position : positions_) {
    position = {position.wanted, !position.wanted, 0, position.read_before, 0};
  }
  send_notice(job::v1::LOG_NOTICE_KIND_STARTED, "");
}

// What the result of an attempt brought along, behind what was sent of it, and how it ended.
void LogStream::send_stored(const Known& known, AttemptId attempt) {
  const auto end = find_end(known, attempt);
  if (end) announce(attempt, end->node);
  const auto found = known.tails.find(attempt);
  for (int i = 0; i < kStreams && found != known.tails.end(); ++i) {
    auto& position = positions_[static_cast<std::size_t>(i)];
    if (!position.wanted) continue;
    const auto& tail = found->second.of(stream_at(i));
    const auto first = tail.size_bytes - tail.data.size();
    auto from = std::max<std::uint64_t>(position.offset, first);
    if (!std::exchange(position.read_before, true) && request_.has_tail_bytes() &&
        request_.tail_bytes() < tail.size_bytes) {
      from = std::max(from, tail.size_bytes - request_.tail_bytes());
    }
    if (from >= tail.size_bytes) continue;
    send_chunk(i, from, tail.data.substr(static_cast<std::size_t>(from - first)), tail.size_bytes);
  }
  send_notice(job::v1::LOG_NOTICE_KIND_ENDED, end ? words_of(*end->report) : "");
  shown_.reset();
}

void LogStream::send_chunk(int stream, std::uint64_t offset, std::string data, std::uint64_t size) {
  auto* chunk = queue_.emplace_back().mutable_chunk();
  chunk->set_attempt_id(to_string(*shown_));
  chunk->set_stream(stream_at(stream) == OutputStream::kStdout ? job::v1::OUTPUT_STREAM_STDOUT
                                                               : job::v1::OUTPUT_STREAM_STDERR);
  chunk->set_offset(offset);
  chunk->set_data(std::move(data));
  chunk->set_size_bytes(size);
  pump();
}

void LogStream::send_notice(job::v1::LogNoticeKind kind, const std::string& message) {
  auto* notice = queue_.emplace_back().mutable_notice();
  notice->set_kind(kind);
  if (shown_) notice->set_attempt_id(to_string(*shown_));
  if (shown_) notice->set_node_id(node_.value);
  notice->set_message(wire::to_utf8(message));
  pump();
}

void LogStream::pump() {
  if (writing_ || finished_) return;
  if (!queue_.empty()) {
    writing_message_ = std::move(queue_.front());
    queue_.pop_front();
    writing_ = true;
    StartWrite(&writing_message_);
  } else if (finishing_ && !loading_) {
    finished_ = true;
    Finish(status_);
  }
}

// After what is queued; at once where the client is gone.
void LogStream::finish(grpc::Status status) {
  finishing_ = true;
  status_ = std::move(status);
  give_up_questions();
  if (status_.error_code() == grpc::StatusCode::CANCELLED) queue_.clear();
  if (waiter_ != 0) backend_.loop.wake(std::exchange(waiter_, 0));
  pump();
}

void LogStream::OnWriteDone(bool ok) {
  backend_.loop.post([this, ok] {
    writing_ = false;
    if (!ok) {
      if (!finished_) finish(grpc::Status::CANCELLED);
      return;
    }
    pump();
    step();
  });
}

void LogStream::OnCancel() {
  backend_.loop.post([this] {
    if (!finished_) finish(grpc::Status::CANCELLED);
  });
}

void LogStream::OnDone() {
  entry_.reset();
  backend_.loop.post([this] {
    if (loading_) {
      orphaned_ = true;
    } else {
      delete this;
    }
  });
}

}  // namespace hearth::scheduler
