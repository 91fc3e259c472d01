// What the air was under policy `ideal`, every zone and minute, in millikelvin about 20 degC: what
// sun, people and weather leave to everybody.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace hearth::simulator {

class IdealTrace {
 public:
  explicit IdealTrace(std::size_t zones = 0) : zones_(zones) {}
  void add(double air_c) { trace_.push_back(milli_k(air_c)); }
  // As it would be read back.
  static double rounded_c(double air_c) { return 20 + milli_k(air_c) / 1000.0; }
  [[nodiscard]] bool has(int minute) const {
    return (static_cast<std::size_t>(minute) + 1) * zones_ <= trace_.size();
  }
  [[nodiscard]] double air_c(std::size_t zone, int minute) const {
    return 20 + trace_[static_cast<std::size_t>(minute) * zones_ + zone] / 1000.0;
  }
  void reserve(int minutes) { trace_.reserve(static_cast<std::size_t>(minutes) * zones_); }

 private:
  static std::int16_t milli_k(double air_c) {
    return static_cast<std::int16_t>(
        std::lround(std::clamp((air_c - 20) * 1000, -32767.0, 32767.0)));
  }

  std::size_t zones_;
  std::vector<std::int16_t> trace_;
};

}  // namespace hearth::simulator
