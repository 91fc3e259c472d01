// Comfort, judged exactly as HEAT section 4 says: on the true air temperature, in 60 s samples, the
// first dropped days and the drain left out, the same band for every policy.
#pragma once

#include <cstdint>
#include <vector>

#include "simulator/building.h"
#include "simulator/ideal_trace.h"
#include "simulator/metrics.h"
#include "simulator/scenario.h"

namespace hearth::simulator {

// The band (HEAT section 4): T_lo, T_hi around the setpoint while occupied; frost protection and
// the ceiling of compute over the setpoint otherwise.
inline constexpr double kBandBelowK = 0.5;
inline constexpr double kBandAboveK = 1.0;
inline constexpr double kFrostC = 7;
inline constexpr double kCeilingK = 2.0;

struct ComfortSample {
  double air_c = 0;
  double setpoint_c = 0;
  double reference_c = 0;  // T_ref in force
  double emitted_w = 0;
  bool occupied = false;
};

class ComfortBook {
 public:
  // `ideal` may be null: then this is the ideal run itself.
  ComfortBook(const Scenario& scenario, const Fleet& fleet, const IdealTrace* ideal);

  void add(std::size_t zone, int minute, const ComfortSample& sample);
  void fill(Metrics& metrics) const;

  // Occupied zone-minutes by air - setpoint, from kHistogramFromK in steps of kHistogramStepK.
  static constexpr double kHistogramFromK = -5, kHistogramStepK = 0.05;
  static constexpr std::size_t kHistogramSize = 300;
  [[nodiscard]] const std::vector<double>& histogram() const { return histogram_; }

 private:
  struct Zone {
    double squares_k2 = 0;                    // of occupied minutes
    double below_k_min = 0, above_k_min = 0;  // against the band, all minutes
    double occupied_below_k_min = 0;
    double over_compute_k_min = 0;
    double over_ideal_k_min = 0;
    int occupied_min = 0;
  };
  struct Group {
    double squares_k2 = 0, below_k_min = 0, above_k_min = 0, over_compute_k_min = 0;
    double occupied_min = 0;
    double zones = 0;
    std::vector<double> rms_k;
  };
  [[nodiscard]] Group sum(bool adequate) const;
  void fill_fairness(Metrics& metrics) const;

  const Scenario& scenario_;
  const Fleet& fleet_;
  const IdealTrace* ideal_;
  int from_, to_;
  bool heating_season_;
  double useful_j_ = 0;
  std::vector<Zone> zones_;
  std::vector<double> histogram_;
};

}  // namespace hearth::simulator
