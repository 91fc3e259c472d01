// How long a run took in real time; the only place in the simulator that reads a clock.
#pragma once

#include <chrono>

namespace hearth::simulator {

class Stopwatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace hearth::simulator
