#include "node_agent/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace hearth::node_agent {
namespace {

using testing::HasSubstr;

std::string deployed() {
  std::ifstream file{HEARTH_DEPLOY_DIR "/agent.json"};
  return {std::istreambuf_iterator<char>{file}, {}};
}

std::string problems_of_text(const std::string& text) {
  const auto config = parse_config(text);
  return config ? "none" : config.error().message;
}

// With these keys added to a sound file.
std::string problems_with(const std::string& keys) {
  return problems_of_text(R"({"node_id": "n", "zone_id": "z", )" + keys + "}");
}

TEST(Config, TheDeployedFileIsSoundAndShowsEveryKey) {
  const auto config = parse_config(deployed());
  ASSERT_TRUE(config) << config.error().message;
  // Printing writes every key there is; what is read back prints the same.
  const auto printed = print_config(*config);
  const auto again = parse_config(printed);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(print_config(*again), printed);
  const auto text = deployed();
  for (std::size_t at = printed.find('"'); at != std::string::npos;) {
    const auto end = printed.find('"', at + 1);
    if (printed[end + 1] == ':') {
      EXPECT_THAT(text, HasSubstr(printed.substr(at, end + 1 - at)));
    }
    at = printed.find('"', end + 1);
  }
}

TEST(Config, ANameAndAZoneAreEnough) {
  const auto config = parse_config(R"({"node_id": "n", "zone_id": "z"})");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_GE(config->agent.facts.cores, 1);
  EXPECT_GT(config->agent.facts.memory_bytes, 0U);
  EXPECT_EQ(config->heater.simulated.cores, config->agent.facts.cores);
}

TEST(Config, ATankWithoutHardwareIsSimulated) {
  const std::string names = R"({"node_id": "n", "zone_id": "z", )";
  EXPECT_FALSE(parse_config(names + R"("heater": {}})")->heater.boiler);
  const auto config =
      parse_config(names + R"("kind": "BOILER", "tank": {"volume_l": 300, "compute_max_c": 55},
          "power": {"max_w": 850, "resistance_w": 1500}, "cores": 8,
          "heater": {"initial_temperature_c": 45, "resistance_max_w": 1500, "draws": "M"}})");
  ASSERT_TRUE(config) << config.error().message;
  ASSERT_TRUE(config->heater.boiler);
  const auto& boiler = *config->heater.boiler;
  EXPECT_EQ(boiler.tank.volume_l, 300);
  EXPECT_EQ(boiler.tank.compute_max, 55_degC);
  EXPECT_EQ(boiler.tank.resistance, 1500_W);
  EXPECT_NEAR(boiler.tank.loss_w_per_k, 2.36, 0.01);
  EXPECT_EQ(boiler.start, 45_degC);
  EXPECT_EQ(boiler.max, 850_W);
  EXPECT_EQ(boiler.cores, 8);
  EXPECT_EQ(boiler.resistance_max, 1500_W);
  EXPECT_EQ(boiler.draws, thermal::LoadProfile::kM);
  const auto still = parse_config(names + R"("kind": "BOILER", "tank": {"volume_l": 300},
      "heater": {"draws": "NONE"}})");
  ASSERT_TRUE(still);
  EXPECT_FALSE(still->heater.boiler->draws);
}

TEST(Config, TellsEveryProblemAtOnce) {
  const auto problems = problems_of_text(R"({
    "node_id": "n 1", "colour": "red", "cores": "two", "scheduler": "10.0.0.1:7400",
    "time_zone": "Mars/Olympus", "power": {"idle_w": 90, "min_run_w": 60, "fan_w": 1},
    "band": {"flex": {"may_start_below_k": 3}}, "heater": {"driver": "stove"}})");
  for (const char* problem :
       {"node_id: not 1-64 of", "zone_id: not 1-64 of", "colour: unknown key", "cores: wrong type",
        "scheduler: not on this machine", "time_zone: unknown", "power.not 0 <= off_w",
        "power.fan_w: unknown key", "band.flex.may_start_below_k: over must_stop_above_k",
        "heater.driver: not simulated or sysfs: stove"}) {
    EXPECT_THAT(problems, HasSubstr(problem));
  }
}

