// How far learned rooms can be trusted: fit_bench [--details].
//
// Houses that the learner does not know (5R1C with air and radiator, mass classes, losses, heating
// programmes, recordings as they come) are recorded for three weeks, learned from the first two and
// forecast for the third. Prints how good that was, in all and by kind; the same on every machine
// but for the last digits.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <map>
#include <numbers>
#include <string>
#include <string_view>
#include <vector>

#include "common/random.h"
#include "simulator/fit_report.h"
#include "thermal/simulated_room.h"

namespace {

using namespace hearth;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr int kDays = 21;
constexpr int kMinutes = kDays * 1440;

enum class Programme { kConstant, kSetback, kRandomPower, kOnOff };
constexpr std::string_view kProgrammeNames[] = {"constant", "setback", "random power",
                                                "on and off"};
enum class Recording { kFine, kCoarse, kMinute, kHourly, kGaps, kIrregular };
constexpr std::string_view kRecordingNames[] = {"10 min", "0.5 K", "1 min",
                                                "hourly", "gaps",  "irregular"};
constexpr std::string_view kMassNames[] = {"very light", "light", "medium", "heavy", "very heavy"};

struct House {
  std::uint64_t seed = 1;
  double ua_w_per_k = 100;
  thermal::MassClass mass = thermal::MassClass::kMedium;
  Programme programme = Programme::kSetback;
  Recording recording = Recording::kFine;
  double outdoor_c = 5;     // mean
  double guess = 0;         // of the loss, of the true one; 0: none
  double cools_before = 0;  // K above its first setpoint that the house begins with
};

struct Sky {
  double outdoor_c = 0;
  double global = 0;  // W/m2, on the horizontal
  double facade = 0;  // to the south
};

// A winter of our own: seasons of days, clouds that stay for hours.
std::vector<Sky> weather(const House& house, Random& random) {
  std::vector<Sky> sky(kMinutes);
  double drift = 0;
  double clear = 0.5;
  for (int m = 0; m < kMinutes; ++m) {
    if (m % 60 == 0) {
      drift = 0.985 * drift + 0.6 * random.normal();
      clear = std::clamp(0.93 * clear + 0.07 * 0.45 + 0.13 * random.normal(), 0.05, 1.0);
    }
    const double hour = m % 1440 / 60.0;
    const double high = std::max(0.0, std::cos((hour - 12.2) / 9.5 * std::numbers::pi));
    const double day = std::cos((hour - 15) / 24 * 2 * std::numbers::pi);
    sky[m].outdoor_c = house.outdoor_c + drift + (1 + 3 * clear) * day;
    sky[m].global = 420 * clear * high;
    sky[m].facade = 620 * clear * clear * high + 60 * high;
  }
  return sky;
}

// Records a house minute by minute; the heater is a PI controlled radiator, or switched.
class Recorder {
 public:
  Recorder(const House& house, Random& random)
      : house_(house),
        random_(random),
        rated_w_(1.3 * house.ua_w_per_k * 30),
        room_(thermal::room_with_loss(area_m2(), house.ua_w_per_k, house.mass),
              {.rated = Watts{rated_w_}}, Celsius{20 + house.cools_before}) {}

  simulator::RecordedRoom record(const std::vector<Sky>& sky) {
    simulator::RecordedRoom recorded;
    for (int m = 0; m < kMinutes; ++m) {
      const double air = room_.state().air.value;
      const double power_w = power(m, air);
      write(recorded, m, air, power_w, sky[m]);
      const double gain = 1.5 * area_m2() + (m % 1440 >= 1080 && m % 1440 < 1350 ? 120.0 : 0.0);
      const double solar = 0.05 * area_m2() * 0.5 * sky[m].facade;
      room_.step(Watts{power_w}, {Celsius{sky[m].outdoor_c}, Watts{solar}, Watts{gain}},
                 std::chrono::minutes{1});
    }
    finish(recorded);
    return recorded;
  }
  double ua_w_per_k() const { return room_.ua_w_per_k(); }

 private:
  double area_m2() const { return std::max(15.0, 0.9 * house_.ua_w_per_k); }

