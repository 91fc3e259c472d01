// One agent stream through an unreliable network: in order while it lives, and each side learns of
// its end at a time of its own.
#pragma once

#include <memory>

#include "protocol/stream.h"
#include "world.h"

namespace hearth::cluster {

struct StreamEnds {
  std::function<void(protocol::AgentMessage)> to_scheduler;
  std::function<void(std::uint64_t epoch, protocol::SchedulerMessage)> to_agent;
  std::function<void()> scheduler_closed;
  std::function<void()> agent_closed;
};

class Stream : public std::enable_shared_from_this<Stream> {
 public:
  Stream(World& world, StreamEnds ends) : world_(world), ends_(std::move(ends)) {}

  void say(protocol::AgentMessage message) {
    deliver(up_clear_at_, [message = std::move(message)](Stream& s) mutable {
      s.ends_.to_scheduler(std::move(message));
    });
  }
  void answer(std::uint64_t epoch, protocol::SchedulerMessage message) {
    deliver(down_clear_at_, [epoch, message = std::move(message)](Stream& s) mutable {
      s.ends_.to_agent(epoch, std::move(message));
    });
  }

  // What is on its way is lost; the sides notice within the given times.
  void cut(Duration agent_notices, Duration scheduler_notices) {
    if (!std::exchange(alive_, false)) return;
    auto self = shared_from_this();
    world_.after(agent_notices, [self] { self->ends_.agent_closed(); });
    world_.after(scheduler_notices, [self] { self->ends_.scheduler_closed(); });
  }

  [[nodiscard]] bool alive() const { return alive_; }

 private:
  template <class Action>
  void deliver(TimePoint& clear_at, Action action) {
    if (!alive_) return;
    clear_at = std::max(clear_at, world_.now + world_.between(1, 40));
    world_.after(clear_at - world_.now,
                 [self = shared_from_this(), action = std::move(action)]() mutable {
                   if (self->alive_) action(*self);
                 });
  }

  World& world_;
  StreamEnds ends_;
  TimePoint up_clear_at_{};
  TimePoint down_clear_at_{};
  bool alive_ = true;
};

}  // namespace hearth::cluster
