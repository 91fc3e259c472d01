// The store in one SQLite file, written ahead (WAL) and synced at every commit.
//
// Used by one process at a time: a lock on "PATH.lock" is held as long as the object lives.
// Two threads of its own: one writes, and takes everything queued as one transaction; one reads.
// The destructor writes and answers what is queued, then joins both; callbacks may come until then.
//
// Read-only it needs no byte of the disk, for when that is full: load() leaves the epoch as it is,
// commit() must not be called, and what else writes gets kUnavailable.
#pragma once

#include <memory>
#include <string>

#include "scheduler/store/store.h"

namespace hearth::scheduler {

struct SqliteStoreConfig {
  std::string path;             // of the file; its directory must exist
  std::uint64_t max_pages = 0;  // of 4 KiB; the file grows no further. 0: as the disk allows
  bool read_only = false;       // see below
};

class SqliteStore : public Store {
 public:
  // Opens or creates the file. kFailedPrecondition, with the path: another process uses it, or it
  // is not ours, or of a newer program. kUnavailable: the disk.
  static Result<std::unique_ptr<SqliteStore>> open(SqliteStoreConfig config,
                                                   StoreCallbacks callbacks);
  ~SqliteStore() override;

  Result<DurableState> load() override;
  void commit(std::vector<CommitEntry> batch) override;
  void stage(std::uint64_t staging, std::uint64_t first_index, std::vector<std::string> payloads,
             std::function<void(Result<>)> done) override;
  void sweep(SweepOrder order, std::function<void(Result<Swept>)> done) override;
  void read(std::function<void(StoreReader&)> query) override;
  Result<> backup(const std::string& path) override;
  Result<std::vector<std::string>> inspect() override;

 private:
  struct Impl;
  explicit SqliteStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace hearth::scheduler
