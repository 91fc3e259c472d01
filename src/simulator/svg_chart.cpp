#include "simulator/svg_chart.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace hearth::simulator {
namespace {

constexpr double kWidth = 720, kLeft = 52, kRight = 10, kTop = 10, kBottom = 26;
constexpr int kTicks = 5;  // about so many on the y axis
constexpr double kDayTicksMax = 16;

std::string number(const char* pattern, double value) {
  char text[64];
  std::snprintf(text, sizeof text, pattern, value);
  return text;
}

std::string position(double value) {
  return number("%.1f", value);
}

// 1, 2 or 5 times a power of ten, so that about `count` steps fill the range.
double nice_step(const ChartRange& range, int count) {
  const double rough = std::max(1e-9, (range.high - range.low) / count);
  const double power = std::pow(10, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= rough) return factor * power;
  }
  return 10 * power;
}

}  // namespace

std::string escaped(const std::string& text) {
  std::string safe;
  for (const char c : text) {
    if (c == '<')
      safe += "&lt;";
    else if (c == '>')
      safe += "&gt;";
    else if (c == '&')
      safe += "&amp;";
    else if (c == '"')
      safe += "&quot;";
    else
      safe += c;
  }
  return safe;
}

SvgChart::SvgChart(std::string title, std::string unit, ChartRange x, ChartRange y, int height)
    : title_(std::move(title)), unit_(std::move(unit)), x_(x), y_(y), height_(height) {
  if (!(x_.high > x_.low)) x_.high = x_.low + 1;
  if (!(y_.high > y_.low)) y_.high = y_.low + 1;
}

double SvgChart::px(double x) const {
  return kLeft + (x - x_.low) / (x_.high - x_.low) * (kWidth - kLeft - kRight);
}
double SvgChart::py(double y) const {
  const double inside = std::clamp(y, y_.low, y_.high);
  return kTop + (y_.high - inside) / (y_.high - y_.low) * (height_ - kTop - kBottom);
}

void SvgChart::x_ticks(ChartTicks ticks, std::string unit) {
  x_ticks_ = std::move(ticks);
  x_unit_ = std::move(unit);
}

void SvgChart::legend(const std::string& style, const std::string& name, bool is_area) {
  if (name.empty()) return;
  legend_ += "<span class=\"key " + style + (is_area ? " area" : "") + "\"><i></i>" +
             escaped(name) + "</span>";
}

void SvgChart::band(const std::string& style, const std::string& name, const std::vector<double>& x,
                    const std::vector<double>& low, const std::vector<double>& high) {
  body_ += "<polygon class=\"" + style + "\" points=\"";
  for (std::size_t i = 0; i < x.size(); ++i) {
    body_ += position(px(x[i])) + "," + position(py(high[i])) + " ";
  }
  for (std::size_t i = x.size(); i > 0; --i) {
    body_ += position(px(x[i - 1])) + "," + position(py(low[i - 1])) + " ";
  }
  body_ += "\"/>";
  legend(style, name, true);
}

void SvgChart::line(const std::string& style, const std::string& name,
                    const std::vector<ChartPoint>& points) {
  body_ += "<polyline class=\"" + style + "\" data-name=\"" + escaped(name) + "\" points=\"";
  for (const auto& point : points) {
    body_ += position(px(point.x)) + "," + position(py(point.y)) + " ";
  }
  body_ += "\"/>";
  legend(style, name, false);
}

ChartTicks SvgChart::day_ticks() const {
  ChartTicks ticks;
  const double days = (x_.high - x_.low) / 24;
  const double step = std::max(1.0, std::ceil(days / kDayTicksMax));
  for (double day = std::ceil(x_.low / 24); day * 24 <= x_.high; day += step) {
    ticks.emplace_back(day * 24, number("%.0f", day));
  }
  return ticks;
}

std::string SvgChart::axes() const {
  std::string svg;
  const double step = nice_step(y_, kTicks);
  const char* pattern = step >= 1 ? "%.0f" : step >= 0.1 ? "%.1f" : "%.2f";
  for (double y = std::ceil(y_.low / step) * step; y <= y_.high + step * 1e-6; y += step) {
    const std::string at = position(py(y));
    svg += "<line class=\"grid\" x1=\"" + position(kLeft) + "\" x2=\"" + position(kWidth - kRight) +
           "\" y1=\"" + at + "\" y2=\"" + at + "\"/>";
    svg += "<text class=\"tick\" x=\"" + position(kLeft - 6) + "\" y=\"" + at +
           "\" dy=\"0.32em\" text-anchor=\"end\">" +
           number(pattern, std::abs(y) < step / 2 ? 0 : y) + "</text>";
  }
  for (const auto& [x, label] : x_ticks_.empty() ? day_ticks() : x_ticks_) {
    const std::string at = position(px(x));
    svg += "<line class=\"grid\" y1=\"" + position(kTop) + "\" y2=\"" +
           position(height_ - kBottom) + "\" x1=\"" + at + "\" x2=\"" + at + "\"/>";
    svg += "<text class=\"tick\" text-anchor=\"middle\" x=\"" + at + "\" y=\"" +
           position(height_ - kBottom + 15) + "\">" + escaped(label) + "</text>";
  }
  return svg;
}

std::string SvgChart::figure() const {
  const std::string size = "0 0 " + number("%.0f", kWidth) + " " + number("%.0f", height_);
  std::string html = "<figure><figcaption><b>" + escaped(title_) + "</b> <small>" + escaped(unit_) +
                     "</small>" + legend_ + "</figcaption>";
  html += "<svg viewBox=\"" + size + "\" role=\"img\" aria-label=\"" + escaped(title_) +
          "\" data-unit=\"" + escaped(unit_) + "\" data-x=\"" + escaped(x_unit_) + "\"" +
          " data-range=\"" + number("%g ", x_.low) + number("%g ", x_.high) +
          number("%g ", y_.low) + number("%g", y_.high) + "\" data-box=\"" + position(kLeft) + " " +
          position(kWidth - kRight) + " " + position(kTop) + " " + position(height_ - kBottom) +
          "\">";
  return html + axes() + body_ + "</svg></figure>\n";
}

ChartRange range_of(const std::vector<double>& values, bool with_zero) {
  ChartRange range{with_zero ? 0.0 : 1e300, with_zero ? 0.0 : -1e300};
  for (const double value : values) {
    range.low = std::min(range.low, value);
    range.high = std::max(range.high, value);
  }
  if (range.low > range.high) return {0, 1};
  const double margin = 0.04 * std::max(1e-9, range.high - range.low);
  if (range.low < 0 || !with_zero) range.low -= margin;
  range.high += margin;
  return range;
}

}  // namespace hearth::simulator
