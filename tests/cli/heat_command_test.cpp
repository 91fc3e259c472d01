// `hearth capacity`, `quote`, `site`, `zone show|plan` and `node show` against a scheduler of ours.
#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>

#include "cli/application.h"
#include "fake_scheduler.h"
#include "support/temporary_directory.h"

namespace hearth::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr std::int64_t kNoon = 1'795'521'600;  // 2026-11-24T12:00:00Z

class HeatCommandTest : public testing::Test {
 protected:
  struct Outcome {
    int code;
    std::string out;
    std::string err;
  };

  HeatCommandTest() {
    ::setenv("TZ", "UTC", 1);
    ::tzset();
    auto& capacity = scheduler.fleet.capacity;
    capacity.mutable_made_at()->set_seconds(kNoon);
    for (int i = 0; i < 2; ++i) {
      auto* hour = capacity.add_hours();
      hour->mutable_from()->set_seconds(kNoon + 3600 * i);
      hour->mutable_power_w()->set_p5(1000);
      hour->mutable_power_w()->set_p50(1500);
      hour->mutable_power_w()->set_p95(2000);
      hour->mutable_cores()->set_p50(12.34);
    }
    capacity.mutable_day_energy_j()->set_p50(36e6 * 3.6);
    capacity.set_zones(3);
    scheduler.fleet.site.set_site_id("maple");
    scheduler.fleet.site.set_daily_heat_j(144e6);
    scheduler.fleet.zone.set_zone_id("kitchen");
    scheduler.fleet.node.set_node_id("n1");
  }

  Outcome hearth(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--server", scheduler.address()});
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const int code = run(std::move(arguments));
    std::fflush(stdout);
    return {code, testing::internal::GetCapturedStdout(), testing::internal::GetCapturedStderr()};
  }

  std::string file(const std::string& text) {
    const auto path = std::string{temporary.path()} + "/job.json";
    std::ofstream(path) << text;
    return path;
  }

  FakeScheduler scheduler;
  const TemporaryDirectory temporary;
};

TEST_F(HeatCommandTest, CapacityIsATableWithBarsAndASum) {
  const auto done = hearth({"capacity", "--hours", "2"});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(scheduler.fleet.hours_asked, 2U);
  EXPECT_THAT(done.out,
              AllOf(HasSubstr("Tue 2026-11-24 13:00"), HasSubstr("1.50 kW"), HasSubstr("12.3"),
                    HasSubstr("████████████▓▓▓▓▓▓░░░░░░\n"),
                    HasSubstr("next 24 h: 36.0 kWh (P5 0.00 kWh, P95 0.00 kWh) in 3 zones")));
  EXPECT_THAT(hearth({"capacity", "-o", "json"}).out, HasSubstr("\"p50\":1500"));
  EXPECT_EQ(scheduler.fleet.hours_asked, 48U);
  for (const auto* wrong : {"0", "49", "-3", "soon"}) {
    const auto refused = hearth({"capacity", "--hours", wrong});
    EXPECT_EQ(refused.code, 2) << wrong;
    EXPECT_THAT(refused.err, HasSubstr("--hours")) << wrong;
  }
}

TEST_F(HeatCommandTest, AQuoteUploadsNothingAndSaysWhyNot) {
  auto& quote = scheduler.jobs.quote;
  quote.mutable_quoted_at()->set_seconds(kNoon);
  quote.mutable_p50()->mutable_start()->set_seconds(kNoon);
  quote.mutable_p50()->mutable_finish()->set_seconds(kNoon + 5400);
  quote.set_energy_j(1.8e6);
  quote.set_reason("cannot meet the deadline, because it is cold enough nowhere");
  const auto path = file(
      R"({"command": ["a"], "task_count": 7, "inputs": [{"file": "not-there"}], "deadline": "+1h"})");
  const auto done = hearth({"quote", path});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(scheduler.jobs.quoted.task_count(), 7U);
  EXPECT_TRUE(scheduler.jobs.submitted.empty());
  EXPECT_EQ(scheduler.artifacts.uploads, 0);
  EXPECT_THAT(done.out, AllOf(HasSubstr("P50  now"), HasSubstr("Tue 2026-11-24 13:30 (in 1h30m)"),
                              HasSubstr("P90  not known"), HasSubstr("energy: 0.50 kWh"),
                              HasSubstr("cannot meet the deadline, because")));
  const auto json = hearth({"quote", path, "-o", "json"});
  EXPECT_EQ(json.code, 0);
  EXPECT_THAT(json.out, HasSubstr("\"meets_deadline\":false"));
  const auto wrong = hearth({"quote", file("{\"commnd\": []}")});
  EXPECT_EQ(wrong.code, 2);
  EXPECT_THAT(wrong.err, HasSubstr("commnd"));
}

