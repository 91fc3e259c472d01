// Both stores behind one face: commit and wait, read and wait, start again.
#pragma once

#include <unistd.h>

#include <condition_variable>
#include <filesystem>
#include <future>
#include <memory>
#include <mutex>

#include "scheduler/store/memory_store.h"
#include "scheduler/store/sqlite_store.h"

namespace hearth::scheduler {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "hearth-store-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  [[nodiscard]] std::string file(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

// What a store's callbacks said, awaited.
class Outcome {
 public:
  StoreCallbacks callbacks() {
    return {[this](Sequence seq) {
              const std::lock_guard lock(mutex_);
              durable_ = seq;
              ++durable_calls_;
              changed_.notify_all();
            },
            [this](Error error) {
              const std::lock_guard lock(mutex_);
              ++failures_;
              failure_ = std::move(error);
              changed_.notify_all();
            }};
  }

  // Until `seq` is durable, or the store has failed.
  Result<> wait_for(Sequence seq) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return durable_ >= seq || failure_; });
    if (durable_ < seq) return tl::unexpected(*failure_);
    return {};
  }

  Sequence durable() {
    const std::lock_guard lock(mutex_);
    return durable_;
  }
  int durable_calls() {
    const std::lock_guard lock(mutex_);
    return durable_calls_;
  }
  int failures() {
    const std::lock_guard lock(mutex_);
    return failures_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  Sequence durable_ = 0;
  int durable_calls_ = 0;
  int failures_ = 0;
  std::optional<Error> failure_;
};

inline std::vector<CommitEntry> number(Sequence last, std::vector<Fact> facts) {
  std::vector<CommitEntry> entries;
  for (auto& fact : facts) entries.push_back({++last, std::move(fact), {}});
  return entries;
}

class SqliteHarness {
 public:
  SqliteHarness() { (void)restart(); }

  DurableState restart() {
    store_.reset();
    outcome_ = std::make_unique<Outcome>();
    store_ = SqliteStore::open({directory_.file("hearth.db")}, outcome_->callbacks()).value();
    return store_->load().value();
  }
  Result<> commit(std::vector<CommitEntry> entries) {
    const Sequence last = entries.back().seq;
    store_->commit(std::move(entries));
    return outcome_->wait_for(last);
  }
  Result<> stage(std::uint64_t staging, std::uint64_t first, std::vector<std::string> payloads) {
    std::promise<Result<>> promise;
    store_->stage(staging, first, std::move(payloads),
                  [&](Result<> result) { promise.set_value(std::move(result)); });
    return promise.get_future().get();
  }
  template <class Query>
  auto read(Query query) {
    std::promise<decltype(query(std::declval<StoreReader&>()))> promise;
    store_->read([&](StoreReader& reader) { promise.set_value(query(reader)); });
    return promise.get_future().get();
  }
  Result<Swept> sweep(SweepOrder order) {
    std::promise<Result<Swept>> promise;
    store_->sweep(order, [&](Result<Swept> swept) { promise.set_value(std::move(swept)); });
    return promise.get_future().get();
  }
  Store& store() { return *store_; }
  Outcome& outcome() { return *outcome_; }

 private:
  TemporaryDirectory directory_;
  std::unique_ptr<Outcome> outcome_;
  std::unique_ptr<SqliteStore> store_;
};

class MemoryHarness {
 public:
  MemoryHarness() : outcome_(std::make_unique<Outcome>()), store_(outcome_->callbacks()) {
    (void)store_.load();
  }

  DurableState restart() {
    outcome_ = std::make_unique<Outcome>();
    store_.crash(outcome_->callbacks());
    return store_.load().value();
  }
  Result<> commit(std::vector<CommitEntry> entries) {
    const Sequence last = entries.back().seq;
    store_.commit(std::move(entries));
    store_.sync();
    return outcome_->wait_for(last);
  }
  Result<> stage(std::uint64_t staging, std::uint64_t first, std::vector<std::string> payloads) {
    Result<> outcome = fail(ErrorCode::kInternal, "done was not called");
    store_.stage(staging, first, std::move(payloads), [&](Result<> result) { outcome = result; });
    store_.sync();
    return outcome;
  }
  template <class Query>
  auto read(Query query) {
    std::optional<decltype(query(std::declval<StoreReader&>()))> answer;
    store_.read([&](StoreReader& reader) { answer = query(reader); });
    return *answer;
  }
  Result<Swept> sweep(SweepOrder order) {
    Result<Swept> outcome = fail(ErrorCode::kInternal, "done was not called");
    store_.sweep(order, [&](Result<Swept> swept) { outcome = std::move(swept); });
    store_.sync();
    return outcome;
  }
  Store& store() { return store_; }
  Outcome& outcome() { return *outcome_; }

 private:
  std::unique_ptr<Outcome> outcome_;
  MemoryStore store_;
};

}  // namespace hearth::scheduler
