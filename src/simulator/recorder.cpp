#include "simulator/recorder.h"

#include <algorithm>

#include "simulator/comfort_book.h"
#include "simulator/metrics.h"

namespace hearth::simulator {
namespace {

constexpr double kChargeTopK = 0.5;  // state of charge 1: setpoint + 0.5 K (DESIGN section 6)

}  // namespace

Recorder::Recorder(const Scenario& scenario, const Fleet& fleet)
    : every_min_(std::max(1, static_cast<int>(scenario.record.every_s / 60))),
      zone_count_(fleet.zones.size()) {
  const auto wanted = std::min(zone_count_, static_cast<std::size_t>(scenario.record.sample_zones));
  for (std::size_t i = 0; i < wanted; ++i) record_.sample_zones.push_back(i * zone_count_ / wanted);
  record_.zones.resize(wanted);
}

void Recorder::begin(const Moment& moment, const Rooms& rooms) {
  const double passed_s = 60.0 * (moment.minute - last_minute_);
  Record::Point point;
  point.hour = (moment.minute + 1) / 60.0;
  point.outdoor_c = rooms.conditions().outdoor_c;
  point.attempts_w = (moment.energy.attempts_j - last_.attempts_j) / passed_s;
  point.filler_w = (moment.energy.filler_j - last_.filler_j) / passed_s;
  point.idle_w = (moment.energy.idle_j - last_.idle_j) / passed_s;
  point.resistance_w = (moment.energy.resistance_j - last_.resistance_j) / passed_s;
  point.waiting = moment.waiting;
  point.running = moment.running;
  std::vector<double> charge;
  charge.reserve(zone_count_);
  for (std::size_t zone = 0; zone < zone_count_; ++zone) {
    const double above_low_k = rooms.air_c(zone) - rooms.people(zone).setpoint_c + kBandBelowK;
    charge.push_back(above_low_k / (kBandBelowK + kChargeTopK));
  }
  point.charge_p10 = quantile(charge, 0.1);
  point.charge_p50 = quantile(charge, 0.5);
  point.charge_p90 = quantile(charge, 0.9);
  record_.points.push_back(point);
  last_ = moment.energy;
  last_minute_ = moment.minute;
}

std::vector<double> thinned(std::vector<double> values, std::size_t count) {
  std::sort(values.begin(), values.end());
  if (values.size() <= count) return values;
  std::vector<double> result;
  for (std::size_t i = 0; i < count; ++i) {
    result.push_back(values[i * (values.size() - 1) / (count - 1)]);
  }
  return result;
}

}  // namespace hearth::simulator