TEST_F(HeatCommandTest, AHolidayBeginsIsShownAndEnds) {
  auto& setpoint = *scheduler.fleet.zone.mutable_setpoint();
  setpoint.set_mode(fleet::v1::SETPOINT_MODE_CONSTANT);
  setpoint.set_setpoint_c(20.5);
  const auto begun = hearth({"zone", "holiday", "kitchen", "--until", "+14d", "--away", "10"});
  EXPECT_EQ(begun.code, 0) << begun.err;
  EXPECT_EQ(scheduler.fleet.holiday_asked.holiday().away_c(), 10);
  EXPECT_FALSE(scheduler.fleet.holiday_asked.holiday().has_from()) << "at once, by hearthd's clock";
  EXPECT_THAT(begun.out, AllOf(HasSubstr("kitchen: holiday at 10.0 °C until "),
                               HasSubstr(", otherwise 20.5 °C")));
  EXPECT_THAT(hearth({"zone", "show", "kitchen"}).out, HasSubstr("Holiday:      10.0 °C until "));
  const auto ended = hearth({"zone", "holiday", "kitchen", "--end"});
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_FALSE(scheduler.fleet.holiday_asked.has_holiday());
  EXPECT_EQ(ended.out, "kitchen: no holiday, 20.5 °C holds\n");

  const auto json =
      hearth({"zone", "holiday", "kitchen", "--from", "+1d", "--until", "+20d", "-o", "json"});
  EXPECT_THAT(json.out, HasSubstr("\"away_c\":12"));
  EXPECT_TRUE(scheduler.fleet.holiday_asked.holiday().has_from());
  EXPECT_THAT(hearth({"zone", "show", "kitchen"}).out, HasSubstr("12.0 °C from "));

  struct Wrong {
    std::vector<std::string> words;
    const char* says;
  };
  for (const auto& [words, says] :
       {Wrong{{}, "needs either --until or --end"},
        Wrong{{"--end", "--until", "+1d"}, "--end goes"},
        Wrong{{"--until", "sunday"}, "--until: neither a time"},
        Wrong{{"--until", "2020-01-01T00:00:00Z"}, "is in the past"},
        Wrong{{"--until", "+1d", "--from", "later"}, "--from: neither a time"},
        Wrong{{"--until", "+500d"}, "over a year ahead"},
        Wrong{{"--until", "+1d", "--away", "2"}, "away_c: not in 5..30"}}) {
    std::vector<std::string> all{"zone", "holiday", "kitchen"};
    all.insert(all.end(), words.begin(), words.end());
    const auto refused = hearth(all);
    EXPECT_EQ(refused.code, 2) << says;
    EXPECT_THAT(refused.err, HasSubstr(says));
  }
  EXPECT_EQ(hearth({"zone", "holiday", "attic", "--end"}).code, 5);
}

TEST_F(HeatCommandTest, AZonesHistoryIsATableOrCsvOrJson) {
  auto& history = scheduler.fleet.history;
  for (int i = 0; i < 2; ++i) {
    auto* point = history.add_points();
    point->mutable_at()->set_seconds(kNoon + 600 * i);
    point->set_temperature_c(20.25 + i);
    point->set_power_w(312.5);
    if (i == 1) continue;  // OFF, and no weather
    point->set_setpoint_c(20);
    point->set_outdoor_c(-3.5);
    point->set_irradiance_w_per_m2(120);
  }
  const auto table = hearth({"zone", "history", "kitchen"});
  EXPECT_EQ(table.code, 0) << table.err;
  EXPECT_EQ(scheduler.fleet.history_asked.hours(), 24U);
  EXPECT_EQ(table.out,
            "AT                    TEMPERATURE  SETPOINT  POWER  OUTDOORS       SUN\n"
            "Tue 2026-11-24 12:00      20.2 °C   20.0 °C  312 W   -3.5 °C  120 W/m2\n"
            "Tue 2026-11-24 12:10      21.2 °C            312 W\n");
  const auto csv = hearth({"zone", "history", "kitchen", "--hours", "2160", "-o", "csv"});
  EXPECT_EQ(csv.code, 0) << csv.err;
  EXPECT_EQ(csv.out,
            "time,temperature_c,setpoint_c,reference_c,power_w,outdoor_c,irradiance_w_per_m2\n"
            "2026-11-24T12:00:00Z,20.25,20.00,,312.50,-3.50,120.00\n"
            "2026-11-24T12:10:00Z,21.25,,,312.50,,\n");
  EXPECT_THAT(hearth({"zone", "history", "kitchen", "-o", "json"}).out,
              HasSubstr("\"temperature_c\":20.25"));
  const auto fine = hearth({"zone", "history", "kitchen", "--hours", "3", "--fine"});
  EXPECT_TRUE(scheduler.fleet.history_asked.fine());
  EXPECT_THAT(fine.out, AllOf(HasSubstr("REFERENCE"), HasSubstr("Tue 2026-11-24 12:00:00")));
  for (const auto* wrong : {"0", "2161", "-1", "week"}) {
    const auto refused = hearth({"zone", "history", "kitchen", "--hours", wrong});
    EXPECT_EQ(refused.code, 2) << wrong;
    EXPECT_THAT(refused.err, HasSubstr("--hours")) << wrong;
  }
  EXPECT_EQ(hearth({"zone", "history", "kitchen", "--fine", "--hours", "25"}).code, 2);
  EXPECT_EQ(hearth({"zone", "history", "attic"}).code, 5);
  const auto elsewhere = hearth({"zone", "show", "kitchen", "-o", "csv"});
  EXPECT_EQ(elsewhere.code, 2);
  EXPECT_THAT(elsewhere.err, HasSubstr("only results and zone history print that"));
  history.clear_points();
  EXPECT_THAT(hearth({"zone", "history", "kitchen"}).err, HasSubstr("nothing is known"));
}

