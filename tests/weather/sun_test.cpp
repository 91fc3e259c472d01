#include "weather/sun.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "weather/facade.h"

namespace hearth::weather {
namespace {

UtcTime time(const char* text) {
  return parse_utc_time(text).value();
}

double height_deg(const SunPosition& sun) {
  return std::asin(sun.up) * 180 / std::numbers::pi;
}

// The highest point of the sun is 90 degrees less latitude plus declination.
TEST(Sun, StandsWhereItShouldAtNoon) {
  struct Case {
    const char* noon;
    double declination_deg;
  };
  for (const auto& c : {Case{"2026-06-21T12:02:00Z", 23.44}, Case{"2026-12-21T11:58:00Z", -23.44},
                        Case{"2026-03-20T12:07:30Z", -0.05}}) {
    const auto sun = sun_position({51.48, 0}, time(c.noon));
    EXPECT_NEAR(height_deg(sun), 90 - 51.48 + c.declination_deg, 0.3) << c.noon;
    EXPECT_NEAR(sun.east, 0, 0.01) << c.noon;
    EXPECT_LT(sun.north, 0) << c.noon;
  }
}

TEST(Sun, RisesInTheEastAndIsNearestInJanuary) {
  const Site denver{39.83, -104.65};
  const auto morning = sun_position(denver, time("2026-03-20T14:00:00Z"));
  const auto evening = sun_position(denver, time("2026-03-21T00:00:00Z"));
  EXPECT_GT(morning.east, 0.9);
  EXPECT_LT(evening.east, -0.9);
  EXPECT_GT(morning.extraterrestrial_w_per_m2,
            sun_position(denver, time("2026-07-04T18:00:00Z")).extraterrestrial_w_per_m2);
  EXPECT_NEAR(morning.east * morning.east + morning.north * morning.north + morning.up * morning.up,
              1, 1e-12);
}

TEST(Sun, IncidenceIsTheAngleToTheNormal) {
  const auto sun = sun_position({45, 5}, time("2026-05-03T09:00:00Z"));
  EXPECT_DOUBLE_EQ(cos_incidence(sun, {123, 0}), sun.up);
  EXPECT_NEAR(cos_incidence(sun, {90, 90}), sun.east, 1e-12);
  EXPECT_NEAR(cos_incidence(sun, {180, 90}), -sun.north, 1e-12);
}

// Whatever the model, a roof that lies flat gets what falls on the horizontal.
TEST(Sun, AFlatSurfaceGetsTheGlobalIrradiance) {
  const auto sun = sun_position({45, 5}, time("2026-05-03T11:00:00Z"));
  for (const double diffuse : {40.0, 150.0, 400.0}) {
    const Irradiance light{300 * sun.up + diffuse, 300, diffuse};
    for (const auto model : {SkyModel::kPerez1990, SkyModel::kIsotropic}) {
      EXPECT_NEAR(on_surface(light, sun, {180, 0}, 0.2, model).total(), light.global, 1e-9);
    }
  }
}

TEST(Sun, PerezBrightensTheSideOfTheSun) {
  const auto sun = sun_position({45, 5}, time("2026-02-03T11:40:00Z"));
  const Irradiance light{600 * sun.up + 90, 600, 90};
  const Surface south{180, 90};
  const Surface north{0, 90};
  EXPECT_GT(on_surface(light, sun, south).total(),
            on_surface(light, sun, south, 0.2, SkyModel::kIsotropic).total());
  EXPECT_LT(on_surface(light, sun, north).sky,
            on_surface(light, sun, north, 0.2, SkyModel::kIsotropic).sky);
  EXPECT_EQ(on_surface(light, sun, north).beam, 0);
}

TEST(Sun, SplitsWhatFallsByItsClearness) {
  const auto sun = sun_position({45, 5}, time("2026-06-03T11:40:00Z"));
  const auto dull = split(150, sun);
  const auto clear = split(900, sun);
  EXPECT_GT(dull.diffuse / dull.global, 0.9);
  EXPECT_LT(clear.diffuse / clear.global, 0.3);
  EXPECT_NEAR(clear.direct_normal * sun.up + clear.diffuse, 900, 1e-9);
}

TEST(Facades, FollowTheSunAndLetPartOfItIn) {
  Record record{time("2026-03-20T00:00:00Z"), {45, 0}, {}};
  for (int h = 0; h < 24; ++h) {
    const auto sun = sun_position(record.site, record.start + std::chrono::minutes{60 * h + 30});
    Hour hour;
    if (sun.up > 0) hour.irradiance = {500 * sun.up + 80, 500, 80};
    record.hours.push_back(hour);
  }
  const auto series = facades(record);
  const auto best = [&](Orientation o) {
    std::size_t hour = 0;
    for (std::size_t h = 0; h < 24; ++h) {
      const auto i = static_cast<std::size_t>(o);
      if (series.hours[h][i] > series.hours[hour][i]) hour = h;
    }
    return hour;
  };
  EXPECT_LT(best(Orientation::kEast), 9u);
  EXPECT_GT(best(Orientation::kWest), 14u);
  EXPECT_TRUE(best(Orientation::kSouth) == 11 || best(Orientation::kSouth) == 12);
  const Windows windows;
  const auto gain = solar_gain(series, Orientation::kSouth, windows);
  EXPECT_DOUBLE_EQ(
      gain[12], windows.collecting_area_m2() * facade_at(series, Orientation::kSouth,
                                                         record.start + std::chrono::minutes{750}));
  EXPECT_EQ(gain[0], 0);
}

}  // namespace
}  // namespace hearth::weather
