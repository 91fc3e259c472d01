#include "scheduler/weather_source.h"

#include <gmock/gmock.h>

#include <fstream>

#include "support/temporary_directory.h"

namespace hearth::scheduler {
namespace {

const UtcTime kNow = parse_utc_time("2026-01-15T10:20:00Z").value();
constexpr Duration kMinute = std::chrono::minutes{1};

// An empty series where there is none.
weather::Series polled(WeatherFeed& feed, UtcTime now) {
  auto series = feed.poll(now);
  if (!series) return {};
  return std::move(*series);
}

class WeatherFeedTest : public testing::Test {
 protected:
  // Each write has a length of its own: the change is seen however coarse the file's time is.
  void write(double outdoor_c, int hours) {
    std::ofstream out{path};
    out << "time,outdoor_temperature_c,irradiance_w_per_m2\n";
    for (int i = 0; i < hours; ++i) {
      const UtcTime hour = std::chrono::floor<std::chrono::hours>(kNow) + std::chrono::hours{i};
      out << hearth::to_string(hour) << "," << outdoor_c << ",0\n";
    }
  }
  void write(const std::string& text) { std::ofstream{path} << text; }

  const TemporaryDirectory temporary;
  const std::string path = std::string{temporary.path()} + "/forecast.csv";
};

TEST_F(WeatherFeedTest, NothingConfiguredGivesNormalsEverySixHours) {
  WeatherFeed feed{SiteId{}, {}};
  const auto first = polled(feed, kNow);
  EXPECT_EQ(hearth::to_string(first.start), "2026-01-15T10:00:00Z");
  EXPECT_EQ(first.hours.size(), 72U);
  for (const auto& hour : first.hours) {  // January in the middle of Europe
    EXPECT_GT(hour.outdoor.value, -10);
    EXPECT_LT(hour.outdoor.value, 12);
  }
  EXPECT_TRUE(polled(feed, kNow + kMinute).hours.empty());
  EXPECT_TRUE(polled(feed, kNow + std::chrono::hours{5}).hours.empty());
  const auto second = polled(feed, kNow + std::chrono::hours{6});
  EXPECT_EQ(hearth::to_string(second.start), "2026-01-15T16:00:00Z");
}

TEST_F(WeatherFeedTest, CitiesAndPlacesDiffer) {
  const auto mean = [](const WeatherConfig& config) {
    WeatherFeed feed{SiteId{"s"}, config};
    const auto series = polled(feed, kNow);
    double sum = 0;
    for (const auto& hour : series.hours) sum += hour.outdoor.value;
    return sum / static_cast<double>(series.hours.size());
  };
  WeatherConfig north;
  north.place = weather::Site{65, 25};
  WeatherConfig lyon;
  lyon.normals = "Lyon";
  EXPECT_LT(mean(north), mean(lyon) - 3);
}

TEST_F(WeatherFeedTest, AForecastIsReadAgainWhenItChanges) {
  WeatherConfig config;
  config.forecast = path;
  write(-4, 48);
  WeatherFeed feed{SiteId{"s"}, config};
  const auto first = polled(feed, kNow);
  ASSERT_EQ(first.hours.size(), 48U);
  EXPECT_EQ(first.hours[7].outdoor, Celsius{-4});
  EXPECT_TRUE(polled(feed, kNow + kMinute).hours.empty());
  EXPECT_TRUE(polled(feed, kNow + std::chrono::hours{7}).hours.empty());  // and no normals instead
  write(3, 24);
  const auto second = polled(feed, kNow + std::chrono::hours{8});
  ASSERT_EQ(second.hours.size(), 24U);
  EXPECT_EQ(second.hours[0].outdoor, Celsius{3});
}

TEST_F(WeatherFeedTest, ABrokenFileLeavesTheLastGoodOneInForce) {
  WeatherConfig config;
  config.forecast = path;
  write(-4, 48);
  WeatherFeed feed{SiteId{"s"}, config};
  ASSERT_EQ(polled(feed, kNow).hours.size(), 48U);
  write("time,outdoor_temperature_c,irradiance_w_per_m2\n2026-01-15T10:00:00Z,warm,0\n");
  EXPECT_TRUE(polled(feed, kNow + kMinute).hours.empty());
  std::filesystem::remove(path);
  EXPECT_TRUE(polled(feed, kNow + 2 * kMinute).hours.empty());
  write(1, 12);
  EXPECT_EQ(polled(feed, kNow + 3 * kMinute).hours.size(), 12U);
}

TEST_F(WeatherFeedTest, UntilAFileIsGoodNormalsStandIn) {
  WeatherConfig config;
  config.epw = path;  // does not exist
  WeatherFeed feed{SiteId{"s"}, config};
  EXPECT_EQ(polled(feed, kNow).hours.size(), 72U);
  write("not an EPW file\n");
  EXPECT_TRUE(polled(feed, kNow + kMinute).hours.empty());
  EXPECT_EQ(polled(feed, kNow + std::chrono::hours{6}).hours.size(), 72U);
}

}  // namespace
}  // namespace hearth::scheduler
