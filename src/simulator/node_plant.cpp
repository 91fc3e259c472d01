#include "simulator/node_plant.h"

#include <algorithm>
#include <cmath>

#include "common/check.h"

namespace hearth::simulator {

EnergyByCause& EnergyByCause::operator+=(const EnergyByCause& other) {
  attempts_j += other.attempts_j;
  filler_j += other.filler_j;
  idle_j += other.idle_j;
  resistance_j += other.resistance_j;
  return *this;
}

NodePlant::NodePlant(const Scenario& scenario, const Fleet& fleet, NodePower at_start)
    : fleet_(fleet),
      cores_(scenario.node.cores),
      speed_min_(scenario.node.speed_min),
      off_w_(scenario.node.off_w),
      nodes_(fleet.nodes.size()),
      slots_(fleet.nodes.size() * static_cast<std::size_t>(scenario.node.cores)),
      ends_(slots_.size()) {
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    nodes_[i].power = at_start;
    refresh(i, TimePoint{}, std::nullopt);
  }
}

void NodePlant::settle(std::size_t index, TimePoint now) {
  auto& node = nodes_[index];
  if (now == node.since) return;
  const double passed_s = to_seconds(now - node.since);
  node.since = now;
  node.meter_j += node.total_w * passed_s;
  node.energy.attempts_j += node.attempts_w * passed_s;
  node.energy.filler_j += node.filler_w * passed_s;
  node.energy.resistance_j += node.resistance_w * passed_s;
  const double own_w = node.power == NodePower::kOff ? off_w_ : fleet_.nodes[index].idle_w;
  node.energy.idle_j += own_w * passed_s;
}

void NodePlant::settle_slot(Slot& slot, double scale, TimePoint now) const {
  slot.left_s -= slot.speed * scale * to_seconds(now - slot.since);
  slot.left_s = std::max(0.0, slot.left_s);
  slot.since = now;
}

void NodePlant::refresh(std::size_t index, TimePoint now, std::optional<SlotIndex> changed) {
  auto& node = nodes_[index];
  const auto& spec = fleet_.nodes[index];
  const SlotIndex first = first_slot(index);
  double wanted_w = 0;
  for (SlotIndex s = first; s < first + static_cast<SlotIndex>(cores_); ++s) {
    if (slots_[s].task == kNoTask) continue;
    wanted_w += spec.per_core_w * core_power_share(slots_[s].speed, speed_min_);
  }
  const double own_w = node.power == NodePower::kOff ? off_w_ : spec.idle_w;
  // Beyond the cap everything that runs is held back alike, in a duty cycle.
  const double room_w =
      std::max(0.0, std::min({node.cap_w, node.cooling_w, spec.max_w}) - spec.idle_w);
  const float scale = wanted_w > room_w + 1e-6 ? static_cast<float>(room_w / wanted_w) : 1.0F;
  const bool all = scale != node.scale;
  for (SlotIndex s = first; s < first + static_cast<SlotIndex>(cores_); ++s) {
    if (slots_[s].task == kNoTask || (!all && changed != s)) continue;
    settle_slot(slots_[s], static_cast<double>(node.scale), now);
  }
  node.scale = scale;
  for (SlotIndex s = first; s < first + static_cast<SlotIndex>(cores_); ++s) {
    if (slots_[s].task == kNoTask || (!all && changed != s)) continue;
    schedule(s, static_cast<double>(scale));
  }
  node.attempts_w = wanted_w * static_cast<double>(scale);
  const bool on = node.power == NodePower::kOn;
  node.filler_w =
      on ? std::clamp(node.filler_wanted_w, 0.0, room_w - std::min(room_w, node.attempts_w)) : 0;
  node.total_w = own_w + node.attempts_w + node.filler_w + node.resistance_w;
}

void NodePlant::schedule(SlotIndex index, double scale) {
  auto& slot = slots_[index];
  const double pace = slot.speed * scale;
  if (!(pace > 1e-9)) return ends_.remove(index);  // frozen
  const auto in = Duration{static_cast<Duration::rep>(std::ceil(slot.left_s / pace * 1000))};
  ends_.set(index, slot.since + in);
}

