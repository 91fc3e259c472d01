#include "scheduler/store/sqlite_store.h"

#include <filesystem>
#include <thread>
#include <variant>

#include "common/check.h"
#include "scheduler/store/file_lock.h"
#include "scheduler/store/mailbox.h"
#include "scheduler/store/sqlite.h"
#include "scheduler/store/sqlite_inspect.h"
#include "scheduler/store/sqlite_load.h"
#include "scheduler/store/sqlite_reader.h"
#include "scheduler/store/sqlite_schema.h"
#include "scheduler/store/sqlite_sweeper.h"
#include "scheduler/store/sqlite_writer.h"

namespace hearth::scheduler {
namespace {

struct Staging {
  std::uint64_t staging = 0;
  std::uint64_t first_index = 0;
  std::vector<std::string> payloads;
  std::function<void(Result<>)> done;
};

struct Sweeping {
  SweepOrder order;
  std::function<void(Result<Swept>)> done;
};

using Batch = std::vector<CommitEntry>;
using Work = std::variant<Batch, Staging, Sweeping>;
using Query = std::function<void(StoreReader&)>;

// Writes what is taken from the mailbox, all of it as one transaction, until that is closed.
class WritingThread {
 public:
  WritingThread(Database& database, const StoreCallbacks& callbacks, Mailbox<Work>& mailbox)
      : writer_(database), sweeper_(database), callbacks_(callbacks), mailbox_(mailbox) {}

  void run() {
    for (auto group = mailbox_.take_all(); !group.empty(); group = mailbox_.take_all()) {
      if (!failure_) write(group);
      if (failure_) refuse(group);
      sweep(group);
    }
  }

 private:
  void write(std::vector<Work>& group) {
    Sequence last = 0;
    std::vector<Result<>> staged;
    if (auto written = write_transaction(group, last, staged); !written) {
      writer_.roll_back();
      failure_ = written.error();
      callbacks_.on_failed(*failure_);
      return;
    }
    auto outcome = staged.begin();
    for (auto& work : group) {
      if (auto* staging = std::get_if<Staging>(&work)) staging->done(std::move(*outcome++));
    }
    if (last != 0) callbacks_.on_durable(last);
  }

  // Behind the transaction that others wait for.
  void sweep(std::vector<Work>& group) {
    for (auto& work : group) {
      auto* sweeping = std::get_if<Sweeping>(&work);
      if (sweeping == nullptr) continue;
      sweeping->done(failure_ ? tl::unexpected(*failure_) : sweeper_.sweep(sweeping->order));
    }
  }

  // `staged`: what became of each staging of the group, in order.
  Result<> write_transaction(const std::vector<Work>& group, Sequence& last,
                             std::vector<Result<>>& staged) {
    if (auto begun = writer_.begin(); !begun) return begun;
    for (const auto& work : group) {
      if (const auto* staging = std::get_if<Staging>(&work)) {
        staged.push_back(writer_.stage(staging->staging, staging->first_index, staging->payloads));
        const bool refused =
            !staged.back() && staged.back().error().code != ErrorCode::kAlreadyExists;
        if (refused) return staged.back();
        continue;
      }
      const auto* batch = std::get_if<Batch>(&work);
      if (batch == nullptr) continue;
      for (const auto& entry : *batch) {
        if (auto written = writer_.write(entry); !written) {
          return fail(written.error().code, "fact " + std::to_string(entry.seq) +
                                                " was not written: " + written.error().message);
        }
        last = entry.seq;
      }
    }
    return writer_.commit();
  }

  void refuse(std::vector<Work>& group) {
    for (auto& work : group) {
      if (auto* staging = std::get_if<Staging>(&work)) staging->done(tl::unexpected(*failure_));
    }
  }

  SqliteWriter writer_;
  SqliteSweeper sweeper_;
  const StoreCallbacks& callbacks_;
  Mailbox<Work>& mailbox_;
  std::optional<Error> failure_;  // nothing is written any more
};

// Answers queries one by one, each within a transaction so that it sees one moment.
void run_queries(Database& database, Mailbox<Query>& mailbox) {
  SqliteReader reader(database);
  for (auto queries = mailbox.take_all(); !queries.empty(); queries = mailbox.take_all()) {
    for (auto& query : queries) {
      // Where this fails, so do the reads that follow, and their caller learns why.
      (void)database.statement("BEGIN").run();
      query(reader);
      (void)database.statement("COMMIT").run();
    }
  }
}

Sharing sharing_of(bool read_only) {
  return read_only ? Sharing::kOurselves : Sharing::kProcesses;
}

tl::unexpected<Error> is_read_only() {
  return fail(ErrorCode::kUnavailable, "the store is open for reading only");
}

}  // namespace

struct SqliteStore::Impl {
  Impl(bool only_read, FileLock held, Database writing_database, Database reading_database,
       StoreCallbacks calls)
      : read_only(only_read),
        lock(std::move(held)),
        writing(std::move(writing_database)),
        reading(std::move(reading_database)),
        callbacks(std::move(calls)) {}

