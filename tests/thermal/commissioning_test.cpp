#include "thermal/commissioning.h"

#include <gtest/gtest.h>

namespace hearth::thermal {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

TEST(Commissioning, MovesTheReferenceBothWaysWhileNobodyIsThere) {
  int up = 0;
  int down = 0;
  for (Duration t{}; t < kCommissioning; t += hours{1}) {
    const auto offset = commissioning_offset(t, false, 7);
    ASSERT_TRUE(offset == 0.5_K || offset == -0.5_K);
    (offset > 0_K ? up : down) += 1;
    EXPECT_EQ(commissioning_offset(t, true, 7), 0_K);
  }
  EXPECT_GT(up, 40);
  EXPECT_GT(down, 40);
}

TEST(Commissioning, EndsAfterSevenDaysAndHoldsForFourHours) {
  EXPECT_EQ(commissioning_offset(kCommissioning, false, 7), 0_K);
  EXPECT_EQ(commissioning_offset(-minutes{1}, false, 7), 0_K);
  for (int block = 0; block < 42; ++block) {
    const Duration start = hours{4 * block};
    EXPECT_EQ(commissioning_offset(start, false, 7),
              commissioning_offset(start + hours{4} - minutes{1}, false, 7));
  }
}

TEST(Commissioning, DiffersBetweenZones) {
  int different = 0;
  for (Duration t{}; t < kCommissioning; t += hours{4}) {
    different += commissioning_offset(t, false, 1) != commissioning_offset(t, false, 2);
  }
  EXPECT_GT(different, 5);
}

}  // namespace
}  // namespace hearth::thermal
