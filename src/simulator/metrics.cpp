#include "simulator/metrics.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace hearth::simulator {
namespace {

std::vector<double> ranks(const std::vector<double>& values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<double> result(values.size());
  for (std::size_t from = 0; from < order.size();) {
    std::size_t to = from;
    while (to < order.size() && values[order[to]] == values[order[from]]) ++to;
    const double mean = (static_cast<double>(from) + static_cast<double>(to) - 1) / 2;
    for (std::size_t i = from; i < to; ++i) result[order[i]] = mean;
    from = to;
  }
  return result;
}

}  // namespace

void Metrics::set(const std::string& name, double value) {
  for (auto& [known, old] : values_) {
    if (known == name) return void(old = value);
  }
  values_.emplace_back(name, value);
}

bool Metrics::has(const std::string& name) const {
  return std::ranges::any_of(values_, [&](const auto& entry) { return entry.first == name; });
}

double Metrics::get(const std::string& name) const {
  for (const auto& [known, value] : values_) {
    if (known == name) return value;
  }
  return 0;
}

double quantile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  const double position = std::ceil(share * static_cast<double>(values.size())) - 1;
  const auto index = static_cast<std::ptrdiff_t>(
      std::clamp(position, 0.0, static_cast<double>(values.size() - 1)));
  std::nth_element(values.begin(), values.begin() + index, values.end());
  return values[static_cast<std::size_t>(index)];
}

double rank_correlation(const std::vector<double>& a, const std::vector<double>& b) {
  const auto ra = ranks(a);
  const auto rb = ranks(b);
  const double mean = (static_cast<double>(a.size()) - 1) / 2;
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    ab += (ra[i] - mean) * (rb[i] - mean);
    aa += (ra[i] - mean) * (ra[i] - mean);
    bb += (rb[i] - mean) * (rb[i] - mean);
  }
  return aa > 0 && bb > 0 ? ab / std::sqrt(aa * bb) : 0;
}

}  // namespace hearth::simulator
