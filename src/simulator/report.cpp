#include "simulator/report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "simulator/comfort_book.h"
#include "simulator/report_page.h"
#include "simulator/report_tanks.h"
#include "simulator/result_text.h"
#include "simulator/svg_chart.h"

namespace hearth::simulator {
namespace {

constexpr double kChargeTopK = 0.5;  // as the planner charges, DESIGN section 6
constexpr std::size_t kPointsMax = 1100;

std::string number(const char* pattern, double value) {
  char text[64];
  std::snprintf(text, sizeof text, pattern, value);
  return text;
}

template <class T, class Value>
std::vector<ChartPoint> curve(const std::vector<T>& items, const std::vector<double>& x,
                              Value value) {
  std::vector<ChartPoint> points;
  const std::size_t step = std::max<std::size_t>(1, items.size() / kPointsMax);
  for (std::size_t i = 0; i < items.size(); i += step) {
    points.push_back({x[i], static_cast<double>(value(items[i]))});
  }
  return points;
}

class Report {
 public:
  Report(const World& world, const RunResult& result)
      : world_(world), result_(result), record_(result.record) {
    for (const auto& point : record_.points) hours_.push_back(point.hour);
  }

  std::string html() const {
    const auto& scenario = world_.scenario;
    const std::string title = scenario.name + ", " + result_.policy;
    std::string page =
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
        "<meta name=\"viewport\" content=\"width=device-width\"><title>" +
        escaped(title) + "</title><style>" + kReportStyle + "</style></head><body><main>\n<h1>" +
        escaped(title) + "</h1><p>" + std::to_string(scenario.nodes) + " nodes, " +
        short_number(scenario.days) + " days from " + to_string(scenario.start).substr(0, 10) +
        ", seed " + std::to_string(result_.seed) + ", work for " +
        short_number(100 * scenario.work.load) +
        " % of the heat that an ideal heater would deliver.</p><p>" + escaped(scenario.about) +
        "</p>\n";
    page += tiles();
    page += "<h2>Temperatures of sample zones</h2><div class=\"grid2\">" + zones() + "</div>\n";
    if (!record_.tanks.empty()) {
      page += "<h2>Sample tanks</h2><div class=\"grid2\">" + tank_charts(world_, record_, hours_) +
              "</div>\n";
    }
    page += "<h2>The fleet</h2><div class=\"grid2\">" + power() + outdoor() + queue() + charge() +
            capacity() + "</div>\n";
    page += "<h2>What it comes to</h2><div class=\"grid2\">" + energy() + waits() + discomfort() +
            "</div>\n";
    page += "<h2>Every figure</h2>" + table();
    return page + "<div id=\"tip\"></div></main><script>" + kReportScript +
           "</script></body></html>\n";
  }

 private:
  [[nodiscard]] double m(const char* name) const { return result_.metrics.get(name); }
  [[nodiscard]] ChartRange hours() const { return {0, hours_.empty() ? 24 : hours_.back()}; }
  static std::string tile(const std::string& value, const std::string& text) {
    return "<div class=\"tile\"><b>" + value + "</b><span>" + text + "</span></div>";
  }

  std::string tiles() const {
    const auto& ideal = world_.ideal.metrics;
    std::string html = "<div class=\"tiles\">";
    html += tile(number("%.2f K", m("rms_error_k")),
                 "rms error, occupied (ideal " + number("%.2f)", ideal.get("rms_error_k")));
    html += tile(number("%.1f K h", m("tdis_kh")),
                 "discomfort a zone (ideal " + number("%.1f)", ideal.get("tdis_kh")));
    html += tile(number("%.2f K h", m("over_by_compute_kh")), "over the ceiling by compute");
    if (m("tasks_submitted") > 0) {
      html += tile(number("%.0f s", m("wait_mean_s")),
                   "mean wait, slowdown " + number("%.2f", m("slowdown_mean")));
      html +=
          tile(number("%.2f %%", 100 * m("machine_time_lost_share")), "of the machine time lost");
      html += tile(number("%.0f", m("core_hours_completed")),
                   "core-hours, " + number("%.0f", m("tasks_completed")) + " tasks");
    }
    if (m("tanks") > 0) {
      html += tile(number("%.0f %%", 100 * m("tank_cpu_use_of_allowed")),
                   "of what tanks may take was paid work");
      html += tile(number("%.0f l", m("unmet_litres")),
                   "unmet, of " + number("%.0f l", m("delivered_litres")) + " of hot water");
      html += tile(number("%.1f %%", 100 * m("resistance_share_beyond_hygiene")),
                   "of the tanks' heat by resistance, beyond hygiene");
    }
    return html + "</div>\n";
  }

