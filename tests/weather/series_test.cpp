#include "weather/series.h"

#include <gtest/gtest.h>

namespace hearth::weather {
namespace {

using std::chrono::minutes;

TEST(Series, IsLinearBetweenTheMiddlesOfHours) {
  const Series series{UtcTime{}, {{10_degC, 0}, {12_degC, 100}, {12_degC, 300}}};
  EXPECT_DOUBLE_EQ(at(series, UtcTime{minutes{30}}).outdoor.value, 10);
  EXPECT_DOUBLE_EQ(at(series, UtcTime{minutes{60}}).outdoor.value, 11);
  EXPECT_DOUBLE_EQ(at(series, UtcTime{minutes{120}}).irradiance_w_per_m2, 200);
}

TEST(Series, HoldsItsEnds) {
  const Series series{UtcTime{minutes{60}}, {{10_degC, 5}, {12_degC, 100}}};
  EXPECT_EQ(at(series, UtcTime{}), series.hours.front());
  EXPECT_EQ(at(series, UtcTime{minutes{6000}}), series.hours.back());
}

}  // namespace
}  // namespace hearth::weather
