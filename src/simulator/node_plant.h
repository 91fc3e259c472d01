// The computers of one run: what runs in which slot at which speed, what that draws, when it ends.
//
// Knows nothing of rooms or policies. Power is constant between changes, so energy is exact; the
// node's meter integrates the total, the causes are integrated each for itself, and both must
// agree.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "common/time.h"
#include "simulator/building.h"
#include "simulator/end_queue.h"

namespace hearth::simulator {

using SlotIndex = std::uint32_t;
inline constexpr std::uint32_t kNoTask = std::numeric_limits<std::uint32_t>::max();

struct EnergyByCause {
  double attempts_j = 0;  // customers' work, done or lost
  double filler_j = 0;
  double idle_j = 0;  // the computer itself: idle, off, booting
  double resistance_j = 0;

  [[nodiscard]] double sum_j() const { return attempts_j + filler_j + idle_j + resistance_j; }
  EnergyByCause& operator+=(const EnergyByCause& other);
};

enum class NodePower : std::uint8_t { kOff, kBooting, kOn };

class NodePlant {
 public:
  NodePlant(const Scenario& scenario, const Fleet& fleet, NodePower at_start);

  // ---- orders; `now` never runs backwards for a node
  void set_power(std::size_t node, NodePower power, TimePoint now);
  // Begins a task in a free slot of the node; requires one.
  SlotIndex start(std::size_t node, std::uint32_t task, double nominal_s, double speed,
                  TimePoint now);
  void set_speed(SlotIndex slot, double speed, TimePoint now);
  // Ends what runs there, whether done or not; returns the nominal seconds done.
  double stop(SlotIndex slot, TimePoint now);
  void set_filler(std::size_t node, double filler_w, double resistance_w, TimePoint now);
  void set_filler(std::size_t node, double filler_w, TimePoint now);  // resistance as it is
  void set_resistance(std::size_t node, double resistance_w, TimePoint now);
  void set_cap(std::size_t node, double cap_w, TimePoint now);
  // What the node's cooling takes: beyond it the hardware slows down by itself, whatever is
  // ordered.
  void set_cooling(std::size_t node, double cooling_w, TimePoint now);

  // ---- what happens by itself
  // When the next task will be done; TimePoint::max() if none will.
  [[nodiscard]] TimePoint next_end() const;
  struct Ended {
    SlotIndex slot = 0;
    std::uint32_t task = kNoTask;
  };
  // The task due at or before `now`, stopped; nothing if none is.
  std::optional<Ended> take_ended(TimePoint now);

  // ---- what is
  [[nodiscard]] int cores() const { return cores_; }
  [[nodiscard]] SlotIndex first_slot(std::size_t node) const {
    return static_cast<SlotIndex>(node * static_cast<std::size_t>(cores_));
  }
  [[nodiscard]] std::size_t node_of(SlotIndex slot) const {
    return slot / static_cast<SlotIndex>(cores_);
  }
  [[nodiscard]] std::uint32_t task_in(SlotIndex slot) const { return slots_[slot].task; }
  [[nodiscard]] int running(std::size_t node) const { return nodes_[node].running; }
  [[nodiscard]] NodePower power_state(std::size_t node) const { return nodes_[node].power; }
  [[nodiscard]] double power_w(std::size_t node) const { return nodes_[node].total_w; }
  [[nodiscard]] double resistance_w(std::size_t node) const { return nodes_[node].resistance_w; }
  // Nominal seconds of the running task done by `now`.
  [[nodiscard]] double done_s(SlotIndex slot, TimePoint now) const;
  // Settles the node to `now` and returns its cumulative energy; meter_j beside it.
  const EnergyByCause& energy(std::size_t node, TimePoint now);
  [[nodiscard]] double meter_j(std::size_t node) const { return nodes_[node].meter_j; }

 private:
  struct Slot {
    std::uint32_t task = kNoTask;
    double speed = 0;
    double left_s = 0;   // nominal, at `since`
    double total_s = 0;  // nominal
    TimePoint since{};
  };
  struct Node {
    NodePower power = NodePower::kOn;
    std::int8_t running = 0;
    float scale = 1;  // duty cycle under the cap
    double filler_wanted_w = 0, filler_w = 0;
    double resistance_w = 0;
    double cap_w = 1e12;
    double cooling_w = 1e12;
    double attempts_w = 0;
    double total_w = 0;
    double meter_j = 0;
    TimePoint since{};
    EnergyByCause energy;
  };
  void settle(std::size_t node, TimePoint now);
  void settle_slot(Slot& slot, double scale, TimePoint now) const;
  // Power anew from what is ordered; ends anew where the pace changed.
  void refresh(std::size_t node, TimePoint now, std::optional<SlotIndex> changed);
  void schedule(SlotIndex slot, double scale);

  const Fleet& fleet_;
  int cores_;
  double speed_min_;
  double off_w_;
  std::vector<Node> nodes_;
  std::vector<Slot> slots_;
  EndQueue ends_;
};

}  // namespace hearth::simulator