  std::string zones() const {
    std::string html;
    const auto& ideal = world_.ideal.record.zones;
    for (std::size_t i = 0; i < record_.zones.size(); ++i) {
      const auto& points = record_.zones[i];
      std::vector<double> low, high, all;
      for (const auto& point : points) {
        const double setpoint_c = static_cast<double>(point.setpoint_c);
        low.push_back(setpoint_c - kBandBelowK);
        high.push_back(setpoint_c + kBandAboveK);
        all.insert(all.end(), {low.back(), high.back(), static_cast<double>(point.air_c)});
      }
      const auto zone = record_.sample_zones[i];
      const auto& spec = world_.fleet.zones[zone];
      SvgChart chart{"zone " + std::to_string(zone) + ", " + short_number(spec.ua_w_per_k) +
                         " W/K, " + short_number(spec.rated_w) + " W" +
                         (spec.adequate ? "" : ", undersized"),
                     "°C", hours(), range_of(all, false), 190};
      chart.band("band", "band while occupied", hours_, low, high);
      chart.line("set", "setpoint", curve(points, hours_, [](auto& p) { return p.setpoint_c; }));
      if (i < ideal.size() && result_.policy != "ideal") {
        chart.line("ideal", "ideal heater",
                   curve(ideal[i], hours_, [](auto& p) { return p.air_c; }));
      }
      if (result_.policy == "hearth" || result_.policy == "thermostat") {
        chart.line("ref", "reference",
                   curve(points, hours_, [](auto& p) { return p.reference_c; }));
      }
      chart.line("air", "air", curve(points, hours_, [](auto& p) { return p.air_c; }));
      html += chart.figure();
    }
    return html;
  }

  std::string power() const {
    std::vector<double> zero, idle, work, filler, resistance;
    for (const auto& p : record_.points) {
      zero.push_back(0);
      idle.push_back(p.idle_w / 1000);
      work.push_back(idle.back() + p.attempts_w / 1000);
      filler.push_back(work.back() + p.filler_w / 1000);
      resistance.push_back(filler.back() + p.resistance_w / 1000);
    }
    std::vector<double> all = resistance;
    const auto& ideal = world_.ideal.record.points;
    for (const auto& p : ideal) all.push_back(p.filler_w / 1000);
    SvgChart chart{"Power by cause", "kW", hours(), range_of(all, true)};
    chart.band("idle", "idle", hours_, zero, idle);
    chart.band("work", "customers' work", hours_, idle, work);
    chart.band("filler", "filler", hours_, work, filler);
    if (m("resistance_energy_j") > 0) {
      chart.band("resistance", "resistance", hours_, filler, resistance);
    }
    const std::size_t both = std::min(ideal.size(), hours_.size());
    chart.line("set", "what an ideal heater draws",
               curve(std::vector(ideal.begin(), ideal.begin() + static_cast<std::ptrdiff_t>(both)),
                     hours_, [](auto& p) { return p.filler_w / 1000; }));
    return chart.figure();
  }

  std::string outdoor() const {
    std::vector<double> all;
    for (const auto& p : record_.points) all.push_back(p.outdoor_c);
    SvgChart chart{"Outdoor temperature", "°C", hours(), range_of(all, false)};
    chart.line("cold", "outdoors",
               curve(record_.points, hours_, [](auto& p) { return p.outdoor_c; }));
    return chart.figure();
  }

  std::string queue() const {
    std::vector<double> all;
    for (const auto& p : record_.points) all.insert(all.end(), {p.waiting, p.running});
    SvgChart chart{"Work", "tasks", hours(), range_of(all, true)};
    chart.line("ideal", "waiting",
               curve(record_.points, hours_, [](auto& p) { return p.waiting; }));
    chart.line("air", "running", curve(record_.points, hours_, [](auto& p) { return p.running; }));
    return chart.figure();
  }

  std::string charge() const {
    std::vector<double> low, high, all;
    for (const auto& p : record_.points) {
      low.push_back(p.charge_p10);
      high.push_back(p.charge_p90);
      all.insert(all.end(), {p.charge_p10, p.charge_p90});
    }
    SvgChart chart{"State of charge of the zones",
                   "0 at setpoint - " + short_number(kBandBelowK) + " K, 1 at + " +
                       short_number(kChargeTopK) + " K",
                   hours(), range_of(all, true)};
    chart.band("band", "10 to 90 % of the zones", hours_, low, high);
    chart.line("air", "median",
               curve(record_.points, hours_, [](auto& p) { return p.charge_p50; }));
    return chart.figure();
  }

  // The scheduler's forecast of each day, and what the meters counted.
  std::string capacity() const {
    const auto& days = record_.capacity_days;
    if (days.size() < 2) return "";
    constexpr double kJPerKwh = 3.6e6;
    std::vector<double> x, low, high, all;
    for (const auto& day : days) {
      x.push_back(day.hour);
      low.push_back(day.p5_j / kJPerKwh);
      high.push_back(day.p95_j / kJPerKwh);
      all.insert(all.end(), {low.back(), high.back(), day.used_j / kJPerKwh});
    }
    SvgChart chart{"Next-day capacity", "kWh", hours(), range_of(all, true)};
    chart.band("band", "forecast, 5 to 95 %", x, low, high);
    chart.line("ideal", "ideal heater",
               curve(days, x, [](auto& d) { return d.ideal_j / kJPerKwh; }));
    chart.line("ref", "forecast median",
               curve(days, x, [](auto& d) { return d.p50_j / kJPerKwh; }));
    chart.line("air", "used", curve(days, x, [](auto& d) { return d.used_j / kJPerKwh; }));
    return chart.figure();
  }

