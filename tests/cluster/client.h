// A bank: submits until it is acknowledged, reads results as they become durable, and remembers
// everything it was ever told.
#pragma once

#include "scheduler_host.h"

namespace hearth::cluster {

class Client {
 public:
  Client(World& world, SchedulerHost& scheduler) : world_(world), scheduler_(scheduler) {}

  void submit(std::string request_id, std::uint64_t tasks, int user_retries);
  void cancel_some_time(std::string request_id, Duration from_now);
  // Reads what is durable now; complains if anything seen before changed or vanished.
  void look();
  [[nodiscard]] bool all_ended();

  struct Submitted {
    std::uint64_t tasks = 0;
    int user_retries = 0;
    bool may_be_cancelled = false;
    std::optional<JobId> job;  // once acknowledged
    std::map<std::uint64_t, scheduler::TaskRow> seen;
  };
  std::map<std::string, Submitted> jobs;

 private:
  void try_submit(const std::string& request_id);

  World& world_;
  SchedulerHost& scheduler_;
  scheduler::CallId last_call_ = 0;
};

}  // namespace hearth::cluster
