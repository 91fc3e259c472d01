#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "weather/epw.h"
#include "weather/forecast_file.h"

namespace hearth::weather {
namespace {

std::filesystem::path data_file(const std::string& name) {
  const char* given = std::getenv("HEARTH_TEST_DATA");
  return std::filesystem::path(given ? given : HEARTH_SHARED_DATA) / name;
}

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// A year whose hour i has i mod 50 degrees.
std::string year(double offset_h = 1) {
  static constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  std::string text = "LOCATION,Somewhere,-,-,-,-,45.0,5.0," + std::to_string(offset_h) +
                     ",200\nDATA PERIODS,1,1,Data,Sunday, 1/ 1,12/31\n";
  int i = 0;
  for (int m = 0; m < 12; ++m) {
    for (int d = 1; d <= kDays[m]; ++d) {
      for (int h = 1; h <= 24; ++h, ++i) {
        text += "2001," + std::to_string(m + 1) + "," + std::to_string(d) + "," +
                std::to_string(h) + ",0,?," + std::to_string(i % 50) +
                ".0,1,50,99000,0,0,300,100,200,50,0,0,0,0,180,3.5,5,5\r\n";
      }
    }
  }
  return text;
}

TEST(Epw, ReadsAYear) {
  const auto epw = parse_epw(year());
  ASSERT_TRUE(epw) << epw.error().message;
  EXPECT_EQ(epw->place, "Somewhere");
  EXPECT_EQ(epw->site, (Site{45, 5}));
  ASSERT_EQ(epw->hours.size(), 8760u);
  EXPECT_EQ(epw->hours[49].outdoor, 49_degC);
  EXPECT_EQ(epw->hours[0].irradiance, (Irradiance{100, 200, 50}));
  EXPECT_EQ(epw->hours[0].wind_m_per_s, 3.5);
}

// Hour 1 of the file is the mean from midnight to one, local standard time: 23:00 UTC at +1.
TEST(Epw, IsLaidOverTheCalendarInUtc) {
  const auto epw = parse_epw(year()).value();
  const auto start = parse_utc_time("2025-12-31T23:00:00Z").value();
  const auto record = record_of(epw, start, 24 * 366);
  EXPECT_EQ(record.hours[0].outdoor, 0_degC);
  EXPECT_EQ(record.hours[1].outdoor, 1_degC);
  EXPECT_EQ(record.hours[8760].outdoor, 0_degC);
  const auto half = parse_epw(year(5.5)).value();
  EXPECT_EQ(record_of(half, parse_utc_time("2026-01-01T00:00:00Z").value(), 1).hours[0].outdoor,
            Celsius{5.5});
  // A leap day repeats the day before.
  const auto leap = record_of(epw, parse_utc_time("2028-02-27T23:00:00Z").value(), 48);
  EXPECT_EQ(leap.hours[3], leap.hours[27]);
}

TEST(Epw, SaysWhatIsWrongAndWhere) {
  const auto message = [](const std::string& text) {
    const auto epw = parse_epw(text);
    return epw ? std::string("no error") : epw.error().message;
  };
  const auto with = [](const std::string& from, const std::string& to) {
    auto text = year();
    text.replace(text.find(from), from.size(), to);
    return text;
  };
  EXPECT_EQ(message(""), "no DATA PERIODS line: no EPW file");
  EXPECT_EQ(message("a,b\n"), "line 1: an EPW file begins with a LOCATION line");
  EXPECT_EQ(message(with(",?,1.0,", ",?,warm,")),
            "line 4, field 7 (dry bulb temperature) is no number: \"warm\"");
  EXPECT_EQ(message(with(",?,1.0,", ",?,99.9,")),
            "line 4, field 7 (dry bulb temperature) is out of range or marked missing: 99.9");
  EXPECT_EQ(message(with(",100,200,50,", ",9999,200,50,")),
            "line 3, field 14 (global horizontal radiation) is out of range or marked missing: "
            "9999");
  EXPECT_EQ(message(with("2001,1,1,2,0", "2001,1,1,3,0")),
            "line 4: month 1, day 1, hour 3 does not follow the hour before; a year of 365 days is "
            "wanted");
  auto half = year();
  half.resize(half.size() / 2);
  EXPECT_NE(message(half), "no error");
  EXPECT_EQ(message(year() + "2001,1,1,1,0\n"), "line 8763: more than 8760 hours");
}

TEST(Epw, ReadsRealFiles) {
  for (const char* name :
       {"bestest/725650TYCST.epw", "weather/FRA_AR_Lyon-Bron.AP.074800_TMYx.2004-2018.epw"}) {
    if (!std::filesystem::exists(data_file(name))) {
      GTEST_SKIP() << data_file(name) << " is not here";
    }
    const auto epw = parse_epw(read(data_file(name)));
    ASSERT_TRUE(epw) << name << ": " << epw.error().message;
    // Sun and file must agree on when it is day: a wrong offset would show as light at night.
    const auto record = record_of(*epw, parse_utc_time("2025-01-01T00:00:00Z").value(), 8760);
    double night = 0;
    double all = 0;
    for (std::size_t i = 0; i < record.hours.size(); ++i) {
      const auto middle = record.start + std::chrono::minutes{60 * static_cast<int>(i) + 30};
      const double global = record.hours[i].irradiance.global;
      all += global;
      if (sun_position(record.site, middle).up < 0) night += global;
    }
    EXPECT_LT(night, 2e-3 * all) << name;
  }
}

TEST(ForecastFile, ReadsBothForms) {
  const auto csv = parse_forecast(
      "time,outdoor_temperature_c,irradiance_w_per_m2\r\n2026-01-03T06:00:00Z,3.5,0\r\n"
      "2026-01-03T08:00:00+01:00,-4,120.5\r\n");
  ASSERT_TRUE(csv) << csv.error().message;
  const auto json = parse_forecast(
      R"({"hours": [
        {"time": "2026-01-03T06:00:00Z", "outdoor_temperature_c": 3.5, "irradiance_w_per_m2": 0},
        {"time": "2026-01-03T07:00:00Z", "outdoor_temperature_c": -4, "irradiance_w_per_m2": 120.5}
      ]})");
  ASSERT_TRUE(json) << json.error().message;
  EXPECT_EQ(*csv, *json);
  EXPECT_EQ(csv->hours[1], (Sample{Celsius{-4}, 120.5}));
}

