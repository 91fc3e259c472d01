#include "scheduler/rpc/session_table.h"

#include <algorithm>

#include "common/log.h"
#include "scheduler/rpc/agent_stream.h"
#include "wire/status.h"

namespace hearth::scheduler {

void SessionTable::send(SessionId session, protocol::SchedulerMessage message) {
  const auto found = streams_.find(session);
  if (found != streams_.end()) found->second.stream->send(message);
}

void SessionTable::close(SessionId session, const Error& error) {
  const auto found = streams_.find(session);
  if (found != streams_.end()) found->second.stream->finish(wire::to_status(error));
}

void SessionTable::close_all() {
  while (!streams_.empty()) {
    streams_.begin()->second.stream->finish(
        {grpc::StatusCode::UNAVAILABLE, "the scheduler is stopping: connect again"});
  }
}

std::size_t SessionTable::outbox_bytes() const {
  std::size_t bytes = 0;
  for (const auto& [session, entry] : streams_) bytes += entry.stream->outbox_bytes();
  return bytes;
}

std::size_t SessionTable::outbox_bytes_max() const {
  std::size_t most = 0;
  for (const auto& [session, entry] : streams_) most = std::max(most, entry.stream->outbox_bytes());
  return most;
}

SessionId SessionTable::add(AgentStream& stream) {
  last_session_ = SessionId{last_session_.value + 1};
  streams_[last_session_] = {&stream, false};
  log::debug("session_opened", {{"session", last_session_}});
  return last_session_;
}

void SessionTable::ended(SessionId session) {
  if (streams_.erase(session) == 0) return;
  for (const auto& [number, question] : output_questions_) {
    if (question.session != session) continue;
    loop_.post([this, number = number] {
      auto asked = output_questions_.extract(number);
      if (!asked.empty()) asked.mapped().answer(std::nullopt);
    });
  }
  log::debug("session_ended", {{"session", session}});
  // Behind whatever order of the core made it end: apply() is not entered twice.
  loop_.post([this, session] { loop_.apply(SessionClosed{session}); });
}

bool SessionTable::serves_output(SessionId session) const {
  const auto found = streams_.find(session);
  return found != streams_.end() && found->second.serves_output;
}

void SessionTable::set_serves_output(SessionId session) {
  const auto found = streams_.find(session);
  if (found != streams_.end()) found->second.serves_output = true;
}

std::uint64_t SessionTable::ask_output(SessionId session, protocol::ReadOutput question,
                                       OutputAnswer answer) {
  question.request = ++last_question_;
  output_questions_[question.request] = {session, std::move(answer)};
  streams_.at(session).stream->ask(question);
  return question.request;
}

void SessionTable::output_read(SessionId session, protocol::OutputRead read) {
  const auto found = output_questions_.find(read.request);
  if (found == output_questions_.end() || found->second.session != session) return;
  const auto answer = std::move(found->second.answer);
  output_questions_.erase(found);
  answer(std::move(read));
}

void SessionTable::read_on(SessionId session) {
  const auto found = streams_.find(session);
  if (found != streams_.end()) found->second.stream->read_on();
}

void SessionTable::pump_soon(SessionId session) {
  auto& entry = streams_.at(session);
  if (std::exchange(entry.pump_posted, true)) return;
  loop_.post([this, session] {
    const auto found = streams_.find(session);
    if (found == streams_.end()) return;
    found->second.pump_posted = false;
    found->second.stream->pump();
  });
}

void SessionTable::fetch_payload(TaskId task, SessionId session) {
  const bool asked = fetching_.contains(task);
  if (!fetching_[task].insert(session).second || asked) return;
  store_.read([this, task](StoreReader& reader) {
    auto page =
        std::make_shared<Result<StoreReader::PayloadPage>>(reader.payloads(task.job, task.index));
    loop_.post([this, task, page] { payload_fetched(task, std::move(*page)); });
  });
}

void SessionTable::payload_fetched(TaskId task, Result<StoreReader::PayloadPage> page) {
  const auto waiting = fetching_.extract(task);
  const bool found =
      page && task.index >= page->first && task.index - page->first < page->payloads.size();
  if (found) {
    payloads_.put(task.job, std::move(*page));
  } else {
    log::error("payload_unreadable",
               {{"task", task}, {"error", page ? "not in its page" : page.error().message}});
  }
  for (const auto session : waiting.mapped()) {
    const auto entry = streams_.find(session);
    if (entry == streams_.end()) continue;
    if (found) {
      entry->second.stream->pump();
    } else {
      entry->second.stream->finish(
          {grpc::StatusCode::UNAVAILABLE, "a payload could not be read: connect again"});
    }
  }
}

protocol::Welcome SessionTable::welcome() const {
  return {options_.store_id, options_.report_period};
}

}  // namespace hearth::scheduler
