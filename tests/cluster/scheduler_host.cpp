#include "scheduler_host.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>

#include "common/check.h"

namespace hearth::cluster {

using namespace scheduler;  // NOLINT: a test's own corner

SchedulerHost::SchedulerHost(World& world, SchedulerConfig config)
    : world_(world), config_(std::move(config)) {
  store_ = std::make_unique<MemoryStore>(callbacks());
}

StoreCallbacks SchedulerHost::callbacks() {
  return {[this](Sequence seq) {
            // Told in an action of its own, as the store's thread would post it.
            world_.after(Duration{0}, [this, seq, life = life_] {
              if (life == life_ && core_) apply(CommitDurable{seq});
            });
          },
          [](const Error& error) { ADD_FAILURE() << error.message; }};
}

void SchedulerHost::start() {
  ++life_;
  auto state = store_->load();
  CHECK(state.has_value());
  core_ = std::make_unique<Scheduler>(config_, std::move(*state));
  apply(WallClockRead{UtcTime{world_.now.time_since_epoch()}});
}

void SchedulerHost::kill() {
  ++life_;
  core_.reset();
  calls_.clear();
  sync_armed_ = false;
  for (auto& [session, stream] : std::exchange(streams_, {})) {
    stream->cut(world_.between(0, 3000), Duration{0});
  }
  store_->crash(callbacks());
}

std::shared_ptr<Stream> SchedulerHost::connect(StreamEnds ends) {
  if (!core_) return nullptr;
  const SessionId session{++last_session_};
  ends.to_scheduler = [this, session](protocol::AgentMessage message) {
    if (core_) apply(AgentSaid{session, std::move(message)});
  };
  ends.scheduler_closed = [this, session, life = life_] {
    streams_.erase(session);
    if (life == life_ && core_) apply(SessionClosed{session});
  };
  auto stream = std::make_shared<Stream>(world_, std::move(ends));
  streams_[session] = stream;
  stream->answer(core_->epoch(), protocol::Welcome{core_->store_id()});
  return stream;
}

void SchedulerHost::call(CallId id, Event event, std::function<void(Result<JobReply>)> done) {
  if (!core_) return;
  calls_[id] = std::move(done);
  apply(event);
}

void SchedulerHost::apply(const Event& event) {
  world_.note(to_string(event));
  execute(core_->apply(event, world_.now));
  arm_timer();
}

void SchedulerHost::execute(std::vector<Command> commands) {
  std::vector<CommitEntry> batch;
  for (auto& command : commands) {
    world_.note(to_string(command));
    if (auto* commit = std::get_if<Commit>(&command)) {
      if (const auto* requeue = std::get_if<TaskRequeued>(&commit->fact)) {
        lost_attempts += requeue->report.failure == protocol::FailureClass::kNodeLost;
      }
      batch.push_back({commit->seq, std::move(commit->fact), {}});
    } else if (auto* send = std::get_if<Send>(&command)) {
      if (const auto* start = std::get_if<protocol::StartAttempt>(&send->message)) {
        EXPECT_TRUE(granted.emplace(start->attempt, start->task).second) << "an id used twice";
      }
      const auto stream = streams_.find(send->session);
      if (stream != streams_.end()) stream->second->answer(core_->epoch(), send->message);
    } else if (const auto* close = std::get_if<CloseSession>(&command)) {
      const auto stream = streams_.find(close->session);
      if (stream == streams_.end()) continue;
      const auto closing = stream->second;
      closing->cut(world_.between(1, 40), Duration{0});
    } else if (auto* reply = std::get_if<Reply>(&command)) {
      if (auto waiting = calls_.extract(reply->call)) waiting.mapped()(std::move(reply->result));
    }
  }
  if (batch.empty()) return;
  store_->commit(std::move(batch));
  sync_later();
}

void SchedulerHost::sync_later() {
  if (std::exchange(sync_armed_, true)) return;
  world_.after(world_.between(1, sync_ms_max), [this, life = life_] {
    if (life != life_) return;
    sync_armed_ = false;
    store_->sync_some(1 + world_.random.below(8));
    if (store_->unsynced() > 0) sync_later();
  });
}

void SchedulerHost::arm_timer() {
  const auto deadline = core_->next_deadline();
  if (!deadline) return;
  const auto delay = std::max(Duration{1}, *deadline - world_.now);
  world_.after(delay, [this, life = life_, at = world_.now + delay] {
    // Only the earliest timer acts; the others find their deadline moved.
    if (life != life_ || !core_) return;
    const auto due = core_->next_deadline();
    if (due && *due <= at) apply(TimePassed{});
  });
}

std::vector<TaskRow> SchedulerHost::results(JobId job) {
  std::vector<TaskRow> all;
  store_->read([&](StoreReader& reader) {
    Sequence after = 0;
    while (true) {
      auto page = reader.results(job, after, 100);
      if (!page || page->empty()) return;
      after = page->back().seq;
      std::ranges::move(*page, std::back_inserter(all));
    }
  });
  return all;
}

std::optional<JobRow> SchedulerHost::job_row(JobId job) {
  std::optional<JobRow> row;
  store_->read([&](StoreReader& reader) { row = reader.job(job).value_or(std::nullopt); });
  return row;
}

bool SchedulerHost::ended_durably(TaskId task) {
  bool ended = false;
  store_->read([&](StoreReader& reader) {
    const auto rows = reader.tasks(task.job, task.index, task.index);
    ended = rows && !rows->empty();
  });
  return ended;
}

bool SchedulerHost::cancelled_durably(JobId job) {
  bool cancelled = false;
  store_->read([&](StoreReader& reader) {
    const auto row = reader.job(job);
    cancelled = row && *row && (*row)->cancelled;
  });
  return cancelled;
}

}  // namespace hearth::cluster
