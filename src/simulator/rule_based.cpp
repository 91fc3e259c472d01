// Policy `rule-based`: the baseline of HEAT section 5, as a commercial system's public scheduler
// code describes it. Where that leaves room the choice favours the baseline, and says so.
#include <algorithm>
#include <cmath>
#include <set>

#include "simulator/draws.h"
#include "simulator/grouped_queue.h"
#include "simulator/policy.h"

namespace hearth::simulator {
namespace {

using protocol::ServiceClass;

constexpr std::chrono::seconds kUpdate{150};
constexpr int kSteps = 6;  // of frequency, 40 to 100 % of speed
constexpr double kSlowest = 0.4;
constexpr double kBootFromS = 60, kBootToS = 105;

enum class Group : std::uint8_t { kLow, kHigh };

// In kelvin of setpoint - air.
constexpr double kBackgroundStarts = 1, kBackgroundKilled = -1;
constexpr double kLowStarts = -1, kLowKilled = -3;
constexpr double kHighStarts = -4, kHighKilled = -10;
constexpr double kStepUp = 1, kStepDown = -1;

double starts_from(Group group) {
  return group == Group::kHigh ? kHighStarts : kLowStarts;
}

class RuleBased final : public Policy {
 public:
  explicit RuleBased(Stage stage)
      : stage_(stage),
        nodes_(stage.world.fleet.nodes.size()),
        tank_rules_(stage.world.fleet.nodes.size()) {
    buildings_.resize(static_cast<std::size_t>(stage.world.fleet.buildings));
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      buildings_[static_cast<std::size_t>(stage.world.fleet.zones[i].building)].push_back(i);
    }
  }

  void submitted(std::uint32_t job, TimePoint) override {
    const auto& spec = stage_.world.work.jobs[job];
    queue_of(job).add(job, spec.first_task, spec.task_count);
  }

  void ended(SlotIndex slot, std::uint32_t task, TimePoint now) override {
    stage_.work.finished(task, now);
    const auto job = stage_.world.work.job_of[task];
    auto& queue = queue_of(job);
    // A finished task is replaced at once by the next of its job.
    const auto next = queue.take_of(job);
    queue.ended(job);
    const std::size_t node = stage_.plant.node_of(slot);
    if (next) begin(node, *next, now);
    refresh_background(node, now);
  }

  void sensed(int minute, TimePoint now) override {
    minute_ = minute;
    tank_rules_.step(stage_.world.scenario, stage_.world.fleet, stage_.tanks, stage_.plant, minute,
                     now);
  }

  [[nodiscard]] std::optional<TimePoint> next_deadline() const override {
    return boots_.empty() ? next_update_ : std::min(next_update_, boots_.begin()->first);
  }

  void passed(TimePoint now) override {
    while (!boots_.empty() && boots_.begin()->first <= now) {
      const auto node = boots_.begin()->second;
      boots_.erase(boots_.begin());
      booted(node, now);
    }
    if (now < next_update_) return;
    next_update_ = now + kUpdate;
    for (std::size_t node = 0; node < nodes_.size(); ++node) judge(node, now);
    place(Group::kHigh, now);
    place(Group::kLow, now);
    for (std::size_t node = 0; node < nodes_.size(); ++node) refresh_background(node, now);
  }

  [[nodiscard]] std::size_t waiting() const override { return high_.size() + low_.size(); }

 private:
  struct Node {
    double diff_k = 0;
    int step = 0;  // 0: off
    bool background = false;
    std::vector<std::uint32_t> booting_for;  // tasks that wait for the boot
  };

  GroupedQueue& queue_of(std::uint32_t job) { return group_of(job) == Group::kHigh ? high_ : low_; }
  [[nodiscard]] Group group_of(std::uint32_t job) const {
    const bool low = stage_.world.work.jobs[job].service_class == ServiceClass::kFlex;
    return low ? Group::kLow : Group::kHigh;
  }
  static double speed_of(int step) {
    return kSlowest + (1 - kSlowest) * (std::max(1, step) - 1) / (kSteps - 1);
  }
  [[nodiscard]] int free_slots(std::size_t node) const {
    return stage_.plant.cores() - stage_.plant.running(node) -
           static_cast<int>(nodes_[node].booting_for.size());
  }

  void judge(std::size_t index, TimePoint now) {
    auto& node = nodes_[index];
    node.diff_k = stage_.below_setpoint_k(index, minute_);
    if (node.diff_k < kBackgroundKilled) node.background = false;
    if (node.diff_k < kLowKilled) kill(index, Group::kLow, now);
    if (node.diff_k < kHighKilled) kill(index, Group::kHigh, now);
    if (node.diff_k >= kBackgroundStarts) {
      node.background = true;
      boot(index, now);
    }
    const auto power = stage_.plant.power_state(index);
    if (power != NodePower::kOn) return;
    int step = node.step;
    if (node.diff_k >= kStepUp) step = std::min(kSteps, step + 1);
    if (node.diff_k <= kStepDown) step = std::max(0, step - 1);
    // The last step is off, but only of a computer without customers' work (in its favour).
    if (step == 0 && stage_.plant.running(index) > 0) step = 1;
    if (step == node.step) return;
    node.step = step;
    if (step == 0) {
      node.background = false;
      stage_.plant.set_filler(index, 0, now);
      stage_.plant.set_power(index, NodePower::kOff, now);
      return;
    }
    for_slots(index, [&](SlotIndex slot) { stage_.plant.set_speed(slot, speed_of(step), now); });
  }

