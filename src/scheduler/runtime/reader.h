// Reads that show only what is durable.
//
// A snapshot is taken on the loop's thread and may run ahead of the disk; the query runs on the
// store's reading thread once everything the snapshot knew is durable. Where both know something
// the store's rows win.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "scheduler/runtime/event_loop.h"

namespace hearth::scheduler {

class Reader {
 public:
  Reader(EventLoop& loop, Store& store) : loop_(loop), store_(store) {}

  // `done` gets an error where the read could not start; otherwise `query` runs, exactly once.
  using Refused = std::function<void(const Error&)>;

  template <class Snapshot>
  void read(std::function<Snapshot(const Scheduler&)> take,
            std::function<void(StoreReader&, Snapshot)> query, Refused refused) {
    barrier<Snapshot>(
        std::move(take),
        [this, query = std::move(query)](std::shared_ptr<Snapshot> snapshot) {
          store_.read(
              [query, snapshot](StoreReader& reader) { query(reader, std::move(*snapshot)); });
        },
        std::move(refused));
  }

  // The same without a query: `done` runs on the loop's thread.
  template <class Snapshot>
  void view(std::function<Snapshot(const Scheduler&)> take, std::function<void(Snapshot)> done,
            Refused refused) {
    barrier<Snapshot>(
        std::move(take),
        [done = std::move(done)](std::shared_ptr<Snapshot> snapshot) {
          done(std::move(*snapshot));
        },
        std::move(refused));
  }

 private:
  static constexpr std::size_t kCallBytes = 1024;

  template <class Snapshot>
  void barrier(std::function<Snapshot(const Scheduler&)> take,
               std::function<void(std::shared_ptr<Snapshot>)> then, Refused refused) {
    const auto taken =
        loop_.try_post(kCallBytes, [this, take = std::move(take), then = std::move(then), refused] {
          const auto& scheduler = loop_.scheduler();
          auto snapshot = std::make_shared<Snapshot>(take(scheduler));
          loop_.when_durable(scheduler.last_seq(), [=](bool durable) {
            if (durable) {
              then(snapshot);
            } else {
              refused({ErrorCode::kUnavailable, "the scheduler is stopping: repeat the call"});
            }
          });
        });
    if (!taken) {
      refused({ErrorCode::kResourceExhausted, "the scheduler's inbox is full: repeat later"});
    }
  }

  EventLoop& loop_;
  Store& store_;
};

}  // namespace hearth::scheduler
