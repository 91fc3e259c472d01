#include "thermal/least_squares.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "common/check.h"

namespace hearth::thermal {
namespace {

constexpr double kDampingStart = 1e-2;
constexpr double kDampingMax = 1e6;
constexpr double kEnoughProgress = 1e-4;  // relative decrease of the cost
constexpr double kEnoughStep = 1e-3;

struct Normal {
  std::vector<double> matrix;  // J'WJ + prior
  std::vector<double> slope;   // J'Wr + prior
};

double cost_of(std::span<const double> residuals, std::span<const double> parameters,
               std::span<const PriorParameter> prior, double huber) {
  double cost = 0;
  for (const double r : residuals) {
    if (std::isnan(r)) continue;
    const double size = std::abs(r);
    cost += size <= huber ? r * r : huber * (2 * size - huber);
  }
  for (std::size_t i = 0; i < prior.size(); ++i) {
    const double off = (parameters[i] - prior[i].mean) / prior[i].sigma;
    cost += off * off;
  }
  return cost;
}

Normal normal_equations(const Residuals& residuals, std::span<const double> parameters,
                        std::span<const double> at_parameters,
                        std::span<const PriorParameter> prior, const LeastSquaresOptions& options) {
  const auto n = parameters.size();
  std::vector<std::vector<double>> columns(n);
  std::vector<double> moved(parameters.begin(), parameters.end());
  for (std::size_t i = 0; i < n; ++i) {
    double difference = options.difference;
    moved[i] = parameters[i] + difference;
    if (!residuals(moved, columns[i])) {  // at a bound: look the other way
      difference = -difference;
      moved[i] = parameters[i] + difference;
      if (!residuals(moved, columns[i]))
        columns[i].assign(at_parameters.begin(), at_parameters.end());
    }
    moved[i] = parameters[i];
    for (std::size_t k = 0; k < columns[i].size(); ++k) {
      columns[i][k] = (columns[i][k] - at_parameters[k]) / difference;
    }
  }
  Normal normal{std::vector<double>(n * n), std::vector<double>(n)};
  for (std::size_t k = 0; k < at_parameters.size(); ++k) {
    const double r = at_parameters[k];
    if (std::isnan(r)) continue;
    const double weight = std::abs(r) <= options.huber ? 1 : options.huber / std::abs(r);
    for (std::size_t i = 0; i < n; ++i) {
      const double slope = columns[i][k];
      if (std::isnan(slope)) continue;
      normal.slope[i] += weight * slope * r;
      for (std::size_t j = 0; j <= i; ++j) {
        if (!std::isnan(columns[j][k])) normal.matrix[i * n + j] += weight * slope * columns[j][k];
      }
    }
  }
  for (std::size_t i = 0; i < n; ++i) {
    const double precision = 1 / (prior[i].sigma * prior[i].sigma);
    normal.matrix[i * n + i] += precision;
    normal.slope[i] += precision * (parameters[i] - prior[i].mean);
    for (std::size_t j = 0; j < i; ++j) normal.matrix[j * n + i] = normal.matrix[i * n + j];
  }
  return normal;
}

}  // namespace

bool solve_positive_definite(std::vector<double>& a, std::vector<double>& b) {
  const auto n = b.size();
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      double sum = a[i * n + j];
      for (std::size_t k = 0; k < j; ++k) sum -= a[i * n + k] * a[j * n + k];
      if (i == j) {
        if (!(sum > 0)) return false;
        a[i * n + i] = std::sqrt(sum);
      } else {
        a[i * n + j] = sum / a[j * n + j];
      }
    }
  }
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k < i; ++k) b[i] -= a[i * n + k] * b[k];
    b[i] /= a[i * n + i];
  }
  for (std::size_t i = n; i-- > 0;) {
    for (std::size_t k = i + 1; k < n; ++k) b[i] -= a[k * n + i] * b[k];
    b[i] /= a[i * n + i];
  }
  return true;
}

LeastSquaresFit least_squares(const Residuals& residuals, std::span<const PriorParameter> prior,
                              std::span<const double> start, const LeastSquaresOptions& options) {
  const auto n = start.size();
  CHECK(prior.size() == n);
  LeastSquaresFit best{{start.begin(), start.end()}, 0, 0};
  std::vector<double> at_best;
  CHECK(residuals(best.parameters, at_best));
  best.cost = cost_of(at_best, best.parameters, prior, options.huber);

  std::vector<double> tried(n);
  std::vector<double> at_tried;
  double damping = kDampingStart;
  while (best.iterations < options.iterations_max) {
    ++best.iterations;
    const auto normal = normal_equations(residuals, best.parameters, at_best, prior, options);
    bool improved = false;
    double progress = 0;
    double step = 0;
    for (; !improved && damping < kDampingMax; damping *= improved ? 0.2 : 5) {
      auto matrix = normal.matrix;
      auto move = normal.slope;
      for (std::size_t i = 0; i < n; ++i) matrix[i * n + i] *= 1 + damping;
      if (!solve_positive_definite(matrix, move)) continue;
      step = 0;
      for (const double m : move) step = std::max(step, std::abs(m));
      const double scale = step > options.step_clip ? options.step_clip / step : 1;
      for (std::size_t i = 0; i < n; ++i) tried[i] = best.parameters[i] - scale * move[i];
      if (!residuals(tried, at_tried)) continue;
      const double cost = cost_of(at_tried, tried, prior, options.huber);
      if (!(cost < best.cost)) continue;
      improved = true;
      progress = (best.cost - cost) / best.cost;
      best.cost = cost;
      best.parameters = tried;
      at_best.swap(at_tried);
    }
    if (!improved || progress < kEnoughProgress || step < kEnoughStep) break;
  }
  return best;
}

}  // namespace hearth::thermal
