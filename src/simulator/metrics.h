// The figures of one run, by the names of HEAT section 4 and issue 3; and two statistics.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace hearth::simulator {

// Named numbers in the order they were first set.
class Metrics {
 public:
  void set(const std::string& name, double value);
  [[nodiscard]] bool has(const std::string& name) const;
  [[nodiscard]] double get(const std::string& name) const;  // 0 where it is not known
  [[nodiscard]] const std::vector<std::pair<std::string, double>>& all() const { return values_; }

 private:
  std::vector<std::pair<std::string, double>> values_;
};

// The smallest value that at least `share` of the values do not exceed; 0 of none.
double quantile(std::vector<double> values, double share);

// Spearman's rank correlation, ties ranked by their mean; 0 where one side does not vary.
double rank_correlation(const std::vector<double>& a, const std::vector<double>& b);

}  // namespace hearth::simulator