  double power(int minute, double air) {
    const int of_day = minute % 1440;
    double target = 20.5;
    switch (house_.programme) {
      case Programme::kRandomPower:
        if (minute % 180 == 0) level_ = 0.75 * static_cast<double>(random_.below(3)) / 2;
        if (air > 25) return 0;
        return air < 14 ? rated_w_ : level_ * rated_w_;
      case Programme::kOnOff:
        target = of_day < 360 || of_day >= 1320 ? 18.5 : 20.5;
        if (air < target - 0.3) level_ = 1;
        if (air > target + 0.3) level_ = 0;
        return level_ * rated_w_;
      case Programme::kSetback:
        target = of_day < 360 || of_day >= 1320 ? 17 : 20.5;
        break;
      case Programme::kConstant:
        break;
    }
    const double error = target - air;
    integral_ = std::clamp(integral_ + error / 240, -0.2, 1.0);
    return rated_w_ * std::clamp(0.5 * error + integral_, 0.0, 1.0);
  }

  void write(simulator::RecordedRoom& out, int minute, double air, double power_w, const Sky& sky) {
    energy_j_ += power_w * 60;
    ++since_;
    int every = 10;
    if (house_.recording == Recording::kMinute) every = 1;
    if (house_.recording == Recording::kHourly) every = 60;
    if (house_.recording == Recording::kIrregular) every = next_;
    if (minute == 0 || since_ < every) {
      if (minute > 0) return;
    }
    next_ = 3 + static_cast<int>(random_.below(20));
    if (house_.recording == Recording::kGaps && minute > 0 && random_.chance(1)) {
      silent_until_ = minute + static_cast<int>(random_.below(600));
    }
    // A line's power holds until the next: the mean of what comes, known one line later.
    if (!out.power_w.empty()) out.power_w.back() = energy_j_ / (60.0 * since_);
    const bool silent = minute < silent_until_;
    if (silent && !out.power_w.empty()) out.power_w.back() = kNaN;
    energy_j_ = 0;
    since_ = 0;
    double read = air + 0.02 * random_.normal();
    if (house_.recording == Recording::kCoarse) read = std::round(2 * read) / 2;
    out.time_s.push_back(60.0 * minute);
    out.zone_c.push_back(
        silent || (house_.recording == Recording::kGaps && random_.chance(5)) ? kNaN : read);
    out.power_w.push_back(power_w);
    out.outdoor_c.push_back(sky.outdoor_c);
    out.irradiance_w_per_m2.push_back(sky.global);
  }

  void finish(simulator::RecordedRoom& out) const {
    out.sensor_std_k = thermal::sensor_std_k(thermal::detected_quantum_k(out.zone_c));
  }

  const House& house_;
  Random& random_;
  double rated_w_;
  thermal::SimulatedRoom room_;
  double integral_ = 0.3;
  double level_ = 0;
  double energy_j_ = 0;
  int since_ = 0;
  int next_ = 10;
  int silent_until_ = -1;
};

struct Outcome {
  double ratio = kNaN;     // RMSE over persistence at 24 h
  double rmse_k = kNaN;    // at 24 h
  double ua_error = kNaN;  // ln(UA / true UA)
  double demand_cv = kNaN;
  bool accepted = false;
  bool failed = false;  // no forecast at all
  double fit_s = 0;
};

Outcome outcome_of(const House& house, bool details) {
  Random random{house.seed * 7919};
  const auto sky = weather(house, random);
  Recorder recorder{house, random};
  const auto recorded = recorder.record(sky);
  const auto report = simulator::make_fit_report(
      recorded, {"house", {0, 14}, {14, 20.9}, house.guess * recorder.ua_w_per_k()});
  Outcome outcome;
  if (!report || !report->score.rmse_k[4]) {
    outcome.failed = true;
    return outcome;
  }
  outcome.rmse_k = *report->score.rmse_k[4];
  outcome.ratio = outcome.rmse_k / std::max(0.3, *report->score.persistence_k[4]);
  outcome.ua_error = std::log(report->fit.ua_w_per_k / recorder.ua_w_per_k());
  outcome.demand_cv = report->demand.cv_rmse.value_or(kNaN);
  outcome.accepted = report->fit.accepted;
  outcome.fit_s = report->fit_wall_s;
  if (details) {
    std::printf(
        "%3.0f W/K %-10s %-12s %-9s start %+.0f: 24 h %.2f K (persistence %.2f), UA %+.0f %%"
        ", demand %.0f %%, %s, %s\n",
        house.ua_w_per_k, kMassNames[static_cast<std::size_t>(house.mass)].data(),
        kProgrammeNames[static_cast<std::size_t>(house.programme)].data(),
        kRecordingNames[static_cast<std::size_t>(house.recording)].data(), house.cools_before,
        outcome.rmse_k, *report->score.persistence_k[4], 100 * (std::exp(outcome.ua_error) - 1),
        100 * outcome.demand_cv, std::string(thermal::to_string(report->fit.kind)).c_str(),
        report->fit.reason.c_str());
  }
  return outcome;
}

double quantile(std::vector<double> values, double share) {
  std::erase_if(values, [](double v) { return std::isnan(v); });
  if (values.empty()) return kNaN;
  std::ranges::sort(values);
  return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1) + 0.5)];
}

