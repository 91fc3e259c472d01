// The agents' streams by session. The loop's thread owns it.
#pragma once

#include <map>
#include <set>

#include "scheduler/rpc/payload_cache.h"
#include "scheduler/runtime/event_loop.h"

namespace hearth::scheduler {

class AgentStream;

class SessionTable final : public AgentStreams {
 public:
  struct Options {
    std::string store_id;
    std::uint64_t epoch = 0;
    Duration report_period{};
    std::uint64_t result_credit_bytes = 0;
  };

  SessionTable(EventLoop& loop, Store& store, Options options)
      : loop_(loop), store_(store), options_(std::move(options)) {}

  void send(SessionId session, protocol::SchedulerMessage message) override;
  void close(SessionId session, const Error& error) override;
  [[nodiscard]] bool is_open(SessionId session) const override {
    return streams_.contains(session);
  }

  // ---- what tasks print

  // Called once, on the loop's thread; with nothing where the session ends first.
  using OutputAnswer = std::function<void(std::optional<protocol::OutputRead>)>;

  // Whether its agent answers; only then it may be asked.
  [[nodiscard]] bool serves_output(SessionId session) const;
  // Of an open session. The number is for forget_output(), which takes the question back.
  std::uint64_t ask_output(SessionId session, protocol::ReadOutput question, OutputAnswer answer);
  void forget_output(std::uint64_t question) { output_questions_.erase(question); }

  // Ends all streams with UNAVAILABLE.
  void close_all();

  [[nodiscard]] std::size_t size() const { return streams_.size(); }

  // What is queued for agents and not written: of all, and of the one with most.
  [[nodiscard]] std::size_t outbox_bytes() const;
  [[nodiscard]] std::size_t outbox_bytes_max() const;

  // ---- for the streams

  SessionId add(AgentStream& stream);

  // Tells the core, once, that the session is over.
  void ended(SessionId session);

  void set_serves_output(SessionId session);
  // What nobody asked this session for is dropped.
  void output_read(SessionId session, protocol::OutputRead read);

  void read_on(SessionId session);

  // Pumps the stream behind what is queued on the loop, so that its messages share a batch.
  void pump_soon(SessionId session);

  // Reads the page with this task's payload, then pumps the session.
  void fetch_payload(TaskId task, SessionId session);

  [[nodiscard]] EventLoop& loop() { return loop_; }
  [[nodiscard]] PayloadCache& payloads() { return payloads_; }
  [[nodiscard]] std::uint64_t epoch() const { return options_.epoch; }
  [[nodiscard]] std::uint64_t result_credit_bytes() const { return options_.result_credit_bytes; }
  [[nodiscard]] protocol::Welcome welcome() const;

 private:
  struct Entry {
    AgentStream* stream = nullptr;
    bool pump_posted = false;
    bool serves_output = false;
  };
  struct OutputQuestion {
    SessionId session;
    OutputAnswer answer;
  };

  void payload_fetched(TaskId task, Result<StoreReader::PayloadPage> page);

  EventLoop& loop_;
  Store& store_;
  const Options options_;
  PayloadCache payloads_{32 << 20};
  SessionId last_session_;
  std::map<SessionId, Entry> streams_;
  std::map<TaskId, std::set<SessionId>> fetching_;
  std::map<std::uint64_t, OutputQuestion> output_questions_;
  std::uint64_t last_question_ = 0;
};

}  // namespace hearth::scheduler
