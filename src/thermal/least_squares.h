// Levenberg-Marquardt for a few parameters: Huber's loss on the residuals, Gaussian priors on the
// parameters (HEAT section 1, "Parameters"). Deterministic; derivatives by forward differences.
#pragma once

#include <functional>
#include <span>
#include <vector>

namespace hearth::thermal {

struct PriorParameter {
  double mean = 0;
  double sigma = 1;
};

struct LeastSquaresOptions {
  int iterations_max = 40;
  double step_clip = 1;      // of any parameter in one iteration
  double huber = 3;          // residuals beyond it count linearly
  double difference = 1e-3;  // for the derivatives
};

struct LeastSquaresFit {
  std::vector<double> parameters;
  double cost = 0;
  int iterations = 0;
};

// Fills `residuals` (always the same number; NaN: this one is missing) and says whether
// `parameters` are admissible at all.
using Residuals =
    std::function<bool(std::span<const double> parameters, std::vector<double>& residuals)>;

// From `start`, which must be admissible; returns the best parameters seen. One per prior.
LeastSquaresFit least_squares(const Residuals& residuals, std::span<const PriorParameter> prior,
                              std::span<const double> start, const LeastSquaresOptions& options);

// Solves the symmetric positive definite n x n system a x = b by Cholesky; `a` by rows. False if
// it is not positive definite. `a` is overwritten, `b` becomes x.
bool solve_positive_definite(std::vector<double>& a, std::vector<double>& b);

}  // namespace hearth::thermal