  std::string energy() const {
    const std::pair<const char*, const char*> causes[] = {{"work", "attempts_energy_j"},
                                                          {"filler", "filler_energy_j"},
                                                          {"idle", "idle_energy_j"},
                                                          {"resistance", "resistance_energy_j"}};
    constexpr const char* kNames[] = {"customers' work", "filler", "idle", "resistance"};
    std::string bar, keys;
    for (std::size_t i = 0; i < 4; ++i) {
      const double kwh = m(causes[i].second) / 3.6e6;
      bar += std::string("<div class=\"") + causes[i].first +
             "\" style=\"flex:" + number("%.4f", kwh) + "\"></div>";
      keys += std::string("<span class=\"key area ") + causes[i].first + "\"><i></i>" + kNames[i] +
              " " + number("%.0f kWh", kwh) + "</span> ";
    }
    return "<figure><figcaption><b>Energy by cause</b> <small>" +
           number("%.0f kWh in the days of work", m("heat_delivered_j") / 3.6e6) +
           ", an ideal heater " +
           number("%.0f kWh", world_.ideal.metrics.get("heat_delivered_j") / 3.6e6) +
           "</small></figcaption><div class=\"bar\">" + bar + "</div>" + keys + "</figure>\n";
  }

  // Share of tasks that waited no longer, over seconds on a logarithmic axis.
  std::string waits() const {
    if (record_.waits_s.empty()) return "";
    std::vector<ChartPoint> points;
    const auto count = static_cast<double>(record_.waits_s.size());
    for (std::size_t i = 0; i < record_.waits_s.size(); ++i) {
      const double at = std::log10(std::max(1.0, record_.waits_s[i]));
      points.push_back({at, 100 * static_cast<double>(i + 1) / count});
    }
    SvgChart chart{"Waits", "% of tasks waited no longer", {0, 6}, {0, 100}};
    chart.x_ticks({{0, "1 s"},
                   {1, "10 s"},
                   {std::log10(60.0), "1 min"},
                   {std::log10(600.0), "10 min"},
                   {std::log10(3600.0), "1 h"},
                   {std::log10(21'600.0), "6 h"},
                   {std::log10(86'400.0), "1 d"},
                   {std::log10(604'800.0), "7 d"}},
                  "log10 s");
    chart.line("air", "tasks", points);
    return chart.figure();
  }

  // For how long occupied zones were further than so many kelvins from their setpoint.
  static std::vector<ChartPoint> exceedance(const std::vector<double>& histogram) {
    double all = 0;
    std::vector<double> by_distance(ComfortBook::kHistogramSize);
    for (std::size_t i = 0; i < histogram.size(); ++i) {
      const double middle = ComfortBook::kHistogramFromK +
                            (static_cast<double>(i) + 0.5) * ComfortBook::kHistogramStepK;
      const auto bin = static_cast<std::size_t>(std::abs(middle) / ComfortBook::kHistogramStepK);
      by_distance[std::min(bin, by_distance.size() - 1)] += histogram[i];
      all += histogram[i];
    }
    std::vector<ChartPoint> points;
    double beyond = all;
    for (std::size_t i = 0; i < by_distance.size(); ++i) {
      const double distance_k = static_cast<double>(i) * ComfortBook::kHistogramStepK;
      if (distance_k > 4) break;
      points.push_back({distance_k, all > 0 ? 100 * beyond / all : 0});
      beyond -= by_distance[i];
    }
    return points;
  }

  std::string discomfort() const {
    SvgChart chart{
        "Duration of discomfort", "% of occupied time further from the setpoint", {0, 4}, {0, 100}};
    ChartTicks ticks;
    for (double k = 0; k <= 4; k += 0.5) ticks.emplace_back(k, number("%.1f K", k));
    chart.x_ticks(ticks, "K");
    if (result_.policy != "ideal") {
      chart.line("ideal", "ideal heater", exceedance(world_.ideal.record.discomfort));
    }
    chart.line("air", result_.policy, exceedance(record_.discomfort));
    return chart.figure();
  }

  std::string table() const {
    const auto& ideal = world_.ideal.metrics;
    std::string html =
        "<table><tr><th>metric</th><th>" + result_.policy + "</th><th>ideal</th></tr>";
    for (const auto& [name, value] : result_.metrics.all()) {
      html += "<tr><td>" + escaped(name) + "</td><td>" + short_number(value) + "</td><td>" +
              (ideal.has(name) ? short_number(ideal.get(name)) : "") + "</td></tr>";
    }
    return html + "</table>";
  }

  const World& world_;
  const RunResult& result_;
  const Record& record_;
  std::vector<double> hours_;
};

}  // namespace

std::string report_html(const World& world, const RunResult& result) {
  return Report{world, result}.html();
}

}  // namespace hearth::simulator
