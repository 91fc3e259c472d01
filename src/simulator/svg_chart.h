// A chart as inline SVG: areas, lines, axes, a legend. Colours are CSS classes of the page, so that
// it reads in dark and in light; the page's script shows values under the pointer from the points
// themselves. Pure text, no I/O.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace hearth::simulator {

struct ChartPoint {
  double x = 0, y = 0;
};
struct ChartRange {
  double low = 0, high = 1;
};
using ChartTicks = std::vector<std::pair<double, std::string>>;

// Text made safe between tags and in attributes.
std::string escaped(const std::string& text);

class SvgChart {
 public:
  // `unit` is shown beside the values of the y axis.
  SvgChart(std::string title, std::string unit, ChartRange x, ChartRange y, int height = 220);

  // Without this, the x axis has a tick a day, its values being hours.
  void x_ticks(ChartTicks ticks, std::string unit);
  // Between two curves over the same x; `style` names a class of the page.
  void band(const std::string& style, const std::string& name, const std::vector<double>& x,
            const std::vector<double>& low, const std::vector<double>& high);
  void line(const std::string& style, const std::string& name,
            const std::vector<ChartPoint>& points);

  [[nodiscard]] std::string figure() const;  // <figure>..</figure>

 private:
  [[nodiscard]] double px(double x) const;
  [[nodiscard]] double py(double y) const;
  [[nodiscard]] std::string axes() const;
  [[nodiscard]] ChartTicks day_ticks() const;
  void legend(const std::string& style, const std::string& name, bool is_area);

  std::string title_, unit_, x_unit_ = "day";
  ChartRange x_, y_;
  int height_;
  ChartTicks x_ticks_;
  std::string body_;
  std::string legend_;
};

// A range that holds all values, a little larger; `with_zero` begins or ends at 0.
ChartRange range_of(const std::vector<double>& values, bool with_zero);

}  // namespace hearth::simulator
