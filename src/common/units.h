// Physical quantities as types.
//
// Each type holds one number in one SI-based unit and is named after that unit,
// so a declaration says what it holds. Only meaningful arithmetic compiles:
// Watts * Duration is Joules, Celsius - Celsius is Kelvins, and
// Celsius + Celsius or Watts + Joules is an error.
#pragma once

#include <chrono>
#include <compare>

#include "common/time.h"

namespace hearth {

// One amount on a scale that has a true zero. `Tag` keeps the units apart.
template <class Tag>
struct Quantity {
  double value = 0;

  friend constexpr auto operator<=>(Quantity, Quantity) = default;
  friend constexpr Quantity operator+(Quantity a, Quantity b) { return {a.value + b.value}; }
  friend constexpr Quantity operator-(Quantity a, Quantity b) { return {a.value - b.value}; }
  friend constexpr Quantity operator-(Quantity a) { return {-a.value}; }
  friend constexpr Quantity operator*(double k, Quantity a) { return {k * a.value}; }
  friend constexpr double operator/(Quantity a, Quantity b) { return a.value / b.value; }
  constexpr Quantity& operator+=(Quantity b) {
    value += b.value;
    return *this;
  }
  constexpr Quantity& operator-=(Quantity b) {
    value -= b.value;
    return *this;
  }
};

using Watts = Quantity<struct WattTag>;
using Joules = Quantity<struct JouleTag>;
using Kelvins = Quantity<struct KelvinTag>;  // a temperature difference

// A point on the temperature scale; differences of points are Kelvins.
struct Celsius {
  double value = 0;

  friend constexpr auto operator<=>(Celsius, Celsius) = default;
  friend constexpr Kelvins operator-(Celsius a, Celsius b) { return {a.value - b.value}; }
  friend constexpr Celsius operator+(Celsius a, Kelvins d) { return {a.value + d.value}; }
  friend constexpr Celsius operator-(Celsius a, Kelvins d) { return {a.value - d.value}; }
};

constexpr Joules operator*(Watts power, Duration time) {
  return {power.value * std::chrono::duration<double>(time).count()};
}

inline namespace literals {
constexpr Watts operator""_W(unsigned long long v) {
  return {static_cast<double>(v)};
}
constexpr Watts operator""_W(long double v) {
  return {static_cast<double>(v)};
}
constexpr Watts operator""_kW(long double v) {
  return {static_cast<double>(v) * 1e3};
}
constexpr Celsius operator""_degC(unsigned long long v) {
  return {static_cast<double>(v)};
}
constexpr Celsius operator""_degC(long double v) {
  return {static_cast<double>(v)};
}
constexpr Kelvins operator""_K(unsigned long long v) {
  return {static_cast<double>(v)};
}
constexpr Kelvins operator""_K(long double v) {
  return {static_cast<double>(v)};
}
}  // namespace literals

// Model outputs are rounded before any decision (1 mW, 1 mK), since libm differs between
// processors.
constexpr double round_to_milli(double value) {
  const double scaled = value * 1000.0;
  // Beyond 2^52 a double has no fraction to round; NaN passes through.
  if (!(scaled > -4.5e15 && scaled < 4.5e15)) return value;
  return static_cast<double>(static_cast<long long>(scaled + (scaled < 0 ? -0.5 : 0.5))) / 1000.0;
}
constexpr Watts rounded(Watts power) {
  return {round_to_milli(power.value)};
}
constexpr Kelvins rounded(Kelvins difference) {
  return {round_to_milli(difference.value)};
}
constexpr Celsius rounded(Celsius temperature) {
  return {round_to_milli(temperature.value)};
}

static_assert(2.0 * 500_W == 1000_W);
static_assert(500_W * std::chrono::seconds{2} == Joules{1000});
static_assert(21_degC - 19_degC == 2_K);

}  // namespace hearth
