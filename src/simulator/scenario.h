// A scenario: one JSON file, one struct with defaults. Unknown keys and senseless values are
// refused, all problems at once, each with its path ("work.load: not between 0 and 5").
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/result.h"
#include "common/time.h"
#include "thermal/draw_off.h"

namespace hearth::simulator {

enum class WorkKind { kGenerator, kSwf, kNone };

struct Scenario {
  std::string name = "unnamed";
  std::string about;
  UtcTime start{std::chrono::sys_days{std::chrono::year{2026} / 1 / 12}};  // a Monday
  double days = 14;         // while work is submitted; heat is judged in these days
  double drain_days = 3;    // at most, for what is still waiting then
  double dropped_days = 2;  // at the start, from heat's metrics (HEAT section 4)
  int nodes = 1024;         // a zone each

  struct Site {
    int nodes_per_building = 16;
    double breaker_w = 0;  // 0: none that could trip
    double reserve_w = 0;  // of it, for other loads
  } site;

  struct Weather {
    std::string epw;  // a file; empty: climate normals
    std::string normals = "Lyon";
    double offset_k = 0;          // added to every outdoor temperature: a cold snap
    double noise_k = 2.5;         // std of the days' departure from the normals; not with a file
    double forecast_error_k = 1;  // scales HEAT section 1's forecast error; 0: a perfect forecast
  } weather;

  // Each zone draws uniformly between the two.
  struct Buildings {
    std::vector<double> ua_w_per_k_m2{0.5, 1.0};
    std::vector<double> window_share{0.12, 0.25};  // of the floor area
    double solar_g = 0.32;  // g 0.6 less frame, shade and angle (ISO 13790 11.4)
    std::vector<double> mass_shares{0.05, 0.15, 0.4, 0.3, 0.1};  // very light .. very heavy
  } buildings;

  // rated = ratio * 1.2 UA (20 - design_c): adequate from 1 on (HEAT section 2).
  struct Sizing {
    double adequate_share = 0.95;
    double design_c = -7;
    double ratio_max = 1.6;
    double ratio_min = 0.75;  // of those that are not adequate
  } sizing;

  struct Comfort {
    double setpoint_c = 20;
    double setback_c = 17;  // at night and when away, with "setback"
    std::string programme = "constant";
  } comfort;

  struct Occupants {
    double home_share = 0.3;    // somebody is in all day
    double office_share = 0.1;  // only on working days, 8 to 18 h; the others go to work
    double gain_w = 35;         // a person, who is elsewhere in the home half of the time
    double devices_w = 40;      // in the evening; a quarter of it otherwise
    double airings_per_day = 1;
    double airing_minutes = 6;
    double airing_w_per_k = 90;       // a window wide open
    double too_warm_k = 3;            // above the setpoint a window is opened for longer
    double warm_window_w_per_k = 40;  // tilted
  } occupants;

  struct Node {
    int cores = 4;
    double idle_w = 40;
    double max_w = 500;
    double off_w = 2;
    double min_run_w = 60;
    double boot_s = 90;
    double speed_min = 0.4;      // below it, duty cycle
    double model_spread = 0.06;  // max_w of the three CPU models: 1 - spread, 1, 1 + spread
    double sensor_noise_k = 0.05;
    double sensor_quantum_k = 0.1;
    double near_case_share = 0;  // of the rooms' sensors read 3 to 15 % of the case
  } node;

  struct Tanks {
    double share = 0;           // of the nodes heat a tank instead of a room
    double volume_l = 200;      // each 10 % more or less
    double rated_w = 850;       // of the computers; models differ as in rooms
    std::string profile = "L";  // of EU 814/2013: S, M, L or XL
    double resistance_w = 1500;
    double compute_max_c = 57;  // T_max_compute
    double return_max_c = 52;   // warmest water that the computers' loop takes back
    double useful_c = 40;       // a colder litre is unmet (but see tanks.h)
  } tanks;

  struct Work {
    WorkKind kind = WorkKind::kGenerator;
    std::string swf;
    double load = 0.6;  // of the fleet's heat capacity: what `ideal` delivers, as core-seconds
    double median_s = 580;
    double p90_s = 4600;
    double max_s = 2.3e5;
    double single_share = 0.92;  // of jobs have one task
    int batch_max = 961;
    double reserved_share = 0.1;
    double flex_share = 0.3;
    double estimate_sigma = 0.4;  // ln of the submitter's guess over the truth
    double no_estimate_share = 0.3;
  } work;

  struct Outage {  // the network is gone, for everybody
    double from_h = 0;
    double hours = 0;
  };
  std::vector<Outage> outages;

  struct Cores {  // what the real cores are told
    double plan_period_s = 600;
    double report_period_s = 600;
    double limits_valid_s = 1800;
    double fit_period_h = 120;  // rooms are learned so often (nightly in life); 0: never
    int near_case = 1;          // agents take the case out of sensors near it; 0: they do not know
  } cores;

  struct Record {
    int sample_zones = 6;
    double every_s = 600;
  } record;

  [[nodiscard]] int minutes_of_work() const { return static_cast<int>(days * 1440); }
  [[nodiscard]] int minutes_in_all() const { return static_cast<int>((days + drain_days) * 1440); }
  [[nodiscard]] int minutes_dropped() const { return static_cast<int>(dropped_days * 1440); }
};

// "S", "M", "L" or "XL"; nothing otherwise.
std::optional<thermal::LoadProfile> tank_profile(const std::string& name);

// `overrides` are "key=value" with the key as a path ("work.load=1.1"); values as in JSON, words
// without quotes. kInvalidArgument with every problem.
Result<Scenario> parse_scenario(const std::string& text, const std::vector<std::string>& overrides);
Result<Scenario> load_scenario(const std::string& path, const std::vector<std::string>& overrides);

// The scenario as JSON, every key: for results, so that they say what they are of.
std::string to_json(const Scenario& scenario);

}  // namespace hearth::simulator
