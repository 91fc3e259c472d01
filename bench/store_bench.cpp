// How many facts a second become durable in SQLite: `store_bench [DIRECTORY]`.
//
// Commits of 1, 100 and 1,000 TaskEnded facts with 100-byte results, for two seconds each, with at
// most a few commits in flight as the scheduler's loop would have; prints one line per size.
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <filesystem>
#include <mutex>
#include <string>

#include "scheduler/store/sqlite_store.h"

namespace {

using namespace hearth;
using namespace hearth::scheduler;
using Clock = std::chrono::steady_clock;

constexpr auto kRunTime = std::chrono::seconds{2};
constexpr Sequence kCommitsInFlight = 4;

struct Durable {
  std::mutex mutex;
  std::condition_variable changed;
  Sequence seq = 0;

  void raise(Sequence to) {
    const std::lock_guard lock(mutex);
    seq = to;
    changed.notify_all();
  }
  void wait_for(Sequence wanted) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return seq >= wanted; });
  }
};

CommitEntry task_ended(Sequence seq, JobId job, std::uint64_t index) {
  TaskEnded fact;
  fact.task = {job, index};
  fact.node = NodeId{"radiator-17"};
  fact.report.attempt = {1, index + 1};
  fact.report.task = fact.task;
  fact.report.exit_code = 0;
  fact.report.usage = {1.5, 10'000'000, Joules{75}};
  return {seq, fact, std::string(100, 'x')};
}

void measure(const std::string& path, std::size_t facts_per_commit) {
  Durable durable;
  auto store = SqliteStore::open({path}, {[&](Sequence seq) { durable.raise(seq); },
                                          [](const Error& error) {
                                            std::fprintf(stderr, "%s\n", error.message.c_str());
                                            std::exit(1);
                                          }});
  auto state = store ? (*store)->load() : tl::unexpected(store.error());
  if (!state) {
    std::fprintf(stderr, "%s\n", state.error().message.c_str());
    std::exit(1);
  }
  Sequence last = state->last_seq;
  JobAccepted accepted;
  accepted.job = JobId{state->last_job.value + 1};
  (*store)->commit({{++last, accepted, {}}});
  durable.wait_for(last);

  std::uint64_t index = 0;
  const Sequence window = kCommitsInFlight * facts_per_commit;
  const auto start = Clock::now();
  while (Clock::now() - start < kRunTime) {
    std::vector<CommitEntry> batch;
    for (std::size_t i = 0; i < facts_per_commit; ++i) {
      batch.push_back(task_ended(++last, accepted.job, index++));
    }
    (*store)->commit(std::move(batch));
    durable.wait_for(last < window ? 0 : last - window);
  }
  durable.wait_for(last);
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  std::printf("facts_per_commit=%zu facts_per_s=%.0f\n", facts_per_commit,
              static_cast<double>(index) / seconds);
}

}  // namespace

int main(int argc, char** argv) {
  const std::filesystem::path base =
      argc > 1 ? std::filesystem::path(argv[1]) : std::filesystem::temp_directory_path();
  std::string name = (base / "hearth-store-bench-XXXXXX").string();
  const std::filesystem::path directory = ::mkdtemp(name.data());
  for (const std::size_t size : {1, 100, 1000}) measure(directory / "hearth.db", size);
  std::filesystem::remove_all(directory);
}
