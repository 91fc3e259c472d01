#include <gtest/gtest.h>

#include "protocol/stream.h"

namespace hearth::protocol {
namespace {

TEST(SpeedLaw, TurnsOnlyIsLinear) {
  const SpeedLaw law{1, 0.4};
  for (const double s : {0.0, 0.1, 0.4, 0.7, 1.0}) EXPECT_NEAR(power_share(law, s), s, 1e-12);
}

TEST(SpeedLaw, FrequencyIsCheaperThanTurns) {
  const SpeedLaw law{2, 0.4};
  EXPECT_NEAR(power_share(law, 0.5), 0.25, 1e-12);
  EXPECT_NEAR(power_share(law, 0.4), 0.16, 1e-12);
  EXPECT_NEAR(power_share(law, 0.2), 0.08, 1e-12);  // half of the time at 0.4
  EXPECT_EQ(power_share(law, 2), 1);
}

TEST(SpeedLaw, SpeedAtIsItsInverse) {
  for (const SpeedLaw law : {SpeedLaw{1, 0.4}, SpeedLaw{2, 0.4}, SpeedLaw{2.7, 0.3}}) {
    for (int i = 0; i <= 20; ++i) {
      const double speed = i / 20.0;
      EXPECT_NEAR(speed_at(law, power_share(law, speed)), speed, 1e-12);
    }
  }
}

}  // namespace
}  // namespace hearth::protocol