TEST(ForecastFile, SaysWhatIsWrongAndWhere) {
  struct Case {
    const char* text;
    const char* part;  // of the message
  };
  const std::string head = "time,outdoor_temperature_c,irradiance_w_per_m2\n";
  for (const auto& c : {
           Case{"2026-01-03T06:00:00Z,1,0\n2026-01-03T08:00:00Z,1,0\n",
                "line 3: time 2026-01-03T08"
                ":00:00Z leaves a gap"},
           Case{"2026-01-03T06:00:00Z,1,0\n2026-01-03T06:00:00Z,1,0\n", "out of order or double"},
           Case{"2026-01-03T06:00:00Z,1,0\n2026-01-03T06:30:00Z,1,0\n", "07:00:00Z was expected"},
           Case{"2026-01-03T06:00:00Z,nan,0\n", "line 2: outdoor_temperature_c is no finite"},
           Case{"2026-01-03T06:00:00Z,90,0\n", "within -90 and 60"},
           Case{"2026-01-03T06:00:00Z,1,-1\n", "irradiance_w_per_m2 must be"},
           Case{"2026-01-03T06:00:00Z,1\n", "line 2: three fields"},
           Case{"yesterday,1,0\n", "line 2: time:"},
           Case{"", "no hours"},
       }) {
    const auto series = parse_forecast(head + c.text);
    ASSERT_FALSE(series) << c.text;
    EXPECT_NE(series.error().message.find(c.part), std::string::npos) << series.error().message;
  }
  for (const auto& c : {
           Case{"", "empty"},
           Case{"{\n\n oops", "line 3: no valid JSON"},
           Case{"[]", "array \"hours\""},
           Case{R"({"hours": []})", "no hours"},
           Case{R"({"hours": [1]})", "hours[0]: must be an object"},
           Case{R"({"hours": [{"time": 1}]})", "hours[0]: time must be a string"},
           Case{R"({"hours": [{"time": "2026-01-03T06:00:00Z"}]})", "is missing"},
           Case{R"({"hours": [{"tine": ""}]})", "tine: unknown key"},
           Case{R"({"hours": [{"time": "2026-01-03T06:00:00Z", "outdoor_temperature_c": 1e999,
                 "irradiance_w_per_m2": 0}]})",
                "out of range"},
           Case{"when,what\n", "line 1: the header must be"},
       }) {
    const auto series = parse_forecast(c.text);
    ASSERT_FALSE(series) << c.text;
    EXPECT_NE(series.error().message.find(c.part), std::string::npos) << series.error().message;
  }
}

}  // namespace
}  // namespace hearth::weather
