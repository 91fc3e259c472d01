// The drawing of hearth-sim fit --plot: plain SVG, no script, nothing loaded from elsewhere.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "simulator/fit_report.h"

namespace hearth::simulator {
namespace {

constexpr double kWidth = 1000;
constexpr double kHeight = 640;
constexpr const char* kMeasured = "#444444";
constexpr const char* kForecast = "#d9480f";

struct Panel {
  double left, top, right, bottom;
  double x_min, x_max, y_min, y_max;

  double x(double value) const { return left + (value - x_min) / (x_max - x_min) * (right - left); }
  double y(double value) const {
    return bottom - (value - y_min) / (y_max - y_min) * (bottom - top);
  }
};

class Svg {
 public:
  template <class... Parts>
  void add(const char* format, Parts... parts) {
    char buffer[400];
    std::snprintf(buffer, sizeof buffer, format, parts...);
    text_ += buffer;
  }
  void raw(const std::string& text) { text_ += text; }
  void words(double x, double y, const char* anchor, const std::string& what) {
    add("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", x, y, anchor);
    raw(what + "</text>\n");
  }
  void line(double x1, double y1, double x2, double y2) {
    add("<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"#dddddd\"/>\n", x1, y1, x2,
        y2);
  }
  void bar(double x, double y, double width, double height, const char* colour) {
    add("<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"/>\n", x, y, width,
        height, colour);
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

std::string rounded_text(double value, int digits) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.*f", digits, value);
  return buffer;
}

// 1, 2 or 5 times a power of ten, so that about `count` of them cover `span`.
double round_step(double span, double count) {
  const double raw = span / count;
  const double power = std::pow(10, std::floor(std::log10(raw)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (raw <= factor * power) return factor * power;
  }
  return 10 * power;
}

void grid(Svg& svg, const Panel& panel, bool days) {
  const double step = round_step(panel.y_max - panel.y_min, 5);
  for (double y = std::ceil(panel.y_min / step) * step; y <= panel.y_max; y += step) {
    svg.line(panel.left, panel.y(y), panel.right, panel.y(y));
    svg.words(panel.left - 6, panel.y(y) + 4, "end", rounded_text(y, step < 1 ? 1 : 0));
  }
  if (!days) return;
  const double day = std::max(1.0, round_step(panel.x_max - panel.x_min, 12));
  for (double x = std::ceil(panel.x_min / day) * day; x <= panel.x_max; x += day) {
    svg.line(panel.x(x), panel.top, panel.x(x), panel.bottom);
    svg.words(panel.x(x), panel.bottom + 16, "middle", rounded_text(x, 0));
  }
}

template <class Points>  // pairs of (day, °C); NaN lifts the pen
void curve(Svg& svg, const Panel& panel, const Points& points, const char* colour) {
  std::string path;
  bool down = false;
  for (const auto& [day, air_c] : points) {
    if (std::isnan(air_c)) {
      down = false;
      continue;
    }
    path += (down ? " L" : " M") + rounded_text(panel.x(day), 1) + " " +
            rounded_text(panel.y(air_c), 1);
    down = true;
  }
  svg.raw("<path fill=\"none\" stroke-width=\"1.3\" stroke=\"" + std::string(colour) + "\" d=\"" +
          path + "\"/>\n");
}

void draw_temperatures(Svg& svg, const FitReport& report) {
  std::vector<std::pair<double, double>> measured;
  std::vector<std::pair<double, double>> forecast;
  const auto day_of = [&](std::size_t k) {
    return report.first_day + static_cast<double>(k) / thermal::kStepsPerDay;
  };
  double low = 1e9;
  double high = -1e9;
  const auto widen = [&](double air_c) {
    if (std::isnan(air_c)) return;
    low = std::min(low, air_c);
    high = std::max(high, air_c);
  };
  for (std::size_t k = 0; k < report.measured_c.size(); ++k) {
    measured.emplace_back(day_of(k), report.measured_c[k]);
    widen(report.measured_c[k]);
  }
  for (const auto& point : report.day_ahead) {
    forecast.emplace_back(day_of(point.at), point.air_c);
    widen(point.air_c);
  }
  if (low > high) low = high = 20;
  const Panel panel{60,
                    50,
                    kWidth - 20,
                    360,
                    report.first_day,
                    std::max(report.first_day + 0.1, day_of(report.measured_c.size())),
                    low - 0.5,
                    high + 0.5};
  grid(svg, panel, true);
  curve(svg, panel, measured, kMeasured);
  curve(svg, panel, forecast, kForecast);
  svg.words(60, 36, "start", "Air temperature, °C, by day of the recording");
  svg.bar(420, 28, 18, 4, kMeasured);
  svg.words(444, 36, "start", "measured");
  svg.bar(540, 28, 18, 4, kForecast);
  svg.words(564, 36, "start", "forecast 24 h before");
}

void draw_errors(Svg& svg, const FitReport& report) {
  double high = 0.1;
  for (std::size_t h = 0; h < thermal::kErrorHorizonsH.size(); ++h) {
    high = std::max(
        {high, report.score.rmse_k[h].value_or(0), report.score.persistence_k[h].value_or(0)});
  }
  const Panel panel{60, 440, kWidth - 20, 600, 0, 6, 0, high * 1.15};
  grid(svg, panel, false);
  svg.words(60, 426, "start", "Forecast error (RMSE), K, by horizon");
  svg.bar(420, 416, 18, 10, kForecast);
  svg.words(444, 426, "start", "model");
  svg.bar(540, 416, 18, 10, "#bbbbbb");
  svg.words(564, 426, "start", "persistence");
  for (std::size_t h = 0; h < thermal::kErrorHorizonsH.size(); ++h) {
    const double middle = panel.x(static_cast<double>(h) + 0.5);
    svg.words(middle, panel.bottom + 16, "middle",
              rounded_text(thermal::kErrorHorizonsH[h], 0) + " h");
    const auto column = [&](const std::optional<double>& value, double x, const char* colour) {
      if (!value) return;
      svg.bar(x, panel.y(*value), 40, panel.bottom - panel.y(*value), colour);
      svg.words(x + 20, panel.y(*value) - 4, "middle", rounded_text(*value, 2));
    };
    column(report.score.rmse_k[h], middle - 44, kForecast);
    column(report.score.persistence_k[h], middle + 4, "#bbbbbb");
  }
}

}  // namespace

std::string fit_svg(const FitReport& report) {
  Svg svg;
  svg.add(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" "
      "font-family=\"sans-serif\" font-size=\"12\" fill=\"#222222\">\n",
      kWidth, kHeight);
  svg.add("<rect width=\"%.0f\" height=\"%.0f\" fill=\"#ffffff\"/>\n", kWidth, kHeight);
  svg.words(60, 16, "start",
            "Model " + std::string(thermal::to_string(report.fit.kind)) + ", UA " +
                rounded_text(report.fit.ua_w_per_k, 1) + " W/K");
  draw_temperatures(svg, report);
  draw_errors(svg, report);
  svg.raw("</svg>\n");
  return svg.take();
}

}  // namespace hearth::simulator
