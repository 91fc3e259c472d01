#include "simulator/report_tanks.h"

#include <algorithm>

#include "simulator/result_text.h"
#include "simulator/svg_chart.h"

namespace hearth::simulator {
namespace {

constexpr std::size_t kPointsMax = 1100;

template <class Value>
std::vector<ChartPoint> curve(const std::vector<Record::TankPoint>& points,
                              const std::vector<double>& hours, Value value) {
  std::vector<ChartPoint> curve;
  const std::size_t step = std::max<std::size_t>(1, points.size() / kPointsMax);
  for (std::size_t i = 0; i < std::min(points.size(), hours.size()); i += step) {
    curve.push_back({hours[i], static_cast<double>(value(points[i]))});
  }
  return curve;
}

std::string title_of(const World& world, std::size_t zone) {
  const auto& spec = *world.fleet.zones[zone].tank;
  return "tank " + std::to_string(zone) + ", " + short_number(spec.tank.volume_l) + " l, " +
         short_number(world.fleet.nodes[zone].max_w) + " W";
}

std::string layers_figure(const World& world, std::size_t zone,
                          const std::vector<Record::TankPoint>& points,
                          const std::vector<double>& hours, ChartRange x) {
  const auto& tanks = world.scenario.tanks;
  SvgChart chart{title_of(world, zone), "°C", x, {10, 80}, 190};
  chart.band("band", "useful to T_max_compute", {x.low, x.high}, {tanks.useful_c, tanks.useful_c},
             {tanks.compute_max_c, tanks.compute_max_c});
  chart.line("air", "top", curve(points, hours, [](auto& p) { return p.top_c; }));
  chart.line("ref", "middle", curve(points, hours, [](auto& p) { return p.middle_c; }));
  chart.line("cold", "bottom", curve(points, hours, [](auto& p) { return p.bottom_c; }));
  chart.line("set", "charge, %", curve(points, hours, [](auto& p) { return 100 * p.charge; }));
  return chart.figure();
}

std::string flow_figure(const World& world, std::size_t zone,
                        const std::vector<Record::TankPoint>& points,
                        const std::vector<double>& hours, ChartRange x) {
  const double most_w = world.fleet.nodes[zone].max_w + world.scenario.tanks.resistance_w;
  SvgChart chart{title_of(world, zone), "W, and l/h", x, {0, most_w}, 190};
  std::vector<double> zero(hours.size()), compute, all;
  for (std::size_t i = 0; i < std::min(points.size(), hours.size()); ++i) {
    compute.push_back(static_cast<double>(points[i].compute_w));
    all.push_back(compute.back() + static_cast<double>(points[i].resistance_w));
  }
  chart.band("work", "computers, W", hours, zero, compute);
  chart.band("resistance", "resistance, W", hours, compute, all);
  chart.line("cold", "drawn, l/h", curve(points, hours, [](auto& p) { return p.drawn_l_per_h; }));
  return chart.figure();
}

}  // namespace

std::string tank_charts(const World& world, const Record& record,
                        const std::vector<double>& hours) {
  std::string html;
  const ChartRange x{0, hours.empty() ? 24 : hours.back()};
  for (std::size_t i = 0; i < record.tanks.size(); ++i) {
    const auto zone = record.sample_tanks[i];
    const auto& points = record.tanks[i];
    if (points.size() < hours.size()) continue;
    html += layers_figure(world, zone, points, hours, x);
    html += flow_figure(world, zone, points, hours, x);
  }
  return html;
}

}  // namespace hearth::simulator
