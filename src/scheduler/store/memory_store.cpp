#include "scheduler/store/memory_store.h"

#include "common/check.h"

namespace hearth::scheduler {

MemoryStore::MemoryStore(StoreCallbacks callbacks, std::string store_id)
    : durable_(std::move(store_id)), callbacks_(std::move(callbacks)) {}

Result<DurableState> MemoryStore::load() {
  CHECK(next_seq_ == 0);
  auto state = durable_.load();
  next_seq_ = state.last_seq + 1;
  return state;
}

void MemoryStore::commit(std::vector<CommitEntry> batch) {
  if (batch.empty()) return;
  CHECK(next_seq_ != 0);
  for (const auto& entry : batch) CHECK(entry.seq == next_seq_++);
  written_.push_back(std::move(batch));
}

void MemoryStore::stage(std::uint64_t staging, std::uint64_t first_index,
                        std::vector<std::string> payloads, std::function<void(Result<>)> done) {
  CHECK(staging != 0);
  written_.push_back(Staging{staging, first_index, std::move(payloads), std::move(done)});
}

void MemoryStore::sweep(SweepOrder order, std::function<void(Result<Swept>)> done) {
  written_.push_back(Sweeping{order, std::move(done)});
}

void MemoryStore::read(std::function<void(StoreReader&)> query) {
  query(durable_);
}

Result<> MemoryStore::backup(const std::string& path) {
  return fail(ErrorCode::kFailedPrecondition, path + ": a store in memory has no file to copy");
}

Result<std::vector<std::string>> MemoryStore::inspect() {
  return std::vector<std::string>{};
}

void MemoryStore::sync() {
  sync_some(written_.size());
}

void MemoryStore::sync_some(std::size_t count) {
  Sequence last = 0;
  for (; count > 0 && !written_.empty(); --count) {
    Work work = std::move(written_.front());
    written_.pop_front();
    if (auto made = make_durable(work, last); !made) {
      report_failure(made.error());
      return;
    }
  }
  if (last != 0) callbacks_.on_durable(last);
}

Result<> MemoryStore::make_durable(Work& work, Sequence& last) {
  if (auto* staging = std::get_if<Staging>(&work)) {
    staging->done(failing_ ? tl::unexpected(*failing_)
                           : durable_.stage(staging->staging, staging->first_index,
                                            std::move(staging->payloads)));
  }
  if (auto* sweeping = std::get_if<Sweeping>(&work)) {
    sweeping->done(failing_ ? tl::unexpected(*failing_)
                            : Result<Swept>{durable_.sweep(sweeping->order)});
  }
  if (failing_) return tl::unexpected(*failing_);
  if (const auto* batch = std::get_if<Batch>(&work)) {
    if (auto applied = durable_.apply(*batch); !applied) {
      failing_ = applied.error();
      return applied;
    }
    last = batch->back().seq;
  }
  return {};
}

void MemoryStore::report_failure(const Error& error) {
  if (!std::exchange(failed_, true)) callbacks_.on_failed(error);
}

void MemoryStore::crash(StoreCallbacks callbacks) {
  written_.clear();
  callbacks_ = std::move(callbacks);
  next_seq_ = 0;
  failing_.reset();
  failed_ = false;
}

}  // namespace hearth::scheduler
