// What still has to go out on one agent's stream, in order. The loop's thread owns it.
//
// Messages are converted as they come and sent in batches. A StartAttempt of a job with payloads
// waits at the head of the queue until its payload is at hand; nothing overtakes it.
#pragma once

#include <deque>
#include <optional>
#include <set>

#include "hearth/node/v1/node.pb.h"
#include "protocol/output.h"
#include "protocol/stream.h"
#include "scheduler/rpc/payload_cache.h"

namespace hearth::scheduler {

class Outbox {
 public:
  void push(const protocol::SchedulerMessage& message);
  void push(const protocol::ReadOutput& question);

  // Moves the next batch into `out`, at most 200 messages and about 512 KiB. Returns the task whose
  // payload is missing, if that is what holds the queue up: then `out` has what goes before it.
  std::optional<TaskId> take(PayloadCache& payloads, node::v1::ConnectResponse& out);

  // Of all that is queued, payloads that are not at hand yet left out.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  struct Item {
    node::v1::SchedulerMessage message;
    std::size_t bytes = 0;
    std::optional<TaskId> payload_of;
  };

  void add(Item item);

  std::deque<Item> items_;
  std::size_t bytes_ = 0;
  std::set<JobId> with_payloads_;  // jobs of this stream
};

}  // namespace hearth::scheduler
