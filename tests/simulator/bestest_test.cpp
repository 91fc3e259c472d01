#include "simulator/bestest.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace hearth::simulator {
namespace {

Result<weather::Epw> denver() {
  const char* given = std::getenv("HEARTH_TEST_DATA");
  const auto path =
      std::filesystem::path(given ? given : HEARTH_SHARED_DATA) / "bestest/725650TYCST.epw";
  std::ifstream file(path);
  if (!file) return fail(ErrorCode::kNotFound, path.string() + " is not here");
  std::stringstream text;
  text << file.rdbuf();
  return weather::parse_epw(text.str());
}

// A year of one temperature, without light.
weather::Epw dark(Celsius outdoor) {
  weather::Epw epw;
  epw.site = {40, 0};
  weather::Hour hour;
  hour.outdoor = outdoor;
  epw.hours.assign(8760, hour);
  return epw;
}

struct Limits {
  const char* name;
  double heating_low, heating_high, cooling_low, cooling_high, peak_low, peak_high;
};

// HEAT section 2: heating inside the limits, cooling and peak within 10 % of the six programs.
TEST(Bestest, IsWithinTheStandardsLimits) {
  const auto epw = denver();
  if (!epw) GTEST_SKIP() << epw.error().message;
  for (const auto& c :
       {Limits{"600", 3.75, 4.98, 0.9 * 5.432, 1.1 * 6.162, 0.9 * 3.020, 1.1 * 3.359},
        Limits{"900", 1.04, 2.28, 0.9 * 2.267, 1.1 * 2.714, 0.9 * 2.443, 1.1 * 2.778}}) {
    const auto load = run_bestest(c.name, *epw).value().conditioned.value();
    EXPECT_GE(load.annual_heating_mwh, c.heating_low) << c.name;
    EXPECT_LE(load.annual_heating_mwh, c.heating_high) << c.name;
    EXPECT_GE(load.annual_cooling_mwh, c.cooling_low) << c.name;
    EXPECT_LE(load.annual_cooling_mwh, c.cooling_high) << c.name;
    EXPECT_GE(load.peak_heating_kw, c.peak_low) << c.name;
    EXPECT_LE(load.peak_heating_kw, c.peak_high) << c.name;
  }
}

TEST(Bestest, MassAndSetbackActAsTheyShould) {
  const auto epw = denver();
  if (!epw) GTEST_SKIP() << epw.error().message;
  const auto load = [&](const char* name) {
    return run_bestest(name, *epw).value().conditioned.value();
  };
  EXPECT_LT(load("640").annual_heating_mwh, load("600").annual_heating_mwh);
  EXPECT_LT(load("940").annual_heating_mwh, load("900").annual_heating_mwh);
  EXPECT_GT(load("640").peak_heating_kw, load("600").peak_heating_kw);
  const auto light = run_bestest("600FF", *epw).value().free_float.value();
  const auto heavy = run_bestest("900FF", *epw).value().free_float.value();
  EXPECT_GT(light.max_c, heavy.max_c);
  EXPECT_LT(light.min_c, heavy.min_c);
  EXPECT_NEAR(light.mean_c, heavy.mean_c, 1);
}

// In the dark at one temperature the load is a steady balance that a hand can work out.
TEST(Bestest, ASteadyYearIsASteadyBalance) {
  const auto result = run_bestest("600", dark(0_degC)).value().conditioned.value();
  EXPECT_EQ(result.annual_cooling_mwh, 0);
  EXPECT_NEAR(result.annual_heating_mwh * 1e3 / 8760, result.peak_heating_kw, 1e-6);
  // 20 K times about 105 W/K, less 200 W of gains, and what walls and roof lose to the sky.
  EXPECT_GT(result.peak_heating_kw, 1.6);
  EXPECT_LT(result.peak_heating_kw, 2.1);
}

TEST(Bestest, KnowsItsCases) {
  EXPECT_EQ(bestest_cases().size(), 6u);
  EXPECT_FALSE(run_bestest("195", dark(0_degC)));
}

}  // namespace
}  // namespace hearth::simulator
