#include "node_agent/rpc/result_credit.h"

#include <gtest/gtest.h>

namespace hearth::node_agent {
namespace {

constexpr AttemptId kFirst{1, 1};
constexpr AttemptId kSecond{1, 2};
constexpr AttemptId kThird{1, 3};

std::optional<std::string> hundred_bytes(AttemptId attempt) {
  return std::string(100, static_cast<char>('0' + attempt.counter));
}

class ResultCreditTest : public testing::Test {
 protected:
  // Offers all three.
  void offer(std::uint64_t credit_bytes) {
    credit_.reset(credit_bytes);
    for (const auto attempt : {kFirst, kSecond, kThird}) credit_.offer(attempt);
  }
  char take() {
    const auto record = credit_.take(hundred_bytes);
    return record ? record->front() : '-';
  }

  ResultCredit credit_;
};

TEST_F(ResultCreditTest, HoldsBackWhatGoesBeyondAndGoesOnWhenAcknowledged) {
  offer(250);
  EXPECT_EQ(take(), '1');
  EXPECT_EQ(take(), '2');
  EXPECT_EQ(take(), '-');
  EXPECT_EQ(credit_.bytes_on_the_way(), 200U);
  credit_.acknowledged(kSecond);
  EXPECT_EQ(take(), '3');
  EXPECT_EQ(take(), '-');
}

TEST_F(ResultCreditTest, LetsOneGoAloneHoweverLarge) {
  offer(10);
  EXPECT_EQ(take(), '1');
  EXPECT_EQ(take(), '-');
  credit_.acknowledged(kFirst);
  EXPECT_EQ(take(), '2');
}

TEST_F(ResultCreditTest, SkipsWhatIsGoneOrOnTheWay) {
  offer(1000);
  credit_.offer(kFirst);
  EXPECT_EQ(take(), '1');
  EXPECT_FALSE(credit_.take([](AttemptId) { return std::nullopt; }));
  EXPECT_EQ(credit_.bytes_on_the_way(), 100U);
}

TEST_F(ResultCreditTest, DoesNotSendWhatIsAcknowledgedWhileItWaits) {
  offer(150);
  EXPECT_EQ(take(), '1');
  EXPECT_EQ(take(), '-');
  credit_.acknowledged(kSecond);  // nobody wants it any more: the spool has forgotten it
  credit_.acknowledged(kFirst);
  const auto record = credit_.take(
      [](AttemptId attempt) { return attempt == kSecond ? std::nullopt : hundred_bytes(attempt); });
  ASSERT_TRUE(record);
  EXPECT_EQ(record->front(), '3');
}

TEST_F(ResultCreditTest, BeginsAnewWithEachStream) {
  offer(250);
  EXPECT_EQ(take(), '1');
  credit_.reset(100);
  EXPECT_EQ(take(), '-');
  EXPECT_EQ(credit_.bytes_on_the_way(), 0U);
}

}  // namespace
}  // namespace hearth::node_agent