TEST_F(HeatCommandTest, ASiteIsCappedAndTheCapLifted) {
  const auto capped = hearth({"site", "cap", "maple", "3500", "--reason", "peak hour"});
  EXPECT_EQ(capped.code, 0) << capped.err;
  EXPECT_EQ(capped.out, "maple: capped at 3.50 kW, drawing 0 W\n");
  EXPECT_EQ(scheduler.fleet.reason, "peak hour");
  EXPECT_THAT(hearth({"site", "show", "maple"}).out,
              AllOf(HasSubstr("3.50 kW"), HasSubstr("40.0 kWh"), HasSubstr("Breaker:"),
                    HasSubstr("Capped because:  peak hour")));
  EXPECT_THAT(hearth({"site", "list", "-o", "json"}).out, HasSubstr("\"cap_w\":3500"));
  EXPECT_EQ(hearth({"site", "cap", "maple", "none"}).out, "maple: no cap, drawing 0 W\n");
  for (const auto* wrong : {"-5", "nan", "inf", "1e15", "3kW", "3500 W", ""}) {
    const auto refused = hearth({"site", "cap", "maple", wrong});
    EXPECT_EQ(refused.code, 2) << wrong;
    EXPECT_FALSE(scheduler.fleet.site.has_cap_w()) << wrong;
  }
  const auto unknown = hearth({"site", "show", "elm"});
  EXPECT_EQ(unknown.code, 5);
  EXPECT_EQ(unknown.err, "hearth: site elm: unknown\n");
}

TEST_F(HeatCommandTest, AZoneShowsItsModelRunwayAndPlan) {
  auto& heat = *scheduler.fleet.zone.mutable_heat();
  heat.set_forecast(true);
  heat.set_charge_k(0.25);
  heat.set_hold_w(312);
  heat.mutable_runway()->set_seconds(7200 + 300);
  heat.mutable_model()->set_kind("3R2C");
  heat.mutable_model()->set_accepted(true);
  heat.mutable_model()->set_ua_w_per_k(41.5);
  heat.set_alarm(true);
  auto* hour = heat.add_plan();
  hour->mutable_from()->set_seconds(kNoon);
  hour->set_reference_c(20.25);
  hour->set_outdoor_c(-3.5);
  hour->set_hold_w(301);
  hour->set_lowest_j(0.9e6);
  hour->set_highest_j(1.8e6);
  EXPECT_THAT(hearth({"zone", "show", "kitchen"}).out,
              AllOf(HasSubstr("3R2C, accepted, loses 41.5 W/K"), HasSubstr("2h05m"),
                    HasSubstr("+0.25 K against the setpoint"), HasSubstr("312 W"),
                    HasSubstr("cold for hours"), Not(HasSubstr("Outdoors"))));
  EXPECT_THAT(hearth({"zone", "plan", "kitchen"}).out,
              AllOf(HasSubstr("Tue 2026-11-24 12:00"), HasSubstr("-3.5 °C"), HasSubstr("301 W"),
                    HasSubstr("0.25 kWh"), HasSubstr("0.50 kWh")));
  EXPECT_THAT(hearth({"zone", "plan", "kitchen", "-o", "json"}).out, HasSubstr("\"plan\":[{"));
  EXPECT_EQ(hearth({"zone", "show", "attic"}).code, 5);
}

TEST_F(HeatCommandTest, ANodeShowsItsStateTankAndWhatWasLearned) {
  auto& node = scheduler.fleet.node;
  node.set_asleep(true);
  node.set_window_open(true);
  node.mutable_learned()->set_max_w(480);
  node.mutable_learned()->set_speed_exponent(1.9);
  auto& tank = *node.mutable_tank();
  tank.mutable_top_c()->set_value(54);
  tank.mutable_top_c()->set_quality(fleet::v1::QUALITY_GOOD);
  tank.mutable_hygiene_due_in()->set_seconds(3 * 86'400);
  EXPECT_THAT(hearth({"node", "show", "n1"}).out,
              AllOf(HasSubstr("window open, asleep"), HasSubstr("480 W full"), HasSubstr("1.90"),
                    HasSubstr("top 54.0 °C, middle -"), HasSubstr("next lift")));
  EXPECT_THAT(hearth({"node", "show", "n1", "-o", "json"}).out, HasSubstr("\"asleep\":true"));
  EXPECT_EQ(hearth({"node", "show", "n9"}).code, 5);
}

}  // namespace
}  // namespace hearth::cli
