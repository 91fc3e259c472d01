#include "common/time.h"

#include <gtest/gtest.h>

#include "common/units.h"

namespace hearth {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(Time, ReadsWhatItPrints) {
  for (const char* text :
       {"2026-01-03T06:00:00Z", "1970-01-01T00:00:00Z", "2024-02-29T23:59:59.250Z"}) {
    const auto time = parse_utc_time(text);
    ASSERT_TRUE(time) << text;
    EXPECT_EQ(to_string(*time), text);
  }
}

TEST(Time, UnderstandsOffsetsAndShortForms) {
  EXPECT_EQ(to_string(*parse_utc_time("2026-07-01 08:30+02:00")), "2026-07-01T06:30:00Z");
  EXPECT_EQ(to_string(*parse_utc_time("2026-01-01T00:00-0130")), "2026-01-01T01:30:00Z");
}

TEST(Time, RefusesWhatIsNotATime) {
  for (const char* text : {"", "2026", "2026-02-30T00:00:00Z", "2026-01-01T24:00:00Z",
                           "2026-01-01T00:00:00", "2026-01-01T00:00:00Zx", "tomorrow"}) {
    EXPECT_FALSE(parse_utc_time(text)) << text;
  }
}

TEST(Duration, ReadsUnits) {
  EXPECT_EQ(*parse_duration("90"), seconds{90});
  EXPECT_EQ(*parse_duration("1.5s"), milliseconds{1500});
  EXPECT_EQ(*parse_duration("250ms"), milliseconds{250});
  EXPECT_EQ(*parse_duration("2h"), hours{2});
  EXPECT_EQ(*parse_duration("1d"), hours{24});
  for (const char* text : {"", "s", "5 s", "5y", "nan", "1e99", "inf"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(Duration, PrintsTwoUnits) {
  EXPECT_EQ(to_string(milliseconds{250}), "250ms");
  EXPECT_EQ(to_string(milliseconds{4290}), "4.2s");
  EXPECT_EQ(to_string(Duration{seconds{185}}), "3m05s");
  EXPECT_EQ(to_string(Duration{minutes{127}}), "2h07m");
  EXPECT_EQ(to_string(Duration{hours{76}}), "3d04h");
  EXPECT_EQ(to_string(milliseconds{-250}), "-250ms");
}

TEST(Units, RoundToThousandths) {
  EXPECT_EQ(rounded(Watts{1.00049}), Watts{1.0});
  EXPECT_EQ(rounded(Celsius{-0.0006}), Celsius{-0.001});
  EXPECT_EQ(from_seconds(0.0125), milliseconds{13});
}

}  // namespace
}  // namespace hearth
