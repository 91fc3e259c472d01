#include "weather/normals.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "weather/forecast_error.h"

namespace hearth::weather {
namespace {

UtcTime new_year() {
  return parse_utc_time("2026-01-01T00:00:00Z").value();
}

TEST(Normals, HaveTheirMonthlyMeans) {
  for (const auto& name : cities()) {
    const auto normals = normals_of_city(name).value();
    const auto record = record_of(normals, new_year(), 8760);
    std::array<double, 12> temperature{}, light{}, hours{};
    for (std::size_t i = 0; i < 8760; ++i) {
      const auto time = new_year() + std::chrono::hours{static_cast<int>(i)};
      const std::chrono::year_month_day date{std::chrono::floor<std::chrono::days>(time)};
      const auto m = static_cast<std::size_t>(unsigned(date.month()) - 1);
      temperature[m] += record.hours[i].outdoor.value;
      light[m] += record.hours[i].irradiance.global;
      hours[m] += 1;
    }
    for (std::size_t m = 0; m < 12; ++m) {
      EXPECT_NEAR(temperature[m] / hours[m], normals.temperature_c[m], 0.3) << name << " " << m;
      EXPECT_NEAR(light[m] / hours[m] * 0.024, normals.irradiation_kwh_per_m2_d[m],
                  0.15 + 0.04 * normals.irradiation_kwh_per_m2_d[m])
          << name << " " << m;
    }
  }
}

TEST(Normals, AreSmoothAndPossible) {
  const auto record = record_of(normals_of_city("PARIS").value(), new_year(), 2 * 8760);
  for (std::size_t i = 1; i < record.hours.size(); ++i) {
    const auto& hour = record.hours[i];
    EXPECT_LT(std::abs((hour.outdoor - record.hours[i - 1].outdoor).value), 2);
    const auto middle = new_year() + std::chrono::minutes{60 * static_cast<int>(i) + 30};
    const auto sun = sun_position(record.site, middle);
    if (sun.up <= 0) {
      EXPECT_EQ(hour.irradiance.global, 0);
    }
    EXPECT_LE(hour.irradiance.global, 1100);
    EXPECT_LE(hour.irradiance.diffuse, hour.irradiance.global);
  }
}

TEST(Normals, AreKnownEverywhere) {
  EXPECT_EQ(normals_at({45.75, 4.85}).name, "lyon");
  EXPECT_FALSE(normals_of_city("Atlantis"));
  const auto names = cities();
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
  const auto cape = normals_at({-34, 18});
  EXPECT_GT(cape.temperature_c[0], cape.temperature_c[6]);
  EXPECT_GT(cape.irradiation_kwh_per_m2_d[0], cape.irradiation_kwh_per_m2_d[6]);
  for (const double latitude : {-90.0, -60.0, 0.0, 35.0, 66.6, 80.0, 90.0}) {
    const auto record = record_of(normals_at({latitude, 30}), new_year(), 8760);
    for (const auto& hour : record.hours) {
      ASSERT_TRUE(std::isfinite(hour.outdoor.value) && hour.outdoor.value > -60) << latitude;
      ASSERT_GE(hour.irradiance.global, 0) << latitude;
    }
  }
}

TEST(ForecastError, GrowsAsWeatherForecastsDo) {
  const Series truth{new_year(), std::vector<Sample>(60, {10_degC, 200})};
  constexpr int kForecasts = 4000;
  std::array<double, 60> squares{};
  std::array<double, 60> light{};
  for (int seed = 0; seed < kForecasts; ++seed) {
    const auto forecast = with_error(truth, new_year(), static_cast<std::uint64_t>(seed));
    for (std::size_t h = 0; h < 60; ++h) {
      const double error = forecast.hours[h].outdoor.value - 10;
      squares[h] += error * error / kForecasts;
      light[h] += forecast.hours[h].irradiance_w_per_m2 / kForecasts;
    }
  }
  EXPECT_NEAR(std::sqrt(squares[1]), temperature_std_k(1.5), 0.05);
  EXPECT_NEAR(std::sqrt(squares[23]), 1.5, 0.1);
  EXPECT_NEAR(std::sqrt(squares[50]), 2.0, 0.1);
  EXPECT_NEAR(light[50], 200, 6);
}

TEST(ForecastError, KeepsWhatIsPastAndItsSeed) {
  const Series truth{new_year(), std::vector<Sample>(48, {10_degC, 200})};
  const auto issued = new_year() + std::chrono::hours{12};
  const auto forecast = with_error(truth, issued, 7);
  EXPECT_EQ(forecast, with_error(truth, issued, 7));
  EXPECT_NE(forecast, with_error(truth, issued + std::chrono::hours{1}, 7));
  EXPECT_EQ(forecast.hours[11], truth.hours[11]);
  EXPECT_NE(forecast.hours[12], truth.hours[12]);
  EXPECT_EQ(with_error(truth, issued, 7, {0, 0, 12}), truth);
}

}  // namespace
}  // namespace hearth::weather
