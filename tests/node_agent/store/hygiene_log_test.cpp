#include "node_agent/store/hygiene_log.h"

#include <gtest/gtest.h>

#include <fstream>

#include "support/temporary_directory.h"

namespace hearth::node_agent {
namespace {

using std::chrono::hours;

HygieneRecord record_of(int hour, HygieneResult result) {
  return {UtcTime{hours{hour}}, UtcTime{hours{hour + 2}}, Celsius{60}, result};
}

TEST(HygieneLog, RemembersTheLastLiftAcrossRestarts) {
  const TemporaryDirectory directory;
  HygieneLog log{directory.path()};
  EXPECT_FALSE(log.last());
  EXPECT_FALSE(log.history());
  ASSERT_TRUE(log.append(record_of(1, HygieneResult::kDone)));
  ASSERT_TRUE(log.append(record_of(200, HygieneResult::kDone)));
  ASSERT_TRUE(log.append(record_of(400, HygieneResult::kMissed)));
  const HygieneLog again{directory.path()};
  EXPECT_EQ(again.last()->result, HygieneResult::kMissed);
  EXPECT_EQ(again.history(), (HygieneHistory{UtcTime{hours{202}}, 2}));
}

TEST(HygieneLog, IsReadableAndSurvivesDamage) {
  const TemporaryDirectory directory;
  HygieneLog log{directory.path()};
  ASSERT_TRUE(log.append(record_of(1, HygieneResult::kDone)));
  const auto path = directory.path() + "/hygiene.log";
  std::ofstream(path, std::ios::app) << "{\"started\": 7}\n{\"ended\":\n";
  ASSERT_TRUE(log.append(record_of(5, HygieneResult::kDone)));
  EXPECT_EQ(log.history()->done, 2u);
  std::ifstream file{path};
  std::string line;
  std::getline(file, line);
  EXPECT_EQ(line, R"({"coldest_c":60.0,"ended":"1970-01-01T03:00:00Z","result":"DONE",)"
                  R"("started":"1970-01-01T01:00:00Z"})");
}

}  // namespace
}  // namespace hearth::node_agent
