// Matrices of a few rows, sizes fixed at compile time: no heap, no library, the same bits
// everywhere.
//
// Enough for models of at most four states and three inputs; not meant for more.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>

namespace hearth::thermal {

template <std::size_t R, std::size_t C>
struct Matrix {
  std::array<std::array<double, C>, R> rows{};

  constexpr double& operator()(std::size_t r, std::size_t c) { return rows[r][c]; }
  constexpr double operator()(std::size_t r, std::size_t c) const { return rows[r][c]; }
  friend bool operator==(const Matrix&, const Matrix&) = default;
};

template <std::size_t R, std::size_t K, std::size_t C>
constexpr Matrix<R, C> operator*(const Matrix<R, K>& a, const Matrix<K, C>& b) {
  Matrix<R, C> product;
  for (std::size_t r = 0; r < R; ++r) {
    for (std::size_t k = 0; k < K; ++k) {
      for (std::size_t c = 0; c < C; ++c) product(r, c) += a(r, k) * b(k, c);
    }
  }
  return product;
}

template <std::size_t R, std::size_t C>
constexpr Matrix<C, R> transposed(const Matrix<R, C>& a) {
  Matrix<C, R> turned;
  for (std::size_t r = 0; r < R; ++r) {
    for (std::size_t c = 0; c < C; ++c) turned(c, r) = a(r, c);
  }
  return turned;
}

// e^a by scaling and squaring (Moler and Van Loan 2003, method 3): a is halved until its norm is at
// most 1/2, where 14 terms of the series leave less than 1e-16, then squared back.
template <std::size_t N>
Matrix<N, N> exponential(Matrix<N, N> a) {
  double norm = 0;
  for (const auto& row : a.rows) {
    double sum = 0;
    for (const double value : row) sum += std::abs(value);
    norm = sum > norm ? sum : norm;
  }
  int halvings = 0;
  while (norm > 0.5 && halvings < 64) {
    norm *= 0.5;
    ++halvings;
  }
  const double scale = std::ldexp(1.0, -halvings);
  for (auto& row : a.rows) {
    for (double& value : row) value *= scale;
  }
  Matrix<N, N> sum;  // Horner: 1 + a (1 + a/2 (1 + a/3 (...)))
  for (std::size_t i = 0; i < N; ++i) sum(i, i) = 1;
  for (int term = 14; term >= 1; --term) {
    sum = a * sum;
    for (std::size_t i = 0; i < N; ++i) {
      for (double& value : sum.rows[i]) value /= term;
      sum(i, i) += 1;
    }
  }
  for (int i = 0; i < halvings; ++i) sum = sum * sum;
  return sum;
}

}  // namespace hearth::thermal
