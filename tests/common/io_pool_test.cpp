#include "common/io_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>

namespace hearth {
namespace {

TEST(IoPool, WorkRunsInTheOrderPostedOnOneThread) {
  std::vector<int> order;
  {
    IoPool pool(1);
    for (int i = 0; i < 100; ++i) pool.post([&order, i] { order.push_back(i); });
  }
  ASSERT_EQ(order.size(), 100u) << "the destructor finishes what was posted";
  for (int i = 0; i < 100; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
}

TEST(IoPool, ThreadsRunAtTheSameTime) {
  std::latch together(3);
  std::atomic<int> passed = 0;
  {
    IoPool pool(3);
    for (int i = 0; i < 3; ++i) {
      pool.post([&] {
        together.arrive_and_wait();  // hangs unless all three are in here
        ++passed;
      });
    }
  }
  EXPECT_EQ(passed, 3);
}

TEST(IoPool, WorkMayPostMore) {
  std::atomic<int> ran = 0;
  std::latch done(2);
  IoPool pool(2);
  pool.post([&] {
    pool.post([&] {
      ++ran;
      done.count_down();
    });
    done.count_down();
  });
  done.wait();
  EXPECT_EQ(ran, 1);
}

}  // namespace
}  // namespace hearth
