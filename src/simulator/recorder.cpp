#include "simulator/recorder.h"

#include <algorithm>

#include "simulator/comfort_book.h"
#include "simulator/metrics.h"

namespace hearth::simulator {
namespace {

constexpr double kChargeTopK = 0.5;  // state of charge 1: setpoint + 0.5 K (DESIGN section 6)

std::vector<std::size_t> spread(const std::vector<std::size_t>& all, std::size_t most) {
  const auto wanted = std::min(all.size(), most);
  std::vector<std::size_t> some;
  for (std::size_t i = 0; i < wanted; ++i) some.push_back(all[i * all.size() / wanted]);
  return some;
}

}  // namespace

Recorder::Recorder(const Scenario& scenario, const Fleet& fleet)
    : every_min_(std::max(1, static_cast<int>(scenario.record.every_s / 60))),
      useful_c_(scenario.tanks.useful_c),
      compute_max_c_(scenario.tanks.compute_max_c) {
  std::vector<std::size_t> tanks;
  for (std::size_t i = 0; i < fleet.zones.size(); ++i) {
    (fleet.zones[i].tank ? tanks : rooms_).push_back(i);
  }
  const auto most = static_cast<std::size_t>(scenario.record.sample_zones);
  record_.sample_zones = spread(rooms_, most);
  record_.zones.resize(record_.sample_zones.size());
  record_.sample_tanks = spread(tanks, most);
  record_.tanks.resize(record_.sample_tanks.size());
  tanks_before_.resize(record_.sample_tanks.size());
}

void Recorder::take_tanks(const Tanks& tanks) {
  const double passed_s = 60.0 * every_min_;
  for (std::size_t i = 0; i < record_.sample_tanks.size(); ++i) {
    const auto zone = record_.sample_tanks[i];
    const auto& tank = tanks.tank(zone);
    auto& before = tanks_before_[i];
    const auto& book = tank.book();
    const auto number = [](double value) { return static_cast<float>(value); };
    record_.tanks[i].push_back(
        {number(tank.top().value), number(tank.layer(tank.layers() / 2).value),
         number(tank.layer(tank.layers() - 1).value),
         number((book.delivered_l - before.delivered_l) * 3600 / passed_s),
         number((book.compute_j - before.compute_j) / passed_s),
         number((book.resistance_j - before.resistance_j) / passed_s),
         number((tanks.mean_c(zone) - useful_c_) / (compute_max_c_ - useful_c_))});
    before = book;
  }
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
  charge.reserve(rooms_.size());
  for (const auto zone : rooms_) {
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
