// Policy `first-fit`: blind to heat. The first free slot in the order of nodes, computers always
// on; in slots where nothing else runs a simple thermostat of +-0.5 K runs filler (HEAT section 5).
#include <deque>
#include <set>

#include "simulator/policy.h"

namespace hearth::simulator {
namespace {

constexpr double kHysteresisK = 0.5;

class FirstFit final : public Policy {
 public:
  explicit FirstFit(Stage stage)
      : stage_(stage),
        heating_(stage.world.fleet.nodes.size()),
        tank_rules_(stage.world.fleet.nodes.size()) {
    for (std::size_t node = 0; node < heating_.size(); ++node) free_.insert(node);
  }

  void submitted(std::uint32_t job, TimePoint now) override {
    const auto& spec = stage_.world.work.jobs[job];
    for (std::uint32_t i = 0; i < spec.task_count; ++i) queue_.push_back(spec.first_task + i);
    fill(now);
  }

  void ended(SlotIndex slot, std::uint32_t task, TimePoint now) override {
    stage_.work.finished(task, now);
    free_.insert(stage_.plant.node_of(slot));
    fill(now);
  }

  void sensed(int minute, TimePoint now) override {
    tank_rules_.step(stage_.world.scenario, stage_.world.fleet, stage_.tanks, stage_.plant, minute,
                     now);
    for (std::size_t node = 0; node < heating_.size(); ++node) {
      const double below_k = stage_.below_setpoint_k(node, minute);
      bool heats = heating_[node];
      if (below_k > kHysteresisK) heats = true;
      if (below_k < -kHysteresisK) heats = false;
      if (heats == heating_[node]) continue;
      heating_[node] = heats;
      // The plant leaves filler what customers' work does not take.
      stage_.plant.set_filler(node, heats ? stage_.world.fleet.nodes[node].max_w : 0, now);
    }
  }

  [[nodiscard]] std::size_t waiting() const override { return queue_.size(); }

 private:
  void fill(TimePoint now) {
    while (!queue_.empty() && !free_.empty()) {
      const std::size_t node = *free_.begin();
      const auto task = queue_.front();
      queue_.pop_front();
      const double nominal_s = static_cast<double>(stage_.world.work.nominal_s[task]);
      (void)stage_.plant.start(node, task, nominal_s, 1, now);
      if (stage_.plant.running(node) == stage_.plant.cores()) free_.erase(node);
    }
  }

  Stage stage_;
  std::deque<std::uint32_t> queue_;
  std::set<std::size_t> free_;  // nodes with a free slot
  std::vector<bool> heating_;
  TankRuleSet tank_rules_;
};

}  // namespace

std::unique_ptr<Policy> make_first_fit(Stage stage) {
  return std::make_unique<FirstFit>(stage);
}

}  // namespace hearth::simulator