  template <class Use>
  void for_slots(std::size_t node, Use use) {
    const SlotIndex first = stage_.plant.first_slot(node);
    for (SlotIndex s = first; s < first + static_cast<SlotIndex>(stage_.plant.cores()); ++s) {
      if (stage_.plant.task_in(s) != kNoTask) use(s);
    }
  }

  void kill(std::size_t node, Group group, TimePoint now) {
    for_slots(node, [&](SlotIndex slot) {
      if (group_of(stage_.world.work.job_of[stage_.plant.task_in(slot)]) == group) {
        kill_slot(slot, now);
      }
    });
  }

  void kill_slot(SlotIndex slot, TimePoint now) {
    const auto task = stage_.plant.task_in(slot);
    const auto job = stage_.world.work.job_of[task];
    stage_.work.destroyed(task, stage_.plant.stop(slot, now));
    queue_of(job).killed(job, task);
  }

  void boot(std::size_t index, TimePoint now) {
    if (stage_.plant.power_state(index) != NodePower::kOff) return;
    stage_.plant.set_power(index, NodePower::kBooting, now);
    auto dice = generator(stage_.world.seed, Stream::kBoots,
                          (index << 32) ^ static_cast<std::uint64_t>(minute_));
    boots_.insert({now + from_seconds(uniform(dice, kBootFromS, kBootToS)), index});
  }

  void booted(std::size_t index, TimePoint now) {
    auto& node = nodes_[index];
    stage_.plant.set_power(index, NodePower::kOn, now);
    // One that was started for work begins at full speed (in the baseline's favour).
    node.step = node.booting_for.empty() ? 1 : kSteps;
    for (const auto task : std::exchange(node.booting_for, {})) begin(index, task, now);
    refresh_background(index, now);
  }

  void begin(std::size_t node, std::uint32_t task, TimePoint now) {
    const double nominal_s = static_cast<double>(stage_.world.work.nominal_s[task]);
    (void)stage_.plant.start(node, task, nominal_s, speed_of(nodes_[node].step), now);
  }

  void refresh_background(std::size_t index, TimePoint now) {
    const auto& node = nodes_[index];
    const bool burns = node.background && stage_.plant.power_state(index) == NodePower::kOn;
    // Cpu burn at top speed in every free slot.
    const double filler_w =
        burns ? free_slots(index) * stage_.world.fleet.nodes[index].per_core_w : 0;
    stage_.plant.set_filler(index, filler_w, now);
  }

  // Slots of rooms that want heat first, then of those that admit LOW, then HIGH.
  void place(Group group, TimePoint now) {
    auto& queue = group == Group::kHigh ? high_ : low_;
    for (const double from : {kBackgroundStarts, kLowStarts, kHighStarts}) {
      if (from < starts_from(group)) break;
      auto free = free_by_building(from);
      while (queue.size() > 0) {
        const auto building = fewest(free);
        if (building == buildings_.size()) break;
        const auto node = choose(buildings_[building], group, from);
        assign(node, *queue.take(), now);
        --free[building];
      }
    }
    if (group == Group::kHigh) preempt(now);
  }

  std::vector<int> free_by_building(double from) const {
    std::vector<int> free(buildings_.size());
    for (std::size_t b = 0; b < buildings_.size(); ++b) {
      for (const auto node : buildings_[b]) {
        if (nodes_[node].diff_k >= from) free[b] += free_slots(node);
      }
    }
    return free;
  }

  [[nodiscard]] std::size_t fewest(const std::vector<int>& free) const {
    std::size_t best = free.size();
    for (std::size_t b = 0; b < free.size(); ++b) {
      if (free[b] > 0 && (best == free.size() || free[b] < free[best])) best = b;
    }
    return best;
  }

  // HIGH goes to the coolest heater of the building, LOW to the warmest admissible.
  [[nodiscard]] std::size_t choose(const std::vector<std::size_t>& building, Group group,
                                   double from) const {
    std::size_t best = nodes_.size();
    for (const auto node : building) {
      const double diff_k = nodes_[node].diff_k;
      if (free_slots(node) <= 0 || diff_k < from) continue;
      const bool better =
          best == nodes_.size() ||
          (group == Group::kHigh ? diff_k > nodes_[best].diff_k : diff_k < nodes_[best].diff_k);
      if (better) best = node;
    }
    return best;
  }

  void assign(std::size_t node, std::uint32_t task, TimePoint now) {
    boot(node, now);
    if (stage_.plant.power_state(node) == NodePower::kOn) {
      begin(node, task, now);
    } else {
      nodes_[node].booting_for.push_back(task);
    }
  }

  // Only across groups: HIGH takes the slots of LOW where no other is left.
  void preempt(TimePoint now) {
    for (std::size_t node = 0; node < nodes_.size() && high_.size() > 0; ++node) {
      if (nodes_[node].diff_k < kHighStarts) continue;
      for_slots(node, [&](SlotIndex slot) {
        const auto job = stage_.world.work.job_of[stage_.plant.task_in(slot)];
        if (high_.size() == 0 || group_of(job) != Group::kLow) return;
        kill_slot(slot, now);
        begin(node, *high_.take(), now);
      });
    }
  }

  Stage stage_;
  std::vector<Node> nodes_;
  std::vector<std::vector<std::size_t>> buildings_;
  GroupedQueue high_, low_;
  TankRuleSet tank_rules_;
  std::set<std::pair<TimePoint, std::size_t>> boots_;
  TimePoint next_update_{};
  int minute_ = 0;
};

}  // namespace

std::unique_ptr<Policy> make_rule_based(Stage stage) {
  return std::make_unique<RuleBased>(stage);
}

}  // namespace hearth::simulator
