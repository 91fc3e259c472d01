// GetLogs: what a task printed, from its node while it runs, from the store afterwards.
//
// All of it happens on the loop's thread but for gRPC's callbacks, which only post. At most one
// question per output stream is with the agent, and none is asked before the client took what came
// before: a slow reader costs a piece of 64 KiB. It deletes itself once the call is done.
#pragma once

#include <array>
#include <deque>

#include "hearth/job/v1/job.pb.h"
#include "scheduler/rpc/calls.h"
#include "scheduler/rpc/open_calls.h"
#include "scheduler/rpc/session_table.h"

namespace hearth::scheduler {

class LogStream final : public grpc::ServerWriteReactor<job::v1::GetLogsResponse> {
 public:
  // Of a job of another tenant there is nothing; empty tenant: of any.
  LogStream(Backend& backend, SessionTable& sessions, const job::v1::GetLogsRequest& request,
            std::string tenant);

  // Ends it when the caller is not believed any more. Before begin().
  void hold(std::unique_ptr<OpenCalls::Entry> entry) { entry_ = std::move(entry); }

  // Called once, after construction.
  void begin();

 private:
  // What core and store know of the task at one moment.
  struct Known {
    std::optional<JobRow> job;
    std::optional<TaskView> view;     // of the core, where its job is active
    std::optional<TaskRow> end;       // durable
    std::vector<AttemptRow> retried;  // durable, in order
    std::map<AttemptId, protocol::OutputTails> tails;
  };
  struct Position {
    bool wanted = false;
    bool ended = false;          // all of it was sent
    std::uint64_t offset = 0;    // what comes next
    bool read_before = false;    // tail_bytes counts for the first piece only
    std::uint64_t question = 0;  // with the agent; 0: none
  };

  static Result<Known> know(StoreReader& reader, const std::string& tenant, TaskId task,
                            std::optional<TaskView> view, const std::vector<AttemptId>& wanted);
  void load();
  void on_known(const Known& known);
  void on_chosen_attempt(const Known& known);
  void on_not_started(const Known& known);
  void follow(const TaskView& view);
  void step();
  void ask(const TaskView& view);
  void ask_session(SessionId session);
  bool may_read_on() const;
  bool cannot_ask(const TaskView& view);
  void on_read(int stream, std::optional<protocol::OutputRead> read);
  void give_up_questions();
  void announce(AttemptId attempt, const NodeId& node);
  void send_stored(const Known& known, AttemptId attempt);
  void send_chunk(int stream, std::uint64_t offset, std::string data, std::uint64_t size);
  void send_notice(job::v1::LogNoticeKind kind, const std::string& message);
  void pump();
  void finish(grpc::Status status);
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

  Backend& backend_;
  SessionTable& sessions_;
  std::unique_ptr<OpenCalls::Entry> entry_;
  const job::v1::GetLogsRequest request_;
  const std::string tenant_;
  TaskId task_;
  std::optional<AttemptId> chosen_;  // the only one wanted

  // The loop's thread only.
  EventLoop::WaiterId waiter_ = 0;
  bool loading_ = false;
  bool orphaned_ = false;             // the call is done while loading
  std::optional<AttemptId> attempt_;  // read from its node
  std::optional<AttemptId> shown_;    // begun and not ended, for the client
  NodeId node_;                       // of both
  bool showed_any_ = false;
  std::array<Position, 2> positions_;  // by OutputStream
  std::optional<SessionId> session_;   // asked last
  TimePoint heard_at_{};               // its last answer
  bool gone_ = false;                  // the node has no more of the attempt: its result comes
  std::string told_;                   // the last notice of waiting, so that none comes twice
  std::deque<job::v1::GetLogsResponse> queue_;
  job::v1::GetLogsResponse writing_message_;
  bool writing_ = false;
  bool finishing_ = false;
  bool finished_ = false;  // Finish() was called
  grpc::Status status_;
};

}  // namespace hearth::scheduler