TEST(Config, ChecksValues) {
  const struct {
    const char* keys;
    const char* problem;
  } cases[] = {
      {R"("task_user": "no-such-user")", "task_user: no such user: no-such-user"},
      {R"("task_user": "daemon", "task_user_id": 7)", "task_user_id: two different users"},
      {R"("task_user": "root")", "task_user: tasks would be root"},
      {R"("cores": 0)", "cores: not in 1..1024"},
      {R"("isolation": {"grants_network": true})",
       "isolation.grants_network: not in somebody's home"},
      {R"("kind": "FRIDGE")", "kind: unknown: FRIDGE"},
      {R"("default_setpoint_c": 35)", "default_setpoint_c: not in 5..30 degC"},
      {R"("state_dir": "relative")", "state_dir: not an absolute path"},
      {R"("sensor_period_s": 0)", "sensor_period_s: under 0.01"},
      {R"("watchdog_s": -1)", "watchdog_s: not between 0 and 1e9 s"},
      {R"("log_level": "loud")", "log_level: not debug, info, warn or error: loud"},
      {R"("reconnect": {"min_s": 5, "max_s": 1})", "reconnect.not 0 < min_s <= max_s"},
      {R"("heater": {"room": {"mass": "FLUFFY"}})", "heater.room.mass: not VERY_LIGHT"},
      {R"("heater": {"room": {"capacity_scale": 0}})", "heater.room.capacity_scale: not above 0"},
      {R"("heater": {"driver": "sysfs"})", "heater.air.name: missing"},
      {R"("quiet_hours": 7)", "quiet_hours: not a list"},
      {R"("quiet_hours": [{"from": "25:00", "to": "06:00", "p_max_w": 1}])",
       "quiet_hours[0].from: unknown: 25:00"},
      {R"("power": {"speed": {"exponent": 0.5}})", "power.speed.exponent: not in 1..4"},
      {R"("power": {"resistance_w": -1})", "power.resistance_w: negative"},
      {R"("tank": {"volume_l": 200})", "tank: only for a BOILER"},
      {R"("kind": "BOILER", "tank": {"volume_l": 200}, "heater": {"driver": "sysfs"})",
       "heater: a tank needs tank_top, tank_middle and tank_bottom"},
      {R"("kind": "BOILER", "tank": {"volume_l": 200})", "none"},
      {R"("kind": "BOILER", "tank": {"volume_l": 5})", "tank.volume_l: under 10 l"},
      {R"("heater": {"draws": "XXL"})", "heater.draws: not NONE, S, M, L or XL: XXL"},
      {R"("tank": {"useful_c": 60})", "tank.not useful_c < return_max_c"},
      {R"("tank": {"hygiene_c": 50})", "tank.hygiene_c: not in 60..90"},
      {R"("heater": {"case_share": 0.6})", "heater.case_share: not in 0..0.5"},
      {R"("heater": {"case_share": -0.1})", "heater.case_share: not in 0..0.5"},
      {R"("control": {"sensor_near_case": true}, "heater": {"case_share": 0.1})", "none"},
      {R"("control": {"sensor_near_case": true}, "heater": {"driver": "sysfs",
          "air": {"name": "sht3x"}})",
       "heater.case.name: missing: control.sensor_near_case needs it"},
      {R"("control": {"sensor_near_case": true}, "heater": {"driver": "sysfs",
          "air": {"name": "sht3x"}, "case": {"name": "lm75"}})",
       "none"},
      {R"("control": {"sensor_near_case": true}, "follows": true,
          "heater": {"driver": "sysfs", "case": {"name": "lm75"}})",
       "control.sensor_near_case: for a room's own sensor; not with a tank or follows"},
      {R"("band": {"tank": {"flex": {"must_stop_above_k": 1}}})",
       "band.tank.flex.must_stop_above_k: above 0"},
      {R"("follows": true, "heater": {"driver": "sysfs"})", "none"},
      {R"("heater": [])", "heater: not an object"},
      {R"("insecure": true, "scheduler": "10.0.0.1:7400")", "none"},
      {R"("heater": {"driver": "sysfs", "air": {"name": "sht3x"}})", "none"},
      {R"("power": {"can_sleep": true}, "heater": {"driver": "sysfs", "air": {"name": "sht3x"}})",
       "heater.boards_switch: missing"},
      {R"("power": {"resistance_w": 500}, "heater": {"driver": "sysfs", "air": {"name": "sht3x"}})",
       "heater.resistance_switch: missing"},
      {R"("power": {"resistance_w": 500, "can_sleep": true},
          "heater": {"driver": "sysfs", "air": {"name": "sht3x"}, "boards_switch": "/b",
                     "resistance_switch": "/r"})",
       "none"},
  };
  for (const auto& item : cases) {
    EXPECT_THAT(problems_with(item.keys), HasSubstr(item.problem)) << item.keys;
  }
  EXPECT_EQ(problems_of_text("{"), "not a JSON object");
}

}  // namespace
}  // namespace hearth::node_agent
