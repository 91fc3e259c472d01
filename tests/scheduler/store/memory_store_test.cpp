// What only the store in memory does: it loses what was not synced, when told to.
#include "scheduler/store/memory_store.h"

#include <gmock/gmock.h>

#include "harness.h"
#include "samples.h"

namespace hearth::scheduler {
namespace {

TEST(MemoryStore, NothingIsDurableBeforeASync) {
  Outcome outcome;
  MemoryStore store(outcome.callbacks());
  ASSERT_TRUE(store.load());
  store.commit(number(0, {accepted(1)}));
  store.commit(number(1, {ended(1, 0), ended(1, 1)}));
  store.commit(number(3, {ended(1, 2)}));
  EXPECT_EQ(store.unsynced(), 3u);
  EXPECT_EQ(outcome.durable_calls(), 0);
  store.read([](StoreReader& reader) { EXPECT_EQ(reader.job(JobId{1}).value(), std::nullopt); });

  store.sync_some(2);
  EXPECT_EQ(outcome.durable(), 3u);
  EXPECT_EQ(store.unsynced(), 1u);
  store.read(
      [](StoreReader& reader) { EXPECT_EQ(reader.tasks(JobId{1}, 0, 9).value().size(), 2u); });
}

TEST(MemoryStore, ACrashLosesWhatWasNotSynced) {
  Outcome before;
  MemoryStore store(before.callbacks());
  const auto first = store.load();
  store.commit(number(0, {accepted(1)}));
  store.sync();
  store.commit(number(1, {accepted(2)}));
  bool staged = false;
  store.stage(1, 0, {"x"}, [&](const Result<>&) { staged = true; });

  Outcome after;
  store.crash(after.callbacks());
  const auto second = store.load();
  EXPECT_EQ(second->store_id, first->store_id);
  EXPECT_EQ(second->epoch, first->epoch + 1);
  EXPECT_EQ(second->last_seq, 1u);
  EXPECT_EQ(second->jobs.size(), 1u);
  store.sync();
  EXPECT_FALSE(staged) << "its caller died";

  store.commit(number(1, {accepted(2)}));
  store.sync();
  EXPECT_EQ(before.durable(), 1u);
  EXPECT_EQ(after.durable(), 2u);
}

TEST(MemoryStore, CallbacksMayCommitMore) {
  MemoryStore* self = nullptr;
  std::vector<Sequence> durable;
  MemoryStore store({[&](Sequence seq) {
                       durable.push_back(seq);
                       if (seq == 1) self->commit(number(1, {accepted(2)}));
                     },
                     [](const Error& error) { FAIL() << error.message; }});
  self = &store;
  ASSERT_TRUE(store.load());
  store.commit(number(0, {accepted(1)}));
  store.sync();
  EXPECT_THAT(durable, testing::ElementsAre(1)) << "what a callback commits waits";
  store.sync();
  EXPECT_THAT(durable, testing::ElementsAre(1, 2));
}

TEST(MemoryStore, AFailingDiskIsReportedOnce) {
  Outcome outcome;
  MemoryStore store(outcome.callbacks());
  ASSERT_TRUE(store.load());
  store.commit(number(0, {accepted(1)}));
  store.fail_next_sync({ErrorCode::kResourceExhausted, "disk full"});
  store.sync();
  store.commit(number(1, {accepted(2)}));
  store.sync();
  EXPECT_EQ(outcome.failures(), 1);
  EXPECT_EQ(outcome.durable_calls(), 0);
  store.crash(outcome.callbacks());
  EXPECT_EQ(store.load()->last_seq, 0u);
}

}  // namespace
}  // namespace hearth::scheduler
