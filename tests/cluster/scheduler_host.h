// The real scheduler core over a store that loses what was not synced; can be killed and started.
#pragma once

#include <memory>
#include <set>

#include "scheduler/core/scheduler.h"
#include "scheduler/store/memory_store.h"
#include "stream.h"

namespace hearth::cluster {

class SchedulerHost {
 public:
  SchedulerHost(World& world, scheduler::SchedulerConfig config);

  void start();
  void kill();
  [[nodiscard]] bool is_up() const { return core_ != nullptr; }

  // Opens a stream for an agent, or null while down.
  std::shared_ptr<Stream> connect(StreamEnds agent_side);

  void apply(const scheduler::Event& event);
  // The answer to a call, once; lost if the scheduler dies first.
  void call(scheduler::CallId id, scheduler::Event event,
            std::function<void(Result<scheduler::JobReply>)> done);

  // Durable rows, as a client would read them.
  std::vector<scheduler::TaskRow> results(JobId job);
  std::optional<scheduler::JobRow> job_row(JobId job);
  [[nodiscard]] bool ended_durably(TaskId task);
  [[nodiscard]] bool cancelled_durably(JobId job);
  [[nodiscard]] const scheduler::Scheduler& core() const { return *core_; }

  // The longest that a commit takes to become durable.
  int sync_ms_max = 60;

  // Every attempt ever sent to an agent.
  std::map<AttemptId, TaskId> granted;
  std::uint64_t lost_attempts = 0;

 private:
  scheduler::StoreCallbacks callbacks();
  void execute(std::vector<scheduler::Command> commands);
  void arm_timer();
  void sync_later();

  World& world_;
  scheduler::SchedulerConfig config_;
  std::unique_ptr<scheduler::MemoryStore> store_;
  std::unique_ptr<scheduler::Scheduler> core_;
  std::uint64_t life_ = 0;  // timers and syncs of an earlier life do nothing
  std::uint64_t last_session_ = 0;
  std::map<SessionId, std::shared_ptr<Stream>> streams_;
  std::map<scheduler::CallId, std::function<void(Result<scheduler::JobReply>)>> calls_;
  bool sync_armed_ = false;
};

}  // namespace hearth::cluster