void print_row(const std::string& name, const std::vector<Outcome>& all) {
  std::vector<double> ratio, rmse, ua, cv;
  double accepted = 0, fit_s = 0;
  for (const auto& o : all) {
    ratio.push_back(o.ratio);
    rmse.push_back(o.rmse_k);
    ua.push_back(std::abs(o.ua_error));
    cv.push_back(o.demand_cv);
    accepted += o.accepted ? 1 : 0;
    fit_s += o.fit_s;
  }
  const auto n = static_cast<double>(all.size());
  std::printf(
      "%-14s %3zu   %4.2f %4.2f %5.2f   %4.2f %5.2f   %4.0f %4.0f %5.0f   %4.0f %5.0f"
      "   %4.0f   %6.3f\n",
      name.c_str(), all.size(), quantile(ratio, 0.5), quantile(ratio, 0.9), quantile(ratio, 1),
      quantile(rmse, 0.5), quantile(rmse, 1), 100 * (std::exp(quantile(ua, 0.5)) - 1),
      100 * (std::exp(quantile(ua, 0.9)) - 1), 100 * (std::exp(quantile(ua, 1)) - 1),
      100 * quantile(cv, 0.5), 100 * quantile(cv, 0.9), 100 * accepted / n, fit_s / n);
}

std::vector<House> houses() {
  constexpr double kLosses[] = {40, 90, 180, 400};
  std::vector<House> all;
  Random random{1};
  for (int programme = 0; programme < 4; ++programme) {
    for (int mass = 0; mass < 5; ++mass) {
      for (int recording = 0; recording < 6; ++recording) {
        House house;
        house.seed = all.size() + 1;
        house.programme = static_cast<Programme>(programme);
        house.mass = static_cast<thermal::MassClass>(mass);
        house.recording = static_cast<Recording>(recording);
        house.ua_w_per_k = kLosses[random.below(4)] * (0.8 + 0.4 * random.uniform());
        house.outdoor_c = -3 + 12 * random.uniform();
        house.cools_before = random.chance(33) ? 6 : random.chance(50) ? -5 : 0;
        if (random.chance(40)) house.guess = random.chance(50) ? 0.2 : 5;
        all.push_back(house);
      }
    }
  }
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  const bool details = argc > 1 && std::string_view(argv[1]) == "--details";
  if (argc > 2 || (argc == 2 && !details)) {
    std::fputs("usage: fit_bench [--details]\n", stderr);
    return 2;
  }
  std::map<std::string, std::vector<Outcome>> groups;
  std::vector<Outcome> all;
  for (const auto& house : houses()) {
    const auto outcome = outcome_of(house, details);
    all.push_back(outcome);
    groups["1 " + std::string(kProgrammeNames[static_cast<std::size_t>(house.programme)])]
        .push_back(outcome);
    groups["2 " + std::string(kMassNames[static_cast<std::size_t>(house.mass)])].push_back(outcome);
    groups["3 " + std::string(kRecordingNames[static_cast<std::size_t>(house.recording)])]
        .push_back(outcome);
    groups[house.guess == 0  ? "4 no guess"
           : house.guess < 1 ? "4 guess of 1/5"
                             : "4 guess of 5"]
        .push_back(outcome);
  }
  std::puts(
      "                      24 h RMSE/pers.   24 h RMSE, K   UA error, %      demand CV, %  "
      "accepted  fit\nhouses           n   med. 90 % worst   med. worst   med. 90 % worst"
      "   med.  90 %      %       s");
  for (const auto& [name, outcomes] : groups) print_row(name.substr(2), outcomes);
  print_row("all", all);
}
