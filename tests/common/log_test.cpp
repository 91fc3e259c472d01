#include "common/log.h"

#include <gtest/gtest.h>

#include "common/ids.h"
#include "common/json_reader.h"

namespace hearth {
namespace {

TEST(Log, WritesOneLinePerEvent) {
  EXPECT_EQ(log::format("task_started",
                        {{"task", TaskId{JobId{7}, 3}}, {"node", NodeId{"n2"}}, {"attempt", 1}}),
            "event=task_started task=j7/3 node=n2 attempt=1");
  EXPECT_EQ(log::format("x", {{"why", "a \"b\"\nc"}}), "event=x why=\"a \\\"b\\\" c\"");
}

TEST(JsonReader, ReportsEveryProblemAtOnce) {
  const auto json = nlohmann::json::parse(R"({"listen": 3, "tick_s": 0, "tik": 1})");
  std::string listen;
  int tick_s = 10;
  JsonReader reader{json};
  reader.read("listen", listen);
  reader.read("tick_s", tick_s);
  reader.require(tick_s > 0, "tick_s: not positive: 0");
  const auto read = reader.finish();
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().message, "listen: wrong type; tick_s: not positive: 0; tik: unknown key");
}

}  // namespace
}  // namespace hearth
