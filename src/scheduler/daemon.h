// hearthd without its command line: store, loop and servers, wired together.
#pragma once

#include <functional>
#include <memory>

#include "scheduler/config.h"

namespace hearth::scheduler {

class Daemon {
 public:
  struct Ports {
    int grpc = 0;
    int http = 0;       // 0: none
    int enrolment = 0;  // 0: none
  };

  // Called at most once each, from a thread of ours.
  struct Handlers {
    // Nothing can be made durable any more, and room is made for a clean end: stop() and end the
    // process. The next one begins degraded where the disk is full.
    std::function<void()> on_failed;
    // Of one that is degraded: there is room on the disk again. stop(), and start() anew.
    std::function<void()> on_room;
  };

  // Restores the state under `config.state_dir`, serves from here on and writes the ports to
  // "hearthd.ports" there. Degraded where the disk is full: whatever is durable can be seen,
  // nothing can be changed, and agents are not let in, so that they keep what they have to say.
  // kFailedPrecondition: another process uses the state. kUnavailable: disk or address.
  // kResourceExhausted: the disk is full, and there is nothing yet to show.
  static Result<std::unique_ptr<Daemon>> start(const Config& config, Handlers handlers);
  ~Daemon();

  // Why it is degraded; empty: it is not.
  [[nodiscard]] const std::string& degraded() const;

  [[nodiscard]] Ports ports() const;

  // For a supervisor that ends us when it hears nothing for `timeout`: calls `feed` thrice as often
  // while the loop turns and commits succeed, from a thread of ours.
  void watch(Duration timeout, std::function<void()> feed);

  // In the order of the data flow: calls, pages, the loop, the store. Calls that do not end within
  // a few seconds are cut off.
  void stop();

 private:
  struct Impl;
  explicit Daemon(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace hearth::scheduler
