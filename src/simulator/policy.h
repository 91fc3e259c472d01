// The seam between a world and what controls it. The engine calls; a policy answers by orders to
// the plant. All calls come from one thread, in order of time.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "simulator/node_plant.h"
#include "simulator/rooms.h"
#include "simulator/tank_rules.h"
#include "simulator/tanks.h"
#include "simulator/work_book.h"
#include "simulator/world.h"

namespace hearth::simulator {

// What a policy may touch and see.
struct Stage {
  const World& world;
  NodePlant& plant;
  Rooms& rooms;
  Tanks& tanks;
  WorkBook& work;

  // Setpoint less what is sensed; a tank by its mean and tank_setpoint_c().
  [[nodiscard]] double below_setpoint_k(std::size_t zone, int minute) const {
    if (tanks.has(zone)) {
      return tank_setpoint_c(world.scenario) - tanks.sensed_mean_c(zone, minute);
    }
    return rooms.people(zone).setpoint_c - rooms.sensed_c(zone, minute);
  }
};

class Policy {
 public:
  virtual ~Policy() = default;
  virtual void begin(TimePoint) {}
  virtual void submitted(std::uint32_t job, TimePoint now) = 0;
  // A task ran to its end; its slot is free already.
  virtual void ended(SlotIndex slot, std::uint32_t task, TimePoint now) = 0;
  // A minute is over: sensors may be read.
  virtual void sensed(int minute, TimePoint now) = 0;
  // When passed() wants to be called, if nothing else happens first.
  [[nodiscard]] virtual std::optional<TimePoint> next_deadline() const { return std::nullopt; }
  virtual void passed(TimePoint) {}
  // T_ref in force.
  [[nodiscard]] virtual double reference_c(std::size_t, double setpoint_c) const {
    return setpoint_c;
  }
  [[nodiscard]] virtual std::size_t waiting() const = 0;  // tasks
  virtual void finish(Metrics&, Record&) {}               // figures of its own
};

inline constexpr const char* kPolicyNames[] = {"ideal", "first-fit", "rule-based", "thermostat",
                                               "hearth"};

std::unique_ptr<Policy> make_first_fit(Stage stage);
std::unique_ptr<Policy> make_rule_based(Stage stage);

}  // namespace hearth::simulator
