// A store in memory that keeps apart what is written and what is durable, for tests and simulation.
//
// Single-threaded and deterministic: nothing becomes durable, and no callback comes, but within
// sync() and sync_some(); crash() loses the rest. Passes the same tests as SqliteStore.
#pragma once

#include <deque>
#include <variant>

#include "scheduler/store/durable_image.h"
#include "scheduler/store/store.h"

namespace hearth::scheduler {

class MemoryStore : public Store {
 public:
  explicit MemoryStore(StoreCallbacks callbacks, std::string store_id = "0123456789abcdef");

  // May be called again after crash().
  Result<DurableState> load() override;
  void commit(std::vector<CommitEntry> batch) override;
  void stage(std::uint64_t staging, std::uint64_t first_index, std::vector<std::string> payloads,
             std::function<void(Result<>)> done) override;
  void sweep(SweepOrder order, std::function<void(Result<Swept>)> done) override;
  void read(std::function<void(StoreReader&)> query) override;  // at once
  Result<> backup(const std::string& path) override;            // kFailedPrecondition: has no file
  Result<std::vector<std::string>> inspect() override;

  // Makes everything written durable, or the first `count` of the calls of commit() and stage()
  // that are not yet, and reports it. Callbacks may commit and stage more, which then waits.
  void sync();
  void sync_some(std::size_t count);

  // Calls of commit() and stage() that a crash would lose.
  [[nodiscard]] std::size_t unsynced() const { return written_.size(); }

  // The process dies: what was not synced is lost, nobody is told. Whoever starts next gives its
  // own callbacks and calls load().
  void crash(StoreCallbacks callbacks);

  // The disk fails at the next sync: on_failed, and nothing is written from then on.
  void fail_next_sync(Error error) { failing_ = std::move(error); }

 private:
  struct Staging {
    std::uint64_t staging = 0;
    std::uint64_t first_index = 0;
    std::vector<std::string> payloads;
    std::function<void(Result<>)> done;
  };
  using Batch = std::vector<CommitEntry>;
  struct Sweeping {
    SweepOrder order;
    std::function<void(Result<Swept>)> done;
  };
  using Work = std::variant<Batch, Staging, Sweeping>;

  Result<> make_durable(Work& work, Sequence& last);
  void report_failure(const Error& error);

  DurableImage durable_;
  std::deque<Work> written_;
  StoreCallbacks callbacks_;
  Sequence next_seq_ = 0;         // 0: not loaded
  std::optional<Error> failing_;  // from the next sync on
  bool failed_ = false;
};

}  // namespace hearth::scheduler
