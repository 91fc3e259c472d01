#include "common/ids.h"

#include <gtest/gtest.h>

namespace hearth {
namespace {

TEST(Ids, ReadBackAsTheyPrint) {
  EXPECT_EQ(to_string(JobId{7}), "j7");
  EXPECT_EQ(*parse_job_id("j7"), JobId{7});
  EXPECT_EQ(*parse_job_id("7"), JobId{7});
  EXPECT_EQ(*parse_task_id("j7/12"), (TaskId{JobId{7}, 12}));
  EXPECT_EQ(*parse_attempt_id(to_string(AttemptId{3, 41})), (AttemptId{3, 41}));
}

TEST(Ids, RefuseWhatIsNotOne) {
  for (const char* text : {"", "j", "j0", "-1", "j1x", "x7", "99999999999999999999"}) {
    const auto job = parse_job_id(text);
    ASSERT_FALSE(job) << text;
    EXPECT_EQ(job.error().message, "not a job id (j<number>): " + std::string(text));
  }
  for (const char* text : {"j7", "j7/", "/3", "j7/-1", "j7/1/2"}) {
    EXPECT_FALSE(parse_task_id(text)) << text;
  }
  for (const char* text : {"3.4", "a3", "a.", "a1.2x"})
    EXPECT_FALSE(parse_attempt_id(text)) << text;
}

TEST(Ids, HigherEpochBeatsHigherCounter) {
  EXPECT_LT((AttemptId{1, 900}), (AttemptId{2, 1}));
}

TEST(Names, AllowOnlyWhatIsSafeInPathsAndLabels) {
  for (const char* text : {"paris-12.kitchen", "n1", "A_b"})
    EXPECT_TRUE(is_valid_name(text)) << text;
  for (const char* text : {"", ".", "..", "a/b", "a b", "caf\xc3\xa9"}) {
    EXPECT_FALSE(is_valid_name(text)) << text;
  }
  EXPECT_TRUE(is_valid_name(std::string(64, 'a')));
  EXPECT_FALSE(is_valid_name(std::string(65, 'a')));
}

}  // namespace
}  // namespace hearth
