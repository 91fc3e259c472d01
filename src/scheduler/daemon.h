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

  // Restores the state under `config.state_dir`, serves from here on and writes the ports to
  // "hearthd.ports" there. `on_failed` is called at most once, from a thread of ours, when nothing
  // can be made durable any more: stop() and end the process.
  // kFailedPrecondition: another process uses the state. kUnavailable: disk or address.
  static Result<std::unique_ptr<Daemon>> start(const Config& config,
                                               std::function<void()> on_failed);
  ~Daemon();

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