void NodePlant::set_power(std::size_t node, NodePower power, TimePoint now) {
  settle(node, now);
  CHECK(power == NodePower::kOn || nodes_[node].running == 0);
  nodes_[node].power = power;
  refresh(node, now, std::nullopt);
}

SlotIndex NodePlant::start(std::size_t node, std::uint32_t task, double nominal_s, double speed,
                           TimePoint now) {
  CHECK(nodes_[node].power == NodePower::kOn);
  settle(node, now);
  SlotIndex index = first_slot(node);
  const SlotIndex end = index + static_cast<SlotIndex>(cores_);
  while (index < end && slots_[index].task != kNoTask) ++index;
  CHECK(index < end);
  auto& slot = slots_[index];
  slot.task = task;
  slot.left_s = slot.total_s = nominal_s;
  slot.speed = speed;
  slot.since = now;
  ++nodes_[node].running;
  refresh(node, now, index);
  return index;
}

void NodePlant::set_speed(SlotIndex index, double speed, TimePoint now) {
  auto& slot = slots_[index];
  CHECK(slot.task != kNoTask);
  const auto node = node_of(index);
  settle(node, now);
  settle_slot(slot, static_cast<double>(nodes_[node].scale), now);
  slot.speed = speed;
  refresh(node, now, index);
}

double NodePlant::stop(SlotIndex index, TimePoint now) {
  auto& slot = slots_[index];
  CHECK(slot.task != kNoTask);
  const auto node = node_of(index);
  settle(node, now);
  settle_slot(slot, static_cast<double>(nodes_[node].scale), now);
  slot.task = kNoTask;
  ends_.remove(index);
  --nodes_[node].running;
  refresh(node, now, std::nullopt);
  return slot.total_s - slot.left_s;
}

void NodePlant::set_filler(std::size_t node, double filler_w, double resistance_w, TimePoint now) {
  settle(node, now);
  nodes_[node].filler_wanted_w = filler_w;
  nodes_[node].resistance_w = resistance_w;
  refresh(node, now, std::nullopt);
}

void NodePlant::set_filler(std::size_t node, double filler_w, TimePoint now) {
  set_filler(node, filler_w, nodes_[node].resistance_w, now);
}

void NodePlant::set_resistance(std::size_t node, double resistance_w, TimePoint now) {
  if (resistance_w == nodes_[node].resistance_w) return;
  set_filler(node, nodes_[node].filler_wanted_w, resistance_w, now);
}

void NodePlant::set_cooling(std::size_t node, double cooling_w, TimePoint now) {
  if (cooling_w == nodes_[node].cooling_w) return;
  settle(node, now);
  nodes_[node].cooling_w = cooling_w;
  refresh(node, now, std::nullopt);
}

void NodePlant::set_cap(std::size_t node, double cap_w, TimePoint now) {
  settle(node, now);
  nodes_[node].cap_w = cap_w;
  refresh(node, now, std::nullopt);
}

TimePoint NodePlant::next_end() const {
  return ends_.empty() ? TimePoint::max() : ends_.top().first;
}

std::optional<NodePlant::Ended> NodePlant::take_ended(TimePoint now) {
  if (next_end() > now) return std::nullopt;
  const SlotIndex index = ends_.top().second;
  auto& slot = slots_[index];
  const Ended ended{index, slot.task};
  slot.left_s = 0;
  slot.since = now;
  (void)stop(index, now);
  return ended;
}

double NodePlant::done_s(SlotIndex index, TimePoint now) const {
  const auto& slot = slots_[index];
  const double scale = static_cast<double>(nodes_[node_of(index)].scale);
  const double done = slot.speed * scale * to_seconds(now - slot.since);
  return slot.total_s - std::max(0.0, slot.left_s - done);
}

const EnergyByCause& NodePlant::energy(std::size_t node, TimePoint now) {
  settle(node, now);
  return nodes_[node].energy;
}

}  // namespace hearth::simulator
