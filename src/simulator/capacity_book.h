// How well the scheduler's forecasts of the next day's capacity held: the day's first forecast
// against what the plant's own meters count over its 24 hours, whoever caused it (work, filler,
// idling, resistance). That is what an operator can check; what an ideal heater used is kept beside
// it for orientation.
#pragma once

#include <optional>
#include <vector>

#include "scheduler/core/capacity.h"
#include "simulator/metrics.h"
#include "simulator/node_plant.h"
#include "simulator/world.h"

namespace hearth::simulator {

class CapacityBook {
 public:
  // Both are used as long as this lives.
  CapacityBook(const World& world, NodePlant& plant);

  // A forecast was made. Counts if it has every zone's day; the zones in order of their names.
  void forecast(const scheduler::CapacityForecast& forecast, TimePoint now);
  // Time went by: closes the day that is over.
  void passed(TimePoint now);

  // Shares over the days that began after the learning period and ended with the days of work;
  // nothing where there are none.
  void fill(Metrics& metrics, Record& record) const;

  static constexpr int kLearningDays = 14;

 private:
  struct Open {
    TimePoint from{};
    scheduler::CapacityForecast forecast;
    std::vector<double> meter_j;  // when it began, of each node
  };
  void close();

  const World& world_;
  NodePlant& plant_;
  std::vector<std::size_t> by_name_;  // zones in order of their names
  std::optional<Open> open_;
  std::vector<Record::CapacityDay> days_;
};

}  // namespace hearth::simulator
