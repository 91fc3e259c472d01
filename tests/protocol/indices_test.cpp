#include "protocol/indices.h"

#include <gtest/gtest.h>

#include "protocol/job.h"

namespace hearth::protocol {
namespace {

TEST(Indices, AreCountedOrRefused) {
  EXPECT_EQ(count_indices(""), 0u);
  EXPECT_EQ(count_indices("7"), 1u);
  EXPECT_EQ(count_indices("3,5,9-20"), 14u);
  EXPECT_EQ(count_indices("0-0"), 1u);
  for (const auto* bad : {",", "1,", ",1", "1,1", "2,1", "3-2", "1-", "-1", "a", "1 ,2", "1-3,3",
                          "99999999999999999999", "1000000000001"}) {
    EXPECT_FALSE(count_indices(bad)) << bad;
  }
}

TEST(Indices, StandInOrder) {
  const std::string list = "3,5,9-11";
  const std::uint64_t expected[] = {3, 5, 9, 10, 11};
  for (std::uint64_t i = 0; i < 5; ++i) EXPECT_EQ(index_at(list, i), expected[i]);
  const IndexList read{list};
  for (std::uint64_t i = 0; i < 7; ++i) EXPECT_EQ(read.at(i), index_at(list, i)) << i;
  EXPECT_TRUE(IndexList{""}.empty());
  EXPECT_EQ(IndexList{""}.at(42), 42u);
  EXPECT_EQ(index_at(list, 5), 5u);
  EXPECT_EQ(index_at("", 42), 42u);
}

TEST(Indices, AreWrittenInRanges) {
  EXPECT_EQ(to_index_list({}), "");
  EXPECT_EQ(to_index_list({4}), "4");
  EXPECT_EQ(to_index_list({0, 1, 2, 7, 9, 10}), "0-2,7,9-10");
}

TEST(Indices, OfASpecificationAreAsManyAsItsTasks) {
  JobSpec spec;
  spec.command = {"true"};
  spec.indices = "1,2";
  ASSERT_EQ(problems_of(spec).size(), 1u);
  EXPECT_NE(problems_of(spec)[0].find("task_count is 1"), std::string::npos);
  spec.task_count = 2;
  EXPECT_TRUE(problems_of(spec).empty());
}

TEST(JobOrder, IsChecked) {
  JobSpec spec;
  spec.command = {"true"};
  spec.after.emplace_back();
  spec.maximum_failed_percent = 101;
  spec.deadline_action = DeadlineAction::kCancel;
  EXPECT_EQ(problems_of(spec).size(), 3u);
}

}  // namespace
}  // namespace hearth::protocol