  const bool read_only;
  FileLock lock;
  Database writing;
  Database reading;
  StoreCallbacks callbacks;
  Sequence next_seq = 0;  // 0: not loaded
  Mailbox<Work> work;
  Mailbox<Query> queries;
  std::jthread writing_thread;
  std::jthread reading_thread;
};

SqliteStore::SqliteStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

SqliteStore::~SqliteStore() {
  impl_->work.close();
  if (impl_->writing_thread.joinable()) impl_->writing_thread.join();
  impl_->queries.close();
  if (impl_->reading_thread.joinable()) impl_->reading_thread.join();
}

Result<std::unique_ptr<SqliteStore>> SqliteStore::open(SqliteStoreConfig config,
                                                       StoreCallbacks callbacks) {
  HEARTH_TRY(lock, FileLock::acquire(config.path + ".lock"));
  const auto sharing = sharing_of(config.read_only);
  HEARTH_TRY(writing, Database::open(config.path, sharing));
  if (auto prepared = prepare_store_file(writing); !prepared) {
    return tl::unexpected(std::move(prepared.error()));
  }
  if (config.max_pages != 0) {
    const auto limit = "PRAGMA max_page_count = " + std::to_string(config.max_pages);
    if (auto set = writing.execute(limit); !set) return tl::unexpected(std::move(set.error()));
  }
  HEARTH_TRY(reading, Database::open(config.path, sharing));
  if (auto set = reading.execute("PRAGMA query_only = 1"); !set) {
    return tl::unexpected(std::move(set.error()));
  }
  return std::unique_ptr<SqliteStore>(
      new SqliteStore(std::make_unique<Impl>(config.read_only, std::move(lock), std::move(writing),
                                             std::move(reading), std::move(callbacks))));
}

Result<DurableState> SqliteStore::load() {
  CHECK(impl_->next_seq == 0);
  auto state =
      impl_->read_only ? read_durable_state(impl_->writing) : load_durable_state(impl_->writing);
  if (!state) return state;
  impl_->next_seq = state->last_seq + 1;
  if (!impl_->read_only) {
    impl_->writing_thread = std::jthread(
        [impl = impl_.get()] { WritingThread(impl->writing, impl->callbacks, impl->work).run(); });
  }
  impl_->reading_thread =
      std::jthread([impl = impl_.get()] { run_queries(impl->reading, impl->queries); });
  return state;
}

void SqliteStore::commit(std::vector<CommitEntry> batch) {
  if (batch.empty()) return;
  CHECK(impl_->next_seq != 0 && !impl_->read_only);
  for (const auto& entry : batch) CHECK(entry.seq == impl_->next_seq++);
  impl_->work.put(std::move(batch));
}

void SqliteStore::stage(std::uint64_t staging, std::uint64_t first_index,
                        std::vector<std::string> payloads, std::function<void(Result<>)> done) {
  CHECK(staging != 0);
  if (impl_->read_only) return done(is_read_only());
  impl_->work.put(Staging{staging, first_index, std::move(payloads), std::move(done)});
}

void SqliteStore::sweep(SweepOrder order, std::function<void(Result<Swept>)> done) {
  if (impl_->read_only) return done(is_read_only());
  impl_->work.put(Sweeping{order, std::move(done)});
}

void SqliteStore::read(std::function<void(StoreReader&)> query) {
  impl_->queries.put(std::move(query));
}

Result<> SqliteStore::backup(const std::string& path) {
  if (impl_->read_only) return is_read_only();
  std::error_code ignored;
  if (std::filesystem::exists(path, ignored)) {
    return fail(ErrorCode::kAlreadyExists, path + " exists; a backup overwrites nothing");
  }
  const std::string unfinished = path + ".unfinished";
  std::filesystem::remove(unfinished, ignored);
  HEARTH_TRY(source, Database::open(impl_->writing.path()));
  if (auto copied = source.statement("VACUUM INTO ?").run(unfinished); !copied) {
    std::filesystem::remove(unfinished, ignored);
    return copied;
  }
  {
    HEARTH_TRY(copy, Database::open(unfinished));  // writing to it syncs it as well
    if (auto renamed = copy.execute("UPDATE meta SET store_id = ''"); !renamed) return renamed;
  }
  std::error_code error;
  std::filesystem::rename(unfinished, path, error);
  if (error) return fail(ErrorCode::kUnavailable, path + ": " + error.message());
  return {};
}

Result<std::vector<std::string>> SqliteStore::inspect() {
  HEARTH_TRY(database, Database::open(impl_->writing.path(), sharing_of(impl_->read_only)));
  return inspect_store_file(database);
}

}  // namespace hearth::scheduler
