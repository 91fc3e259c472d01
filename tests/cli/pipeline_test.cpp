#include "cli/pipeline.h"

#include <gmock/gmock.h>

namespace hearth::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string problems(const std::string& text) {
  const auto read = read_pipeline(text);
  if (!read || *read) return "none";
  return read->error().message;
}

TEST(Pipeline, OfOneJobOrNoJsonIsNone) {
  EXPECT_FALSE(read_pipeline(R"({"command": ["true"]})"));
  EXPECT_FALSE(read_pipeline("{"));
}

TEST(Pipeline, NamesBecomeTheJobsThatTheyWereGiven) {
  const auto read = read_pipeline(R"({"jobs": [  // in order
    {"id": "price", "command": ["a"]},
    {"id": "reduce", "after": ["price", "j7:any", "price:failure"], "command": ["b"]}]})");
  ASSERT_TRUE(read && *read) << problems("");
  const auto& steps = **read;
  ASSERT_EQ(steps.size(), 2u);
  EXPECT_EQ(steps[1].id, "reduce");
  EXPECT_EQ(steps[1].text, R"({"command":["b"]})");
  EXPECT_THAT(resolve_after(steps[1], {{"price", "j12"}}),
              ElementsAre("j12", "j7:any", "j12:failure"));
}

TEST(Pipeline, EveryProblemIsNamedWithItsPlace) {
  EXPECT_THAT(problems(R"({"jobs": []})"), HasSubstr("not a list of jobs"));
  EXPECT_THAT(problems(R"({"jobs": [{"id": "a"}], "name": "x"})"), HasSubstr("name: unknown key"));
  const auto all = problems(R"({"jobs": [
    3, {"id": "a b"}, {"id": "a", "after": ["later"]}, {"id": "a"}, {"id": "later", "after": "a"},
    {"id": "j5"}]})");
  for (const auto* part :
       {"jobs[0]: not an object", "jobs[1].id: needs a name",
        "jobs[2].after: neither a job before it nor like j7: later", "jobs[3].id: given twice: a",
        "jobs[4].after: not a list of strings", "jobs[5].id: looks like a job's: j5"}) {
    EXPECT_THAT(all, HasSubstr(part));
  }
}

TEST(Pipeline, OnlyWhatItsOwnFileDecidedIsSkipped) {
  const std::map<std::string, std::string> jobs{{"price", "j12"}, {"alarm", "j13"}};
  job::v1::Job alarm;
  alarm.mutable_spec()->add_after()->set_job_id("j12");
  alarm.set_cancel_cause(job::v1::CANCEL_CAUSE_DEPENDENCY);
  EXPECT_TRUE(was_skipped(alarm, jobs));
  alarm.set_cancel_cause(job::v1::CANCEL_CAUSE_REQUEST);
  EXPECT_FALSE(was_skipped(alarm, jobs));
  alarm.set_cancel_cause(job::v1::CANCEL_CAUSE_DEPENDENCY);
  alarm.mutable_spec()->add_after()->set_job_id("j7");
  EXPECT_FALSE(was_skipped(alarm, jobs)) << "j7 counts nowhere else";
}

}  // namespace
}  // namespace hearth::cli
