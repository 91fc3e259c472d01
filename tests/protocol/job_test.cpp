#include "protocol/job.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hearth::protocol {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

JobSpec sound_spec() {
  JobSpec spec;
  spec.command = {"./price", "{index}"};
  return spec;
}

TEST(JobSpec, SoundOneHasNoProblems) {
  EXPECT_THAT(problems_of(sound_spec()), IsEmpty());
}

struct BadSpec {
  const char* name;
  void (*spoil)(JobSpec&);
  const char* problem;
};

class BadSpecTest : public testing::TestWithParam<BadSpec> {};

TEST_P(BadSpecTest, NamesFieldAndValue) {
  auto spec = sound_spec();
  GetParam().spoil(spec);
  EXPECT_THAT(problems_of(spec), ElementsAre(GetParam().problem));
}

INSTANTIATE_TEST_SUITE_P(
    Cases, BadSpecTest,
    testing::Values(
        BadSpec{"no_tasks", [](JobSpec& s) { s.task_count = 0; },
                "task_count: not in 1..10000000: 0"},
        BadSpec{"too_many", [](JobSpec& s) { s.task_count = 10'000'001; },
                "task_count: not in 1..10000000: 10000001"},
        BadSpec{"no_command", [](JobSpec& s) { s.command.clear(); }, "command: empty"},
        BadSpec{"tenant", [](JobSpec& s) { s.tenant.value = "a/b"; },
                "tenant: not 1-64 of [A-Za-z0-9._-]: a/b"},
        BadSpec{"priority", [](JobSpec& s) { s.priority = 101; }, "priority: not in 0..100: 101"},
        BadSpec{"cores", [](JobSpec& s) { s.resources.cores = 0; },
                "resources.cores: not in 1..1024: 0"},
        BadSpec{"digest",
                [](JobSpec& s) {
                  s.inputs = {{"12", "a", false}};
                },
                "inputs: digest is not 64 lower-case hex digits: 12"},
        BadSpec{"escape", [](JobSpec& s) { s.outputs = {"../x"}; },
                "outputs: pattern leaves the task's directory: ../x"},
        BadSpec{"reserved_name", [](JobSpec& s) { s.environment["HEARTH_X"] = "1"; },
                "environment: not a usable name: HEARTH_X"},
        BadSpec{"secret_name", [](JobSpec& s) { s.secrets["HEARTH_X"] = Secret{"hunter2"}; },
                "secrets: not a usable name: HEARTH_X"},
        BadSpec{"secret_twice",
                [](JobSpec& s) {
                  s.environment["KEY"] = "a";
                  s.secrets["KEY"] = Secret{"hunter2"};
                },
                "secrets: KEY is in environment, too"},
        BadSpec{"secret_zero",
                [](JobSpec& s) {
                  s.secrets["KEY"] = Secret{{'a', '\0', 'b'}};
                },
                "secrets: KEY contains a zero byte"},
        BadSpec{"secrets_long",
                [](JobSpec& s) {
                  s.secrets["A"] = Secret{std::string(32 * 1024, 'x')};
                  s.secrets["B"] = Secret{std::string(32 * 1024, 'x')};
                },
                "secrets: over 64 KiB together"},
        BadSpec{"run_times",
                [](JobSpec& s) {
                  s.expected_run_time = std::chrono::seconds{2};
                  s.maximum_run_time = std::chrono::seconds{1};
                },
                "expected_run_time: longer than maximum_run_time"}),
    [](const auto& test) { return test.param.name; });

TEST(JobSpec, SecretsMayBeEmptyAndFillTheLimitToTheByte) {
  auto spec = sound_spec();
  spec.secrets["A"] = Secret{std::string(kSecretsBytesMax - 3 - 3, 'x')};
  spec.secrets["B"] = Secret{};
  EXPECT_THAT(problems_of(spec), IsEmpty());
  const Secrets names = {{"A", Secret{}}, {"B", Secret{}}};
  EXPECT_EQ(names_of(spec.secrets), names);
}

TEST(JobSpec, AllProblemsAtOnce) {
  JobSpec spec;
  spec.priority = -1;
  EXPECT_EQ(problems_of(spec).size(), 2u);
}

TEST(Paths, StayInside) {
  for (const char* path : {"a", "a/b.csv", "out/*.png", "..a"}) {
    EXPECT_TRUE(is_safe_relative_path(path)) << path;
  }
  for (const char* path : {"", "/a", "..", "a/../b", "a//b", "./a", "a/"}) {
    EXPECT_FALSE(is_safe_relative_path(path)) << path;
  }
}

TEST(Words, ReadBackAsTheyPrint) {
  EXPECT_EQ(parse_service_class("ON_DEMAND"), ServiceClass::kOnDemand);
  EXPECT_EQ(parse_service_class("on_demand"), std::nullopt);
  EXPECT_EQ(to_string(FailureClass::kNodeLost), "NODE_LOST");
}

}  // namespace
}  // namespace hearth::protocol
