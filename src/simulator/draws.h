// Random numbers with a shape, drawn from hearth::Random so that they are the same everywhere; and
// numbers that depend on nothing but their names, so that what one policy does shifts nobody's
// dice.
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>

#include "common/random.h"

namespace hearth::simulator {

// In [0, 1).
inline double uniform(Random& random) {
  return static_cast<double>(random.below(std::uint64_t{1} << 53)) * 0x1p-53;
}
inline double uniform(Random& random, double from, double to) {
  return from + (to - from) * uniform(random);
}

// Standard normal, by Box and Muller; two draws each, so that streams stay easy to reason about.
inline double normal(Random& random) {
  const double radius = std::sqrt(-2 * std::log(1 - uniform(random)));
  return radius * std::cos(2 * std::numbers::pi * uniform(random));
}

// exp(ln(median) + sigma_ln * N).
inline double lognormal(Random& random, double median, double sigma_ln) {
  return median * std::exp(sigma_ln * normal(random));
}

// The streams of randomness of one world (HEAT section 4: each has its own generator).
enum class Stream : std::uint64_t {
  kBuildings = 1,
  kWeather,
  kOccupants,
  kArrivals,
  kRunTimes,
  kClasses,
  kEstimates,
  kSensors,
  kBoots,
  kForecast,
  kDraws,
  kTanks,
  kNearCase,
};

inline std::uint64_t mixed(std::uint64_t value) {  // SplitMix64's finisher
  value += 0x9E3779B97F4A7C15u;
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9u;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EBu;
  return value ^ (value >> 31);
}

// A generator of its own for (seed, stream, which), e.g. one zone's one day.
inline Random generator(std::uint64_t seed, Stream stream, std::uint64_t which = 0) {
  return Random{mixed(mixed(mixed(seed) ^ static_cast<std::uint64_t>(stream)) ^ which)};
}

}  // namespace hearth::simulator
